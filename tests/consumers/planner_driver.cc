#include "tests/consumers/planner_driver.h"

#include <algorithm>

namespace consumers::recycle {
namespace {

constexpr int kTurnsMax = 20'000;

// What holds for every mutation, whatever came before it.
std::string check(const Scenario& scenario, const LaggyGroup& group, const Mutate& mutate,
                  const std::optional<Journal>& journalled, bool was_first, base::TimePoint now) {
  const auto* write = std::get_if<WriteJournal>(&mutate.action);
  const bool writes = write != nullptr;
  // Decided once, within the window; a new template in between does not ask again.
  const bool culls = journalled && (journalled->phase == Phase::kCull || journalled->committed);
  if (write && write->journal.phase == Phase::kCull && !culls &&
      scenario.policy.strategy == Strategy::kOutInTimed &&
      check_window(scenario.policy.window, now)->wait) {
    return "the old ones go while the window is shut";
  }
  const auto* terminate = std::get_if<TerminateInstance>(&mutate.action);
  if (terminate && journalled && !journalled->undo && group.is_serving(terminate->instance) &&
      group.serving() - 1 < floor_of(scenario)) {
    return "goes below the floor: " + describe(mutate.action);
  }
  if (was_first && !writes) return "the first mutation is not the journal";
  if (!journalled && !writes) return "a mutation without a journal: " + describe(mutate.action);
  return {};
}

int suspensions(const Snapshot& snapshot, std::string_view process) {
  return static_cast<int>(std::count_if(
      snapshot.group.suspended_processes.begin(), snapshot.group.suspended_processes.end(),
      [&](const auto& suspended) { return suspended.name == process; }));
}

// Others meddle, once the run holds the bounds and until it gives them back.
void disturb(LaggyGroup& group, base::Random& random, const Drive& run) {
  const auto journal = journal_from_tags(group.look().group.tags);
  if (!journal || !*journal || (*journal)->phase == Phase::kRestore) return;
  const auto holds_bounds = [](const std::string& action) {
    return action.starts_with("UpdateAutoScalingGroup");
  };
  if (std::none_of(run.actions.begin(), run.actions.end(), holds_bounds)) return;
  if (random.chance(0.05)) group.alarm(-1);
  if (random.chance(0.05)) group.fail_somebody();
}

// From the start until AZRebalance is given back: what AWS does then is not the run's doing.
bool holds_capacity(const Snapshot& snapshot, const std::optional<Journal>& journal,
                    const Drive& run) {
  if (!journal) return run.actions.empty();
  return journal->phase != Phase::kRestore || suspensions(snapshot, "AZRebalance") > 0;
}

}  // namespace

int floor_of(const Scenario& scenario) {
  const int size = scenario.start.group.desired_capacity;
  return scenario.policy.strategy == Strategy::kInOut ? std::max(0, size - 1) : size;
}

Drive drive(const Scenario& scenario) {
  base::Random random(scenario.seed);
  LaggyGroup group(scenario.start, random);
  if (scenario.launches_fail) group.break_launches(0.5);
  base::TimePoint now = kNow;
  Drive run;
  for (int turn = 0; turn < kTurnsMax; ++turn) {
    now += std::chrono::seconds(5 + random.below(25));
    group.tick(now);
    if (scenario.disturbed) disturb(group, random, run);
    if (scenario.others && !run.actions.empty()) scenario.others(group, turn);
    if (turn == scenario.new_template_at) group.touch().target.launch_templates = {version(8)};
    run.most_interfaces = std::max(run.most_interfaces, group.interfaces());
    const auto journal = journal_from_tags(group.look().group.tags);
    if (!journal) {
      run.violation = journal.error().to_string();
      break;
    }
    if (holds_capacity(group.look(), *journal, run)) {
      run.lowest_serving = std::min(run.lowest_serving, group.serving());
    }
    const Step step = next(group.look(), *journal, scenario.policy, scenario.context, now);
    if (const auto* wait = std::get_if<Wait>(&step)) {
      if (wait->not_before) now = std::max(now, *wait->not_before);
      if (run.waits.empty() || run.waits.back() != wait->why) run.waits.push_back(wait->why);
      continue;
    }
    const auto* mutate = std::get_if<Mutate>(&step);
    if (!mutate) {
      run.end = step;
      break;
    }
    if (scenario.crashes && random.chance(0.15)) continue;  // died before the call
    run.violation = check(scenario, group, *mutate, *journal, run.actions.empty(), now);
    if (!run.violation.empty()) break;
    const auto done = group.carry_out(mutate->action);
    if (!done) {
      run.violation = describe(mutate->action) + " refused: " + done.error().message;
      break;
    }
    if (holds_capacity(group.look(), *journal, run)) {
      run.lowest_serving = std::min(run.lowest_serving, group.serving());
    }
    run.actions.push_back(describe(mutate->action));
    if (const auto* terminate = std::get_if<TerminateInstance>(&mutate->action)) {
      run.victims.insert(terminate->instance.value);
    }
    if (const auto ended = ends_with(mutate->action)) {
      run.end = *ended;
      break;
    }
  }
  run.last = group.look();
  run.ended_at = now;
  return run;
}

void expect_restored(const Snapshot& start, const Snapshot& last, int desired) {
  RC_ASSERT(last.group.min_size == start.group.min_size);
  RC_ASSERT(last.group.max_size == start.group.max_size);
  RC_ASSERT(last.group.desired_capacity == desired);
  for (const char* process : {"AZRebalance", "AlarmNotification", "Launch"}) {
    RC_ASSERT(suspensions(last, process) == suspensions(start, process));
  }
  RC_ASSERT(last.group.tags == start.group.tags);
  for (const auto& instance : last.group.instances) {
    if (is_leaving(instance)) continue;
    const bool guarded = instance.id.value.starts_with("i-guarded");
    RC_ASSERT(instance.protected_from_scale_in == guarded);
  }
}

namespace {

Strategy any_strategy() {
  return *rc::gen::element(Strategy::kOutIn, Strategy::kOutInTimed, Strategy::kInOut);
}

}  // namespace

Scenario any_scenario() {
  Scenario scenario;
  GroupOptions options;
  options.old_count = *rc::gen::inRange(0, 21);
  options.new_count = *rc::gen::inRange(0, 21 - options.old_count);
  options.zones = *rc::gen::inRange(1, 4);
  const int size = options.old_count + options.new_count;
  options.min_size = *rc::gen::inRange(0, size + 1);
  options.max_size = size + *rc::gen::inRange(0, 2 * size + 2);
  scenario.start = make_snapshot(options);
  for (const char* process : {"AZRebalance", "AlarmNotification"}) {
    if (*rc::gen::arbitrary<bool>()) {
      scenario.start.group.suspended_processes.push_back(
          {.name = process, .reason = "User suspended at 2026-01-01T00:00:00Z"});
    }
  }
  scenario.policy = make_policy(any_strategy());
  if (scenario.policy.strategy == Strategy::kOutInTimed) {
    // Long enough that a look, one every few seconds, falls into it.
    const std::chrono::seconds start(*rc::gen::inRange(0, 86'400));
    const std::chrono::seconds length(*rc::gen::inRange(60, 86'400));
    scenario.policy.window.allowed = TimeRange{.start = start, .end = (start + length) % 86'400};
  }
  scenario.context.ready_timeout = std::chrono::hours(100);
  scenario.context.terminate_timeout = std::chrono::hours(100);
  scenario.seed = *rc::gen::arbitrary<std::uint32_t>();
  scenario.crashes = *rc::gen::arbitrary<bool>();
  return scenario;
}

bool has_old(const Snapshot& snapshot) {
  const auto& instances = snapshot.group.instances;
  return std::any_of(instances.begin(), instances.end(),
                     [&](const auto& one) { return is_old(snapshot, one, std::nullopt); });
}

void log_run(const Scenario& scenario, const Drive& run) {
  const aws::AutoScalingGroup& group = scenario.start.group;
  RC_LOG() << "seed " << scenario.seed << ", min " << group.min_size << ", desired "
           << group.desired_capacity << ", max " << group.max_size << ", "
           << to_string(scenario.policy.strategy) << (scenario.crashes ? ", crashes" : "") << "\n";
  for (const auto& action : run.actions) RC_LOG() << action << "\n";
  RC_LOG() << line(run.end) << "\n" << run.violation << "\n";
}

}  // namespace consumers::recycle
