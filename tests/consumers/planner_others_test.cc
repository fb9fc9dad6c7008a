// What others do during a run, and what operators ask for: properties of whole runs.
#include "consumers/recycle/control.h"
#include "tests/consumers/planner_driver.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>

namespace consumers::recycle {
namespace {

Scenario patient_scenario() {
  Scenario scenario = any_scenario();
  scenario.policy.window = {};
  RC_PRE(has_old(scenario.start));
  return scenario;
}

bool is_old_name(const std::string& id) { return id.starts_with("i-old"); }

RC_GTEST_PROP(Others, ScaleOutsStay, ()) {
  Scenario scenario = patient_scenario();
  const int at = *rc::gen::inRange(1, 60);
  const auto added = std::make_shared<int>(0);
  scenario.others = [at, added](LaggyGroup& group, int turn) {
    const auto journal = journal_from_tags(group.look().group.tags).value();
    const int before = group.look().group.desired_capacity;
    if (turn != at || !journal) return;
    // About to be raised: between this and the next call it cannot be told who raised it.
    if (journal->desired_goal > 0 && journal->desired_goal != before) return;
    group.alarm(1);
    *added = group.look().group.desired_capacity - before;
  };
  const Drive run = drive(scenario);
  log_run(scenario, run);
  RC_ASSERT(run.violation == "");
  RC_ASSERT(std::holds_alternative<Finished>(run.end));
  const int wanted = scenario.start.group.desired_capacity + *added;
  for (const std::string& victim : run.victims) {
    RC_ASSERT(is_old_name(victim) || wanted > scenario.start.group.max_size);
  }
  RC_ASSERT(run.last.group.desired_capacity <= wanted);
  RC_ASSERT(run.last.group.desired_capacity >= std::min(wanted, scenario.start.group.max_size));
}

RC_GTEST_PROP(Others, ADeathThatAwsReplacesLeavesTheGroupNoLarger, ()) {
  Scenario scenario = patient_scenario();
  scenario.crashes = false;
  const int at = *rc::gen::inRange(1, 80);
  const bool old = *rc::gen::arbitrary<bool>();
  scenario.others = [at, old](LaggyGroup& group, int turn) {
    const auto journal = journal_from_tags(group.look().group.tags).value();
    // Between naming an instance and its termination, a turn, it cannot be told who did it.
    if (turn != at || !journal || !journal->victims.empty() || !journal->victim.empty()) return;
    group.kill(old ? "i-old" : "i-launched");
  };
  const Drive run = drive(scenario);
  log_run(scenario, run);
  RC_ASSERT(run.violation == "");
  RC_ASSERT(std::holds_alternative<Finished>(run.end));
  expect_restored(scenario.start, run.last);
  RC_ASSERT(!has_old(run.last));
}

RC_GTEST_PROP(Others, AnOperatorsBoundsStay, ()) {
  Scenario scenario = patient_scenario();
  const int at = *rc::gen::inRange(1, 60);
  const int extra = *rc::gen::inRange(1, 5);
  const auto edited = std::make_shared<bool>(false);
  const int high = 3 * scenario.start.group.max_size + 5 + extra;  // never a value of the run's own
  scenario.others = [at, high, edited](LaggyGroup& group, int turn) {
    const auto journal = journal_from_tags(group.look().group.tags).value();
    if (turn != at || !journal) return;
    *edited = group.carry_out(SetBounds{{}, high, {}}).has_value();
  };
  const Drive run = drive(scenario);
  log_run(scenario, run);
  RC_ASSERT(run.violation == "");
  RC_ASSERT(std::holds_alternative<Finished>(run.end));
  Snapshot expected = scenario.start;
  if (*edited) expected.group.max_size = high;
  expect_restored(expected, run.last);
}

RC_GTEST_PROP(Limit, IsKeptAndTheFloorToo, ()) {
  Scenario scenario = patient_scenario();
  scenario.policy.strategy = Strategy::kOutIn;
  const aws::AutoScalingGroup& group = scenario.start.group;
  scenario.policy.max_size_limit = group.desired_capacity + *rc::gen::inRange(1, 4);
  scenario.start.group.max_size = group.desired_capacity;
  const auto largest = std::make_shared<int>(0);
  scenario.others = [largest](LaggyGroup& seen, int) {
    *largest = std::max({*largest, seen.present(), seen.look().group.max_size});
  };
  const Drive run = drive(scenario);
  log_run(scenario, run);
  RC_ASSERT(run.violation == "");
  RC_ASSERT(std::holds_alternative<Finished>(run.end));
  RC_ASSERT(run.lowest_serving >= floor_of(scenario));
  RC_ASSERT(*largest <= *scenario.policy.max_size_limit);
  for (const std::string& victim : run.victims) RC_ASSERT(is_old_name(victim));
  expect_restored(scenario.start, run.last);
  RC_ASSERT(!has_old(run.last));
}

TEST(Limit, RefusesWhereNothingFitsBeside) {
  Policy policy = make_policy(Strategy::kOutIn);
  policy.max_size_limit = 4;
  const Step step =
      next(make_snapshot({.old_count = 4, .max_size = 4}), {}, policy, make_context(), kNow);
  EXPECT_EQ(line(step),
            "abort: there is no room for a new instance beside the old ones: desired is 4, max is "
            "4 and autorecycle_max_size_limit allows 4; raise that or use in-out");
}

// Instances of weight 2 and 3 mixed; AWS may have launched more than was asked for.
RC_GTEST_PROP(Weights, AreCountedInsteadOfInstances, ()) {
  Scenario scenario = patient_scenario();
  scenario.crashes = false;
  aws::AutoScalingGroup& group = scenario.start.group;
  const int weight = *rc::gen::inRange(2, 5);
  for (auto& instance : group.instances) instance.weighted_capacity = weight;
  const int units = weight * static_cast<int>(group.instances.size());
  group.min_size *= weight;
  group.max_size *= weight;
  group.desired_capacity = units;
  aws::MixedInstancesPolicy mixed;
  mixed.overrides.push_back({.instance_type = "m5.large", .weighted_capacity = weight});
  group.mixed_instances_policy = mixed;
  const auto planned = plan(scenario.start, std::nullopt, scenario.policy, scenario.context, kNow);
  RC_ASSERT(planned.has_value());
  RC_ASSERT(planned->back().operation == "finished");
  int terminated = 0;
  for (const PlannedStep& step : *planned) {
    terminated += step.operation == "TerminateInstanceInAutoScalingGroup" ? 1 : 0;
  }
  RC_ASSERT(terminated == std::count_if(group.instances.begin(), group.instances.end(),
                                        [](const auto& one) { return is_old_name(one.id.value); }));
}

void set_control(LaggyGroup& group, const char* value) {
  group.touch().group.tags[std::string(kTagControl)] = value;
}

RC_GTEST_PROP(Operator, CancelsAtAnyTurnAndEndsInTheOriginalState, ()) {
  Scenario scenario = patient_scenario();
  const int at = *rc::gen::inRange(0, 80);
  const bool restore = *rc::gen::arbitrary<bool>();
  scenario.start.group.launch_template = version(7);
  scenario.others = [at, restore](LaggyGroup& group, int turn) {
    if (turn != at || !journal_from_tags(group.look().group.tags).value()) return;
    set_control(group, restore ? "cancel-restore" : "cancel");
  };
  const Drive run = drive(scenario);
  log_run(scenario, run);
  RC_ASSERT(run.violation == "");
  RC_ASSERT(run.lowest_serving >= floor_of(scenario));
  const auto* abort = std::get_if<Abort>(&run.end);
  if (abort != nullptr) RC_ASSERT(abort->cancelled);
  expect_restored(scenario.start, run.last);
  if (abort == nullptr || !restore || scenario.policy.strategy == Strategy::kInOut) return;
  // Before the point of no return nothing old has gone; after it everything is old again.
  for (const auto& one : run.last.group.instances) {
    if (is_leaving(one)) continue;
    RC_ASSERT(one.launch_template->version == "6" || one.id.value.starts_with("i-kept"));
  }
}

RC_GTEST_PROP(Operator, PausesForADayAndGoesOn, ()) {
  Scenario scenario = patient_scenario();
  scenario.context.ready_timeout = std::chrono::hours(10);  // shorter than the pause
  scenario.context.terminate_timeout = std::chrono::hours(10);
  const int at = *rc::gen::inRange(1, 60);
  const auto looks = std::make_shared<int>(0);
  const auto lowest = std::make_shared<int>(1'000);
  scenario.others = [at, looks, lowest](LaggyGroup& group, int turn) {
    const auto journal = journal_from_tags(group.look().group.tags).value();
    if (turn == at && journal) set_control(group, "pause");
    if (!journal || !journal->paused_at) return;
    *lowest = std::min(*lowest, group.serving());
    if (++*looks == 300) group.touch().group.tags.erase(std::string(kTagControl));
  };
  const Drive run = drive(scenario);
  log_run(scenario, run);
  RC_ASSERT(run.violation == "");
  RC_ASSERT(std::holds_alternative<Finished>(run.end));
  RC_ASSERT(run.lowest_serving >= floor_of(scenario));
  expect_restored(scenario.start, run.last);
  RC_ASSERT(!has_old(run.last));
}

RC_GTEST_PROP(Operator, RollsBackToAnEarlierVersionWithTheSameGuarantees, ()) {
  Scenario scenario = patient_scenario();
  aws::AutoScalingGroup& group = scenario.start.group;
  group.launch_template = version(7);
  scenario.policy.rollback_to = "6";
  RC_PRE(std::any_of(group.instances.begin(), group.instances.end(),
                     [](const auto& one) { return one.launch_template->version != "6"; }));
  const Drive run = drive(scenario);
  log_run(scenario, run);
  RC_ASSERT(run.violation == "");
  RC_ASSERT(std::holds_alternative<Finished>(run.end));
  RC_ASSERT(run.lowest_serving >= floor_of(scenario));
  RC_ASSERT(run.last.group.launch_template->version == "6");
  for (const auto& one : run.last.group.instances) {
    if (is_leaving(one)) continue;
    RC_ASSERT(one.launch_template->version == "6");
  }
  expect_restored(scenario.start, run.last);
}

RC_GTEST_PROP(Protection, OfOthersStaysAndOursGoes, ()) {
  Scenario scenario = patient_scenario();
  scenario.policy.strategy = Strategy::kOutIn;
  scenario.policy.protected_instances = SetAside::kSkip;
  auto& instances = scenario.start.group.instances;
  for (auto& one : instances) {
    if (!*rc::gen::arbitrary<bool>()) continue;
    const base::InstanceId id("i-guarded" + one.id.value);
    scenario.start.facts[id] = scenario.start.facts[one.id];
    scenario.start.facts.erase(one.id);
    one.id = id;
    one.protected_from_scale_in = true;
  }
  const Drive run = drive(scenario);
  log_run(scenario, run);
  RC_ASSERT(run.violation == "");
  RC_ASSERT(std::holds_alternative<Finished>(run.end));
  for (const std::string& victim : run.victims) RC_ASSERT(is_old_name(victim));
  expect_restored(scenario.start, run.last);
}

}  // namespace
}  // namespace consumers::recycle
