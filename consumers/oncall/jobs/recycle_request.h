// Asking the worker's own queue for a recycle.
#pragma once

#include "aws/sqs.h"
#include "consumers/oncall/job.h"
#include "messages/message.h"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace consumers::oncall {

// The message's id. `queue`: name or URL.
boost::asio::awaitable<base::Result<std::string>> send_recycle_request(
    aws::Sqs& sqs, base::Clock& clock, std::string queue, messages::RecycleRequest recycle,
    Request request);

}  // namespace consumers::oncall
