// Executor: carries out one Action by its API call, and tells when its effect can be seen.
#pragma once

#include "consumers/recycle/action.h"
#include "consumers/recycle/consumer.h"
#include "consumers/recycle/snapshot.h"

#include <boost/asio/awaitable.hpp>

namespace consumers::recycle {

// Success also when AWS says that the effect is already there: an instance that is gone or on its
// way out. `group` is the group as last read: it names the group and the journal's tags. Neither it
// nor the action need outlive the call that returns the awaitable.
boost::asio::awaitable<base::Result<void>> execute(Services services,
                                                   const aws::AutoScalingGroup& group,
                                                   const Action& action);

// Whether `now` shows what `action` did to `before`. Reads may lag behind writes, so the next
// decision waits for this (for a bounded time). A value that reads neither as before nor as set was
// changed by somebody else meanwhile, which proves that the read is newer.
bool is_visible(const Action& action, const aws::AutoScalingGroup& before,
                const aws::AutoScalingGroup& now);

}  // namespace consumers::recycle
