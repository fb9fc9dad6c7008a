#include "consumers/recycle/claim.h"
#include "consumers/recycle/consumer.h"
#include "consumers/recycle/plan_now.h"
#include "consumers/recycle/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace consumers::recycle {

namespace {

base::Error no_such_group(const base::GroupName& group) {
  return {
      base::ErrorKind::kNotFound,
      "GroupNotFound",
      fmt::format("Auto Scaling group {} does not exist in this account and region", group.value),
      {}};
}

RunContext context_of(Services services, const Config& config, const PolicyOverrides& overrides) {
  RunContext context;
  context.run_id = "plan";
  if (overrides.force) context.force_before = services.clock.now();
  context.ready_timeout = config.ready_timeout;
  context.terminate_timeout = config.terminate_timeout;
  return context;
}

bool changes_something(const std::vector<PlannedStep>& steps) {
  return !steps.empty() && steps.front().operation != "finished" &&
         steps.front().operation != "abort";
}

// A run claims the group as soon as it has something to change, and no sooner.
std::vector<PlannedStep> with_claim(std::vector<PlannedStep> steps) {
  const auto first =
      std::ranges::find_if(steps, [](const PlannedStep& step) { return step.operation != "wait"; });
  if (first == steps.end() || first->operation == "finished" || first->operation == "abort") {
    return steps;
  }
  steps.insert(first, {"CreateOrUpdateTags", std::string(kClaiming), std::string(kClaimingWhy)});
  return steps;
}

}  // namespace

boost::asio::awaitable<base::Result<std::vector<PlannedStep>>> plan_now(
    Services services, Snapshot snapshot, std::optional<Journal> journal, Policy policy,
    RunContext context) {
  const base::TimePoint now = services.clock.now();
  auto steps = plan(snapshot, journal, policy, context, now);
  if (journal || !steps || !changes_something(*steps)) co_return steps;
  const auto looked = co_await read_refresh(services, snapshot);
  if (!looked) co_return looked.error();
  if (snapshot.instance_refresh) {
    steps = plan(std::move(snapshot), std::nullopt, policy, context, now);
    if (!steps) co_return steps;
  }
  co_return with_claim(*std::move(steps));
}

boost::asio::awaitable<base::Result<PlanReport>> plan_group(Services services, Config config,
                                                            base::GroupName group,
                                                            PolicyOverrides overrides) {
  const auto snapshot = co_await read_snapshot(services, group);
  if (!snapshot) co_return snapshot.error().while_doing("looking at group " + group.value);
  if (!*snapshot) co_return no_such_group(group);
  const auto& tags = (*snapshot)->group.tags;
  const auto journal = journal_from_tags(tags);
  if (!journal) co_return journal.error();
  if (*journal) {  // a run is under way: the plan is how it goes on
    overrides.strategy = to_string((*journal)->strategy);
    overrides.force = overrides.force || (*journal)->force_before.has_value();
  }
  const auto policy =
      read_policy(group.value, tags, overrides, config.default_window, config.gates);
  if (!policy) co_return policy.error();

  PlanReport report;
  report.group = group.value;
  report.target = (*snapshot)->target.describe();
  if (const auto* not_recyclable = std::get_if<NotRecyclable>(&*policy)) {
    report.not_recyclable = not_recyclable->reason;
    co_return report;
  }
  const Policy& wanted = std::get<Policy>(*policy);
  report.strategy = wanted.strategy_name;
  if (!wanted.step_function_name.empty() && !*journal) {
    report.steps.push_back({"StartExecution", "StartExecution " + wanted.step_function_name,
                            fmt::format("tag {} is set", kTagStepFunction)});
    co_return report;
  }
  auto steps = co_await plan_now(services, **snapshot, *journal, wanted,
                                 context_of(services, config, overrides));
  if (!steps) co_return steps.error();
  report.steps = *std::move(steps);
  co_return report;
}

}  // namespace consumers::recycle
