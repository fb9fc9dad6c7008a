#include "consumers/recycle/model.h"

#include "tests/consumers/groups.h"

#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const Snapshot& snapshot, const Policy& policy, base::TimePoint now = kNow) {
  const auto steps = plan(snapshot, std::nullopt, policy, make_context(), now);
  if (!steps) return {"error: " + steps.error().message};
  Lines lines;
  for (const PlannedStep& step : *steps) {
    const bool call = step.what.starts_with(step.operation);
    lines.push_back(call ? step.what : step.operation + " " + step.what);
  }
  return lines;
}

// This and the next two are the examples of docs/strategies.md.
TEST(Plan, OfOutInIsTheWholeRun) {
  EXPECT_EQ(lines_of(make_snapshot({.old_count = 3, .zones = 2, .min_size = 2, .max_size = 4}),
                     make_policy(Strategy::kOutIn)),
            (Lines{
                "CreateOrUpdateTags journal phase=grow",
                "SuspendProcesses AZRebalance",
                "UpdateAutoScalingGroup min=6 max=6 desired=6",
                "CreateOrUpdateTags journal phase=cull",
                "SetInstanceProtection protect=true i-new-1 i-new-2 i-new-3",
                "UpdateAutoScalingGroup min=3",
                "CreateOrUpdateTags journal phase=cull next=i-old-01,i-old-03,i-old-02",
                "TerminateInstanceInAutoScalingGroup i-old-01 decrement=true",
                "TerminateInstanceInAutoScalingGroup i-old-03 decrement=true",
                "TerminateInstanceInAutoScalingGroup i-old-02 decrement=true",
                "CreateOrUpdateTags journal phase=restore",
                "SetInstanceProtection protect=false i-new-1 i-new-2 i-new-3",
                "UpdateAutoScalingGroup min=2 max=4",
                "ResumeProcesses AZRebalance",
                "DeleteTags journal",
                "finished all 3 instances are of lt-0abc:7: nothing to recycle",
            }));
}

TEST(Plan, OfInOutTakesOneAtATime) {
  EXPECT_EQ(lines_of(make_snapshot({.old_count = 2, .zones = 2, .min_size = 2, .max_size = 2}),
                     make_policy(Strategy::kInOut)),
            (Lines{
                "CreateOrUpdateTags journal phase=swap",
                "SuspendProcesses AZRebalance",
                "UpdateAutoScalingGroup min=1",
                "CreateOrUpdateTags journal phase=swap victim=i-old-01",
                "TerminateInstanceInAutoScalingGroup i-old-01 decrement=true",
                "CreateOrUpdateTags journal phase=swap",
                "UpdateAutoScalingGroup desired=2",
                "CreateOrUpdateTags journal phase=swap victim=i-old-02",
                "TerminateInstanceInAutoScalingGroup i-old-02 decrement=true",
                "CreateOrUpdateTags journal phase=swap",
                "UpdateAutoScalingGroup desired=2",
                "CreateOrUpdateTags journal phase=restore",
                "UpdateAutoScalingGroup min=2",
                "ResumeProcesses AZRebalance",
                "DeleteTags journal",
                "finished all 2 instances are of lt-0abc:7: nothing to recycle",
            }));
}

TEST(Plan, OfInOutTakesASingleInstanceToZeroAndBack) {
  const Lines lines =
      lines_of(make_snapshot({.old_count = 1, .zones = 1, .min_size = 1, .max_size = 1}),
               make_policy(Strategy::kInOut));
  EXPECT_EQ(lines[2], "UpdateAutoScalingGroup min=0");
  EXPECT_EQ(lines[6], "UpdateAutoScalingGroup desired=1");
}

TEST(Plan, OfOutInTimedShowsTheWaitForTheWindow) {
  Policy policy = make_policy(Strategy::kOutInTimed);
  policy.window.allowed = parse_time_range("04:00:00, 05:30:00").value();
  EXPECT_EQ(
      lines_of(make_snapshot({.old_count = 1, .zones = 1, .min_size = 1, .max_size = 2}), policy),
      (Lines{
          "wait until 2026-01-03T04:00:00Z",
          "CreateOrUpdateTags journal phase=grow",
          "SuspendProcesses AZRebalance",
          "UpdateAutoScalingGroup min=2 desired=2",
          "CreateOrUpdateTags journal phase=cull",
          "SetInstanceProtection protect=true i-new-1",
          "UpdateAutoScalingGroup min=1",
          "CreateOrUpdateTags journal phase=cull next=i-old-01",
          "TerminateInstanceInAutoScalingGroup i-old-01 decrement=true",
          "CreateOrUpdateTags journal phase=restore",
          "SetInstanceProtection protect=false i-new-1",
          "ResumeProcesses AZRebalance",
          "DeleteTags journal",
          "finished all 1 instances are of lt-0abc:7: nothing to recycle",
      }));
}

TEST(Plan, SaysWhyItCannotBegin) {
  Snapshot snapshot = make_snapshot({});
  snapshot.group.suspended_processes.push_back({.name = "Launch", .reason = "User suspended"});
  EXPECT_EQ(lines_of(snapshot, make_policy(Strategy::kOutIn)),
            (Lines{"abort the process Launch is suspended by others (User suspended): resume it "
                   "first"}));
}

TEST(Plan, HasAnEnd) {
  const auto steps =
      plan(make_snapshot({}), std::nullopt, make_policy(Strategy::kOutIn), make_context(), kNow, 3);
  ASSERT_FALSE(steps);
  EXPECT_NE(steps.error().message.find("within 3 steps"), std::string::npos);
}

TEST(Plan, GoesOnFromAJournal) {
  Snapshot snapshot = make_snapshot({});
  Journal journal;
  journal.run_id = "r";
  journal.phase = Phase::kRestore;
  journal.original_min = 1;
  journal.original_max = 9;
  journal.original_desired = 4;
  journal.our_min = {2};
  journal.our_max = {8};
  journal.failure = "no capacity";
  const auto steps =
      plan(snapshot, journal, make_policy(Strategy::kOutIn), make_context(), kNow).value();
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_EQ(steps[0].what, "UpdateAutoScalingGroup min=1 max=9");
  EXPECT_EQ(steps[2].operation, "abort");
  EXPECT_EQ(steps[2].what, "no capacity");
}

TEST(Model, LaunchesIntoTheEmptiestZoneUnderDeterministicNames) {
  Snapshot snapshot = make_snapshot({.old_count = 3, .zones = 2, .min_size = 0, .max_size = 9});
  ASSERT_TRUE(apply(snapshot, SetBounds{std::nullopt, std::nullopt, 5}));
  ASSERT_EQ(snapshot.group.instances.size(), 5U);
  EXPECT_EQ(snapshot.group.instances[3].id.value, "i-new-1");
  EXPECT_EQ(snapshot.group.instances[3].availability_zone, "eu-west-2b");
  EXPECT_EQ(snapshot.group.instances[4].id.value, "i-new-2");
  EXPECT_TRUE(is_ready(snapshot, snapshot.group.instances[4]));
  EXPECT_FALSE(is_old(snapshot, snapshot.group.instances[4], {}));
}

TEST(Model, RefusesWhatAwsWouldRefuse) {
  const Snapshot start = make_snapshot({.old_count = 4, .min_size = 4, .max_size = 4});
  const std::vector<Action> refused = {
      SetBounds{5, std::nullopt, std::nullopt},
      SetBounds{std::nullopt, std::nullopt, 5},
      SetBounds{std::nullopt, std::nullopt, 3},
      SetBounds{0, std::nullopt, 3},  // AWS would choose the victim
      TerminateInstance{base::InstanceId("i-old-01"), true},
      TerminateInstance{base::InstanceId("i-nobody"), false},
  };
  for (const Action& action : refused) {
    Snapshot snapshot = start;
    const auto applied = apply(snapshot, action);
    ASSERT_FALSE(applied) << describe(action);
    EXPECT_EQ(applied.error().kind, base::ErrorKind::kInvalid);
    EXPECT_EQ(snapshot.group.desired_capacity, 4);
    EXPECT_EQ(snapshot.group.instances.size(), 4U);
  }
}

TEST(Model, ReplacesWhatIsTerminatedWithoutDecrement) {
  Snapshot snapshot = make_snapshot({.old_count = 2});
  ASSERT_TRUE(apply(snapshot, TerminateInstance{base::InstanceId("i-old-01"), false}));
  ASSERT_EQ(snapshot.group.instances.size(), 2U);
  EXPECT_EQ(snapshot.group.instances[1].id.value, "i-new-1");
}

TEST(Model, KeepsTheJournalInTheTags) {
  Snapshot snapshot = make_snapshot({});
  snapshot.group.tags["Name"] = "web";
  Journal journal;
  journal.run_id = "r";
  ASSERT_TRUE(apply(snapshot, WriteJournal{journal}));
  EXPECT_EQ(**journal_from_tags(snapshot.group.tags), journal);
  ASSERT_TRUE(apply(snapshot, RemoveJournal{}));
  EXPECT_EQ(snapshot.group.tags, (std::map<std::string, std::string>{{"Name", "web"}}));
}

}  // namespace
}  // namespace consumers::recycle
