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
                   with_ids({{"group", group},
                             {"number", ++number},
                             {"step", planned.what},
                             {"why", planned.why}}));
  }
  observe(view, "finished", "dry run");
  co_return Done{fmt::format("group {}: dry run: planned {} steps, changed nothing", group, number),
                 {}};
}

base::LogFields Run::with_ids(base::LogFields fields) const {
  fields.emplace_back("message_id", message_id_);
  if (!trace_id_.empty()) fields.emplace_back("trace_id", trace_id_);
  return fields;
}

void Run::describe_step(base::ActiveSpan& span, const View& view, const Action& action) const {
  if (!span) return;
  span.name("recycle." + operation_name(action));
  span.add("autorecycle.group", request_.group.value);
  span.add("autorecycle.run", run_id(view));
  const std::string_view strategy = view.journal ? to_string(view.journal->strategy) : strategy_;
  span.add("autorecycle.strategy", std::string(strategy));
  span.add("autorecycle.phase",
           view.journal ? std::string(to_string(view.journal->phase)) : "preflight");
  span.add("autorecycle.step", describe(action));
}

// How much more serves than the strategy's floor; none while no run is under way.
std::optional<int> Run::margin(const View& view) {
  if (!view.journal) return std::nullopt;
  int ready = 0;
  for (const aws::GroupInstance& instance : view.snapshot.group.instances) {
    const bool counts = !is_leaving(instance) && !is_standby(instance);
    if (counts && is_ready(view.snapshot, instance))
      ready += std::max(1, instance.weighted_capacity);
  }
  const bool one_out = view.journal->strategy == Strategy::kInOut;
  const int floor = view.journal->wanted() - (one_out ? view.journal->victim_units : 0);
  return ready - std::max(0, floor);
}

void Run::observe(const View& view, std::string phase, std::string step, Moment moment,
                  const Wait* wait) {
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
  if (wait != nullptr) {
    progress.until = wait->not_before;
    progress.deadline = wait->deadline;
    progress.waits_for = to_string(wait->what);
  }
  progress.margin = margin(view);
  if (view.journal) progress.started = view.journal->started_at;
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
