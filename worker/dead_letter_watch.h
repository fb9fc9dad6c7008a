// How many letters each dead-letter queue holds, asked for once a minute, for the metrics. Their
// age is CloudWatch's ApproximateAgeOfOldestMessage: SQS does not tell it.
#pragma once

#include "worker/context.h"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <utility>
#include <vector>

namespace worker {

inline constexpr base::Duration kDeadLetterWatch = std::chrono::minutes(1);

// Until it is cancelled. `queues`: roles and their dead-letter queues. What cannot be read keeps
// its last value.
boost::asio::awaitable<void> watch_dead_letters(
    Context& context, std::vector<std::pair<std::string, base::QueueUrl>> queues);

}  // namespace worker
