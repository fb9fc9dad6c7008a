// Properties of whole runs: the planner drives a group that obeys late, under crashes.
#include "tests/consumers/planner_driver.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace consumers::recycle {
namespace {

RC_GTEST_PROP(PlannerRun, EndsNewRestoredAndNeverBelowTheFloor, ()) {
  const Scenario scenario = any_scenario();
  const Drive run = drive(scenario);
  log_run(scenario, run);
  RC_ASSERT(run.violation == "");
  RC_ASSERT(std::holds_alternative<Finished>(run.end));
  RC_ASSERT(run.lowest_serving >= floor_of(scenario));
  for (const std::string& victim : run.victims) RC_ASSERT(victim.starts_with("i-old"));
  expect_restored(scenario.start, run.last);
  RC_ASSERT(!has_old(run.last));
  for (const auto& instance : run.last.group.instances) RC_ASSERT(is_ready(run.last, instance));
  if (!run.actions.empty()) RC_ASSERT(run.actions.back() == "DeleteTags journal");
  const Step again = next(run.last, std::nullopt, scenario.policy, scenario.context, run.ended_at);
  RC_ASSERT(std::holds_alternative<Finished>(again));
}

RC_GTEST_PROP(PlannerRun, InOutNeverHoldsMoreNetworkInterfacesThanTheSize, ()) {
  Scenario scenario = any_scenario();
  scenario.policy.strategy = Strategy::kInOut;
  const Drive run = drive(scenario);
  RC_ASSERT(run.most_interfaces <= scenario.start.group.desired_capacity);
}

RC_GTEST_PROP(PlannerRun, ConvergesWhileAlarmsScaleInAndInstancesFail, ()) {
  Scenario scenario = any_scenario();
  scenario.disturbed = true;
  const Drive run = drive(scenario);
  log_run(scenario, run);
  RC_ASSERT(run.violation == "");
  RC_ASSERT(std::holds_alternative<Finished>(run.end));
  for (const std::string& victim : run.victims) RC_ASSERT(victim.starts_with("i-old"));
  expect_restored(scenario.start, run.last);
  RC_ASSERT(!has_old(run.last));
}

RC_GTEST_PROP(PlannerRun, GoesOnToTheNewestOfTwoTemplates, ()) {
  Scenario scenario = any_scenario();
  scenario.new_template_at = *rc::gen::inRange(0, 60);
  const Drive run = drive(scenario);
  log_run(scenario, run);
  RC_ASSERT(run.violation == "");
  RC_ASSERT(std::holds_alternative<Finished>(run.end));
  RC_ASSERT(run.lowest_serving >= floor_of(scenario));
  expect_restored(scenario.start, run.last);
  const bool changed = run.last.target.launch_templates.front() == version(8);
  if (changed) RC_ASSERT(!has_old(run.last));
}

// New instances have other names in the model.
std::string anonymous(std::string action) {
  if (!action.starts_with("SetInstanceProtection")) return action;
  const auto count = std::count(action.begin(), action.end(), ' ') - 1;
  return action.substr(0, action.find(' ', action.find("protect="))) + fmt::format(" {}", count);
}

RC_GTEST_PROP(PlannerRun, TakesTheStepsThatThePlanPrints, ()) {
  Scenario scenario = any_scenario();
  scenario.crashes = false;
  const auto planned = plan(scenario.start, std::nullopt, scenario.policy, scenario.context, kNow);
  RC_ASSERT(planned.has_value());
  std::vector<std::string> expected;
  for (const PlannedStep& step : *planned) {
    if (step.operation == "wait" || step.operation == "finished") continue;
    expected.push_back(anonymous(step.what));
  }
  std::vector<std::string> actual = drive(scenario).actions;
  std::ranges::transform(actual, actual.begin(), anonymous);
  // Whether the window shuts while the new ones come depends on how long they take.
  const auto is_hold = [](const std::string& action) {
    return action.find("hold=true") != std::string::npos;
  };
  std::erase_if(actual, is_hold);
  std::erase_if(expected, is_hold);
  RC_ASSERT(actual == expected);
}

RC_GTEST_PROP(PlannerRun, UndoesAnOutInWhoseNewInstancesDoNotAllServe, ()) {
  Scenario scenario = any_scenario();
  scenario.policy.strategy = Strategy::kOutIn;
  scenario.launches_fail = true;
  scenario.context.ready_timeout = std::chrono::minutes(15);
  RC_PRE(has_old(scenario.start));
  const Drive run = drive(scenario);
  log_run(scenario, run);
  RC_ASSERT(run.violation == "");
  RC_ASSERT(run.lowest_serving >= floor_of(scenario));
  RC_PRE(std::holds_alternative<Abort>(run.end));  // every launch may have been lucky
  for (const std::string& victim : run.victims) RC_ASSERT(victim.starts_with("i-launched"));
  expect_restored(scenario.start, run.last);
}

RC_GTEST_PROP(PlannerRun, RestoresAnInOutWhoseReplacementDoesNotServe, ()) {
  Scenario scenario = any_scenario();
  scenario.policy.strategy = Strategy::kInOut;
  scenario.launches_fail = true;
  scenario.context.ready_timeout = std::chrono::minutes(15);
  RC_PRE(has_old(scenario.start));
  const Drive run = drive(scenario);
  RC_ASSERT(run.violation == "");
  RC_PRE(std::holds_alternative<Abort>(run.end));  // every replacement may have been lucky
  RC_ASSERT(run.lowest_serving >= floor_of(scenario));
  expect_restored(scenario.start, run.last);
}

}  // namespace
}  // namespace consumers::recycle
