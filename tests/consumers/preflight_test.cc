// What keeps a run from beginning for a while: instances set aside, an operator, a roll-back that
// has no way.
#include "consumers/recycle/control.h"
#include "tests/consumers/groups.h"

#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

RunContext requested(base::TimePoint at) {
  RunContext context = make_context();
  context.requested_at = at;
  return context;
}

Snapshot with_standby() {
  Snapshot snapshot = make_snapshot({});
  instance_of(snapshot, "i-old-02").lifecycle_state = "Standby";
  snapshot.group.desired_capacity = 3;
  return snapshot;
}

Snapshot with_protected() {
  Snapshot snapshot = make_snapshot({});
  instance_of(snapshot, "i-old-03").protected_from_scale_in = true;
  return snapshot;
}

std::vector<std::string> victims_of(const Snapshot& snapshot, const Policy& policy) {
  const auto steps = plan(snapshot, std::nullopt, policy, make_context(), kNow).value();
  EXPECT_EQ(steps.back().operation, "finished") << steps.back().what;
  std::vector<std::string> victims;
  for (const PlannedStep& step : steps) {
    if (step.operation != "TerminateInstanceInAutoScalingGroup") continue;
    victims.push_back(step.what.substr(step.operation.size() + 1));
  }
  return victims;
}

TEST(SetAside, IsWaitedForWithoutHoldingAnybodyAndThenRefused) {
  struct Case {
    Snapshot snapshot;
    std::string why;
  };
  for (const Case& one :
       {Case{
            with_standby(),
            "old instances are in Standby (i-old-02): return them to service or terminate them, or "
            "set autorecycle_standby_instances to skip or include"},
        Case{with_protected(),
             "old instances are protected from scale-in (i-old-03): remove the protection, or set "
             "autorecycle_protected_instances to skip or include"}}) {
    const Policy policy = make_policy(Strategy::kOutIn);
    const Step step = next(one.snapshot, {}, policy, requested(kNow), kNow);
    EXPECT_EQ(line(step), "wait: " + one.why);
    EXPECT_EQ(std::get<Wait>(step).not_before, kNow + minutes(5));
    EXPECT_EQ(std::get<Wait>(step).deadline, kNow + hours(1));
    EXPECT_EQ(line(next(one.snapshot, {}, policy, requested(kNow), kNow + hours(1))),
              "abort: " + one.why);
  }
}

TEST(SetAside, StaysAsItIsWhereThePolicySaysSkip) {
  for (const Strategy strategy : {Strategy::kOutIn, Strategy::kInOut}) {
    Policy policy = make_policy(strategy);
    policy.standby = SetAside::kSkip;
    policy.protected_instances = SetAside::kSkip;
    EXPECT_EQ(victims_of(with_standby(), policy),
              (std::vector<std::string>{"i-old-01 decrement=true", "i-old-03 decrement=true",
                                        "i-old-04 decrement=true"}))
        << to_string(strategy);
    EXPECT_EQ(victims_of(with_protected(), policy),
              (std::vector<std::string>{"i-old-02 decrement=true", "i-old-01 decrement=true",
                                        "i-old-04 decrement=true"}))
        << to_string(strategy);
  }
}

TEST(SetAside, GoesWithTheOthersWhereThePolicySaysInclude) {
  Policy policy = make_policy(Strategy::kOutIn);
  policy.standby = SetAside::kInclude;
  policy.protected_instances = SetAside::kInclude;
  EXPECT_EQ(victims_of(with_standby(), policy).back(), "i-old-02 decrement=false");
  EXPECT_EQ(victims_of(with_protected(), policy).size(), 4U);
}

Snapshot with_control(const char* value, Snapshot snapshot = make_snapshot({})) {
  snapshot.group.tags[std::string(kTagControl)] = value;
  return snapshot;
}

TEST(Control, KeepsARunFromBeginning) {
  const Step paused = ask(with_control("pause"));
  EXPECT_EQ(line(paused),
            "wait: paused by an operator: delete the tag autorecycle:control to go on");
  EXPECT_EQ(std::get<Wait>(paused).not_before, kNow + minutes(5));
  EXPECT_EQ(line(ask(with_control("cancel"))),
            "DeleteTags journal failure=\"cancelled by an operator before it began\"");
  const Step wrong = ask(with_control("cancle"));
  EXPECT_NE(line(wrong).find("wait: tag autorecycle:control has the value \"cancle\": expected"),
            std::string::npos)
      << line(wrong);
}

TEST(Control, LeavesAPauseOfAnIdleGroupWhereItIs) {
  EXPECT_TRUE(std::holds_alternative<Finished>(
      ask(with_control("pause", make_snapshot({.old_count = 0, .new_count = 4})))));
}

TEST(Control, HoldsARunUnderWayWhoseTagIsWrong) {
  const Step step = ask(with_control("stop", doubled()), journal_in(Phase::kCull));
  EXPECT_EQ(journal_of(step).paused_at, kNow);
  EXPECT_NE(std::get<Mutate>(step).why.find("\"stop\""), std::string::npos);
}

TEST(Control, StopsTheDeadlinesWhileItPauses) {
  const Journal paused = journal_of(ask(with_control("pause", doubled()), journal_in(Phase::kGrow),
                                        Strategy::kOutIn, kNow + minutes(10)));
  EXPECT_TRUE(std::holds_alternative<Wait>(
      ask(with_control("pause", doubled()), paused, Strategy::kOutIn, kNow + hours(30))));
  Snapshot resumed = doubled();
  stop_serving(resumed, "i-kept-01");
  const Journal again = journal_of(ask(resumed, paused, Strategy::kOutIn, kNow + hours(30)));
  EXPECT_EQ(again.phase_at, kNow + hours(30) - minutes(10)) << "ten of its minutes are over";
  EXPECT_TRUE(std::holds_alternative<Wait>(
      ask(resumed, again, Strategy::kOutIn, kNow + hours(30) + minutes(4))));
}

TEST(Control, PausesInOutOnlyWhileNobodyIsMissing) {
  Journal journal = journal_in(Phase::kSwap, Strategy::kInOut);
  journal.victim = base::InstanceId("i-old-01");
  journal.desired_goal = 0;
  Snapshot snapshot = with_control("pause");
  snapshot.group.min_size = 3;
  EXPECT_EQ(journal_of(ask(snapshot, journal, Strategy::kInOut)).paused_at, kNow);
  instance_of(snapshot, "i-old-01").lifecycle_state = "Terminating";
  snapshot.group.desired_capacity = 3;
  EXPECT_EQ(line(ask(snapshot, journal, Strategy::kInOut)), "wait: i-old-01 is Terminating");
}

TEST(RollBack, IsRefusedWhereTheGroupHasNoTemplateOfItsOwn) {
  Snapshot snapshot = make_snapshot({});
  snapshot.group.launch_template.reset();
  Policy policy = make_policy(Strategy::kOutIn);
  policy.rollback_to = "6";
  EXPECT_NE(line(next(snapshot, {}, policy, make_context(), kNow))
                .find("abort: it cannot be set to version 6: the group has no launch template"),
            std::string::npos);
}

TEST(RollBack, FollowsAFailurePastThePointOfNoReturnIfThePolicySaysSo) {
  Policy policy = make_policy(Strategy::kOutIn);
  policy.rollback_on_failure = true;
  Snapshot snapshot = make_snapshot({.old_count = 2, .new_count = 4, .min_size = 4});
  stop_serving(snapshot, "i-kept-01");
  Journal journal = journal_in(Phase::kCull);
  journal.desired_before = 6;
  const Step step = next(snapshot, journal, policy, make_context(), kNow + hours(1));
  EXPECT_EQ(journal_of(step).phase, Phase::kGrow);
  EXPECT_EQ(journal_of(step).pin, "6");
  EXPECT_EQ(journal_of(step).template_before, "7");
  EXPECT_EQ(line(next(snapshot, journal_of(step), policy, make_context(), kNow + hours(1))),
            "UpdateAutoScalingGroup launch-template=lt-0abc:6");
}

}  // namespace
}  // namespace consumers::recycle
