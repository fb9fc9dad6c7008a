// Single decisions of the planner: in-out, and giving the group back.
#include "consumers/recycle/control.h"
#include "tests/consumers/groups.h"

#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

TEST(InOut, AsksForTheReplacementOnlyWhenTheVictimIsFullyTerminated) {
  Journal journal = journal_in(Phase::kSwap, Strategy::kInOut);
  journal.original_desired = 1;
  journal.original_min = 1;
  journal.original_max = 1;
  journal.our_min = {0};
  journal.desired_before = 1;
  journal.desired_goal = 0;
  journal.victim = base::InstanceId("i-old-01");
  Snapshot snapshot = make_snapshot({.old_count = 1, .zones = 1, .min_size = 0, .max_size = 1});
  const auto step = [&] { return line(ask(snapshot, journal, Strategy::kInOut)); };
  EXPECT_EQ(step(), "TerminateInstanceInAutoScalingGroup i-old-01 decrement=true");
  snapshot.group.desired_capacity = 0;
  snapshot.group.instances[0].lifecycle_state = "Terminating";
  EXPECT_EQ(step(), "wait: i-old-01 is Terminating");
  snapshot.group.instances.clear();
  snapshot.still_terminating = {base::InstanceId("i-old-01")};
  EXPECT_EQ(step(), "wait: i-old-01 left the group but is not yet terminated");
  snapshot.still_terminating.clear();
  EXPECT_EQ(step(), "CreateOrUpdateTags journal phase=swap");
  journal = journal_of(ask(snapshot, journal, Strategy::kInOut));
  EXPECT_EQ(step(), "UpdateAutoScalingGroup desired=1");
}

TEST(InOut, TakesNobodyOutWhileAnotherFails) {
  Journal journal = journal_in(Phase::kSwap, Strategy::kInOut);
  journal.desired_goal = 0;
  journal.victim = base::InstanceId("i-old-01");
  Snapshot snapshot = make_snapshot({.old_count = 4, .min_size = 3});
  stop_serving(snapshot, "i-old-03");
  EXPECT_EQ(line(ask(snapshot, journal)),
            "wait: i-old-01 does not go before all others are ready: 2 of 3 are; i-old-03: target "
            "group web: initial");
  journal.victim = base::InstanceId("i-old-03");
  EXPECT_EQ(line(ask(snapshot, journal)),
            "TerminateInstanceInAutoScalingGroup i-old-03 decrement=true")
      << "what serves nobody may go";
}

TEST(InOut, GivesBackNothingThatItDidNotTake) {
  Journal journal = journal_in(Phase::kRestore, Strategy::kInOut);
  journal.undo = true;
  journal.desired_before = 4;
  journal.our_max = {};
  Snapshot snapshot = make_snapshot({.old_count = 2, .min_size = 2});  // an alarm took two
  EXPECT_EQ(line(ask(snapshot, journal, Strategy::kInOut)), "DeleteTags journal");
}

TEST(InOut, GivesBackTheCapacityWhenItGivesUp) {
  Journal journal = journal_in(Phase::kSwap, Strategy::kInOut);
  journal.desired_goal = 0;
  journal.victim = base::InstanceId("i-old-01");
  Snapshot snapshot = make_snapshot({.old_count = 4, .min_size = 3});
  instance_of(snapshot, "i-old-01").lifecycle_state = "Terminating:Wait";
  snapshot.group.desired_capacity = 3;
  const Step late = ask(snapshot, journal, Strategy::kInOut, kNow + hours(1));
  journal = std::get<WriteJournal>(std::get<Mutate>(late).action).journal;
  EXPECT_EQ(journal.failure, "i-old-01 is Terminating:Wait (for 60 min)");
  const Step noted = ask(snapshot, journal);
  journal = std::get<WriteJournal>(std::get<Mutate>(noted).action).journal;
  EXPECT_EQ(line(ask(snapshot, journal)), "UpdateAutoScalingGroup desired=4");
  snapshot.group.desired_capacity = 4;
  EXPECT_EQ(line(ask(snapshot, journal)), "UpdateAutoScalingGroup min=2");
}

TEST(InOut, PassesOverAVictimThatIsOldNoMore) {
  Journal journal = journal_in(Phase::kSwap, Strategy::kInOut);
  journal.desired_goal = 0;
  journal.victim = base::InstanceId("i-kept-01");
  Snapshot snapshot = make_snapshot({.old_count = 3, .new_count = 1, .min_size = 3});
  EXPECT_EQ(line(ask(snapshot, journal)), "CreateOrUpdateTags journal phase=swap");
}

TEST(Restore, TakesNewOnesByNameAndSparesThoseFromBeforeTheRun) {
  Journal journal = journal_in(Phase::kRestore);
  journal.failure = "not proven";
  journal.undo = true;
  journal.our_min = {7, 4};
  journal.desired_before = 7;
  Snapshot snapshot = make_snapshot({.old_count = 3, .new_count = 4, .min_size = 7});
  snapshot.facts[base::InstanceId("i-kept-02")].launch_time = kNow + minutes(1);
  snapshot.facts[base::InstanceId("i-kept-03")].launch_time = kNow + minutes(2);
  snapshot.facts[base::InstanceId("i-kept-04")].launch_time = kNow + minutes(1);
  stop_serving(snapshot, "i-kept-04");
  std::vector<std::string> lines;
  for (int turn = 0; turn < 20; ++turn) {
    const Step step = ask(snapshot, journal);
    lines.push_back(line(step));
    const auto& mutate = std::get<Mutate>(step);
    ASSERT_TRUE(apply(snapshot, mutate.action)) << lines.back();
    if (const auto* write = std::get_if<WriteJournal>(&mutate.action)) journal = write->journal;
    if (ends_with(mutate.action)) break;
  }
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "UpdateAutoScalingGroup min=4",
                       "CreateOrUpdateTags journal phase=restore "
                       "next=i-kept-04,i-kept-03,i-kept-02 failure=\"not proven\"",
                       "TerminateInstanceInAutoScalingGroup i-kept-04 decrement=true",
                       "TerminateInstanceInAutoScalingGroup i-kept-03 decrement=true",
                       "TerminateInstanceInAutoScalingGroup i-kept-02 decrement=true",
                       "UpdateAutoScalingGroup min=2",
                       "DeleteTags journal failure=\"not proven\"",
                   }));
}

TEST(Restore, TakesBackWhatWasNeverLaunched) {
  Journal journal = journal_in(Phase::kRestore);
  journal.failure = "no capacity";
  journal.undo = true;
  journal.desired_before = 8;
  journal.desired_goal = 4;
  Snapshot snapshot = make_snapshot({.old_count = 4, .min_size = 8});
  snapshot.group.desired_capacity = 8;
  EXPECT_EQ(line(ask(snapshot, journal)), "UpdateAutoScalingGroup min=4 desired=4");
  journal.suspended = {"Launch"};
  EXPECT_EQ(line(ask(snapshot, journal)), "SuspendProcesses Launch")
      << "a launch that is under way would make AWS choose who goes";
}

TEST(Restore, StopsSafelyPastThePointOfNoReturn) {
  Journal journal = journal_in(Phase::kRestore);
  journal.failure = "stuck";
  journal.desired_before = 6;
  Snapshot snapshot = make_snapshot({.old_count = 2, .new_count = 4, .min_size = 4});
  stop_serving(snapshot, "i-kept-03");
  const Step broken = ask(snapshot, journal);
  EXPECT_EQ(line(broken),
            "CreateOrUpdateTags journal phase=restore next=i-kept-03 failure=\"stuck\"");
  journal = journal_of(broken);
  ASSERT_TRUE(recycle::apply(snapshot, std::get<Mutate>(ask(snapshot, journal)).action));
  EXPECT_EQ(line(ask(snapshot, journal)),
            "CreateOrUpdateTags journal phase=restore next=i-old-01 failure=\"stuck\"")
      << "never a new one that serves";
}

TEST(Restore, ResumesOnlyWhatTheRunSuspended) {
  Journal journal = journal_in(Phase::kRestore);
  journal.suspended = {"AZRebalance"};
  Snapshot snapshot = make_snapshot({.old_count = 0, .new_count = 4});
  snapshot.group.suspended_processes = {{.name = "AlarmNotification", .reason = "r"},
                                        {.name = "AZRebalance", .reason = "r"}};
  EXPECT_EQ(line(ask(snapshot, journal)), "ResumeProcesses AZRebalance");
}

TEST(InOut, RemembersThatAnOldOneIsGoneBeforeItsReplacementIsThere) {
  Snapshot snapshot = make_snapshot({.old_count = 3, .min_size = 2});
  snapshot.group.desired_capacity = 3;
  Journal journal = journal_in(Phase::kSwap, Strategy::kInOut);
  journal.victim = base::InstanceId("i-old-09");
  const Step step = ask(snapshot, journal, Strategy::kInOut);
  EXPECT_TRUE(journal_of(step).committed) << "a cancel now has to bring the version before back";
}

TEST(Restore, KeepsAScaleOutOfOthers) {
  Snapshot snapshot = make_snapshot({.old_count = 0, .new_count = 6, .min_size = 4});
  EXPECT_EQ(line(ask(snapshot, journal_in(Phase::kRestore))), "UpdateAutoScalingGroup min=2");
}

TEST(Restore, TakesOutByNameWhatTheOriginalMaxCannotHold) {
  Snapshot snapshot =
      make_snapshot({.old_count = 0, .new_count = 10, .min_size = 4, .max_size = 10});
  Journal journal = journal_in(Phase::kRestore);
  journal.our_max = {10};
  journal.desired_before = 8;
  EXPECT_EQ(line(ask(snapshot, journal)), "CreateOrUpdateTags journal phase=cull")
      << "else AWS would choose when max is lowered";
}

TEST(Restore, UndoesAlsoWhatWasNewUntilTheTemplateChanged) {
  Journal journal = journal_in(Phase::kRestore);
  journal.failure = "an alarm";
  journal.undo = true;
  journal.desired_before = 8;
  Snapshot snapshot = doubled();
  for (const char* id : {"i-kept-01", "i-kept-02", "i-kept-03", "i-kept-04"}) {
    snapshot.facts[base::InstanceId(id)].launch_time = kNow + std::chrono::minutes(1);
  }
  snapshot.target.launch_templates = {version(8)};  // all are old now
  Step step = ask(snapshot, journal);
  while (std::get<Mutate>(step).action.index() != Action(WriteJournal{}).index()) {
    ASSERT_TRUE(recycle::apply(snapshot, std::get<Mutate>(step).action));
    step = ask(snapshot, journal);
  }
  for (const Victim& victim : journal_of(step).victims) {
    EXPECT_TRUE(victim.id.value.starts_with("i-kept")) << victim.id.value;
  }
  EXPECT_EQ(journal_of(step).victims.size(), 4U);
}

TEST(Planner, EndsWhenTheJournalOfAFailedRunIsRemoved) {
  EXPECT_EQ(ends_with(RemoveJournal{.failure = "why"})->why, "why");
  EXPECT_FALSE(ends_with(RemoveJournal{}));
  EXPECT_FALSE(ends_with(SetBounds{}));
}

TEST(InOut, CountsNoPauseTowardsItsDeadlinesWhenAnInstanceIsMissingMeanwhile) {
  Journal journal = journal_in(Phase::kSwap, Strategy::kInOut);
  journal.desired_goal = 0;
  journal.paused_at = kNow + minutes(1);
  Snapshot snapshot = make_snapshot({.old_count = 3, .min_size = 3});
  snapshot.group.desired_capacity = 3;
  snapshot.group.tags[std::string(kTagControl)] = "pause";
  const Step step = ask(snapshot, journal, Strategy::kInOut, kNow + hours(1));
  EXPECT_FALSE(journal_of(step).paused_at);
  EXPECT_EQ(journal_of(step).phase_at, kNow + minutes(59));
  EXPECT_EQ(journal_of(step).failure, "");
}

TEST(OutIn, TakesNoNewInstanceOutOnceOthersHaveScaledIn) {
  Journal journal = journal_in(Phase::kCull);
  journal.committed = true;
  journal.desired_goal = 0;
  journal.desired_before = 5;
  journal.our_min = {4};
  journal.victims = {{base::InstanceId("i-kept-05"), 1}};
  Snapshot snapshot = make_snapshot({.old_count = 0, .new_count = 5, .min_size = 4, .max_size = 8});
  for (auto& one : snapshot.group.instances) one.protected_from_scale_in = true;
  journal.protected_new = true;
  snapshot.group.desired_capacity = 5;
  EXPECT_EQ(line(ask(snapshot, journal)),
            "TerminateInstanceInAutoScalingGroup i-kept-05 decrement=true");
  snapshot.group.desired_capacity = 4;
  EXPECT_EQ(line(ask(snapshot, journal)), "CreateOrUpdateTags journal phase=restore");
}

}  // namespace
}  // namespace consumers::recycle
