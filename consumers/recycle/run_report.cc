// Run: what it tells, and the runs that change nothing themselves.
#include "base/log.h"
#include "consumers/recycle/notify/address.h"
#include "consumers/recycle/outcome.h"
#include "consumers/recycle/plan_now.h"
#include "consumers/recycle/run.h"
#include "consumers/recycle/step_function.h"

#include <fmt/format.h>

#include <algorithm>

namespace consumers::recycle {
namespace {

constexpr const char* kLogger = "consumers";

}  // namespace

boost::asio::awaitable<Run::Turn> Run::delegate(View view, Policy policy) {
  const auto& instances = view.snapshot.group.instances;
  const bool drifted = std::ranges::any_of(instances, [&](const aws::GroupInstance& instance) {
    return is_old(view.snapshot, instance, context(view).force_before);
  });
  if (!drifted) {
    co_return Done{fmt::format("group {}: no instance is old, state machine {} not started",
                               request_.group.value, policy.step_function_name),
                   {}};
  }
  const auto started = co_await start_step_function(services_, config_, request_.group, policy,
                                                    request_.requested_at);
  if (!started) co_return verdict_of(started.error());
  observe(view, "finished", "started " + *started);
  co_return Done{fmt::format("group {}: started execution {}", request_.group.value, *started), {}};
}

boost::asio::awaitable<Run::Turn> Run::rehearse(View view, Policy policy) {
  const std::string& group = request_.group.value;
  if (!policy.step_function_name.empty() && !view.journal) {
    co_return Done{fmt::format("group {}: dry run: state machine {} would be started", group,
                               policy.step_function_name),
                   {}};
  }
  const auto steps =
      co_await plan_now(services_, view.snapshot, view.journal, policy, context(view));
  if (!steps) {
    co_return Poison{fmt::format("group {}: dry run: {}", group, steps.error().message), "refused"};
  }
  int number = 0;
  for (const PlannedStep& planned : *steps) {
    base::log_info(kLogger, "planned step",
                   {{"group", group},
                    {"number", ++number},
                    {"step", planned.what},
                    {"why", planned.why},
                    {"message_id", message_id_}});
  }
  observe(view, "finished", "dry run");
  co_return Done{fmt::format("group {}: dry run: planned {} steps, changed nothing", group, number),
                 {}};
}

void Run::observe(const View& view, std::string phase, std::string step, Moment moment,
                  std::optional<base::TimePoint> until, std::optional<base::TimePoint> deadline) {
  if (view.journal && !view.journal->failure.empty()) needs_person_ = !view.journal->undo;
  if (!observer_) return;
  Progress progress;
  address(progress, view.snapshot.group);
  progress.moment = moment;
  // The journal goes before the end is told.
  if (view.journal) run_under_way_ = view.journal->run_id;
  progress.run_id = run_under_way_.empty() ? run_id(view) : run_under_way_;
  progress.target = view.snapshot.target.describe();
  progress.needs_person = moment == Moment::kFailed && needs_person_;
  progress.until = until;
  progress.deadline = deadline;
  progress.strategy = view.journal ? to_string(view.journal->strategy) : strategy_;
  progress.phase = std::move(phase);
  progress.step = std::move(step);
  const auto force_before = context(view).force_before;
  for (const aws::GroupInstance& instance : view.snapshot.group.instances) {
    const bool old = is_old(view.snapshot, instance, force_before);
    progress.old_instances += old ? 1 : 0;
    progress.new_ready += !old && is_ready(view.snapshot, instance) ? 1 : 0;
    progress.in_service += instance.lifecycle_state == "InService" ? 1 : 0;
  }
  observer_(progress);
}

}  // namespace consumers::recycle
