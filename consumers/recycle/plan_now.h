// plan_now: what a run would do if it began, or went on, at this moment.
#pragma once

#include "consumers/recycle/consumer.h"
#include "consumers/recycle/model.h"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <vector>

namespace consumers::recycle {

// plan() (model.h), which begins with what a run looks at last. Changes nothing.
boost::asio::awaitable<base::Result<std::vector<PlannedStep>>> plan_now(
    Services services, Snapshot snapshot, std::optional<Journal> journal, Policy policy,
    RunContext context);

}  // namespace consumers::recycle
