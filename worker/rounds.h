// Rounds: work that no message asks for is looked for at start and every so often; what is found is
// sent to its queue like everything else that is to be done.
#pragma once

#include "consumers/consumer.h"
#include "worker/context.h"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <string>

namespace worker {

// Until it is cancelled. The first round comes after a moment, each further one after
// rounds.interval(), a quarter more or less, so that workers that were started together do not stay
// together. References outlive it.
boost::asio::awaitable<void> make_rounds(Context& context, consumers::Rounds& rounds,
                                         std::map<std::string, QueueTarget> routes);

}  // namespace worker
