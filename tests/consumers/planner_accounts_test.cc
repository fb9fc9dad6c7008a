// Whose doing it was: single decisions of the planner about what others changed meanwhile.
#include "tests/consumers/groups.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace consumers::recycle {
namespace {

using std::chrono::minutes;

// Carries the run on to its end, over a group on which all calls take effect at once.
std::vector<std::string> carry_on(Snapshot& snapshot, Journal journal) {
  std::vector<std::string> steps;
  for (int turn = 0; turn < 100; ++turn) {
    const Step step = ask(snapshot, journal, journal.strategy);
    steps.push_back(line(step));
    const auto* mutate = std::get_if<Mutate>(&step);
    if (mutate == nullptr) return steps;
    if (std::holds_alternative<RemoveJournal>(mutate->action)) return steps;
    if (const auto applied = apply(snapshot, mutate->action); !applied) {
      steps.push_back(applied.error().message);
      return steps;
    }
    if (const auto* write = std::get_if<WriteJournal>(&mutate->action)) journal = write->journal;
  }
  return steps;
}

int count_of(const std::vector<std::string>& steps, std::string_view part) {
  return static_cast<int>(std::ranges::count_if(
      steps, [&](const std::string& step) { return step.find(part) != std::string::npos; }));
}

// in-out, and much was taken while min was not held yet: it has just been asked for again.
TEST(Accounts, OfASwapTakeAScaleInOfWhatItRaisedForNoScaleOut) {
  Journal journal = journal_in(Phase::kSwap, Strategy::kInOut);
  journal.desired_before = 2;
  journal.desired_goal = 4;
  Snapshot snapshot = make_snapshot({.old_count = 2, .new_count = 2, .min_size = 2});
  journal = journal_of(ask(snapshot, journal, Strategy::kInOut));
  snapshot.group.desired_capacity = 3;  // an alarm scales in by 1
  journal = journal_of(ask(snapshot, journal, Strategy::kInOut));
  EXPECT_EQ(journal.scaled_out, 0);
  EXPECT_EQ(journal.desired_goal, 4) << "what was taken is asked for again";
}

TEST(Accounts, OfASwapKeepAScaleOutFromBeforeItRaised) {
  Journal journal = journal_in(Phase::kSwap, Strategy::kInOut);
  journal.desired_before = 2;
  journal.desired_goal = 4;
  Snapshot snapshot = make_snapshot({.old_count = 2, .new_count = 1, .min_size = 2});
  EXPECT_EQ(journal_of(ask(snapshot, journal, Strategy::kInOut)).scaled_out, 1);
}

// Six old ones of weight 3 were to go after a failure, five have, and an alarm took 2 of desired.
struct Weighted : testing::Test {
  Weighted() {
    snapshot = make_snapshot({.old_count = 1, .new_count = 6, .min_size = 18, .max_size = 45});
    for (auto& one : snapshot.group.instances) one.weighted_capacity = 3;
    snapshot.group.desired_capacity = 19;
    journal = journal_in(Phase::kRestore);
    journal.original_min = journal.original_desired = 18;
    journal.original_max = 45;
    journal.our_min = {36, 18};
    journal.our_max = {};
    journal.failure = "cancelled by an operator";
    journal.desired_before = 21;
    journal.victims = {{base::InstanceId("i-old-01"), 3}};
  }
  Snapshot snapshot;
  Journal journal;
};

TEST_F(Weighted, AreGivenBackWhereAnAlarmTookLessThanOneOfThem) {
  const auto steps = carry_on(snapshot, journal);
  EXPECT_EQ(steps.back(), "DeleteTags journal failure=\"cancelled by an operator\"");
  EXPECT_EQ(count_of(steps, "TerminateInstanceInAutoScalingGroup i-old-01 decrement=true"), 1);
  EXPECT_EQ(count_of(steps, "TerminateInstance"), 1);
  EXPECT_EQ(snapshot.group.desired_capacity, 18);
  EXPECT_EQ(snapshot.group.instances.size(), 6U);
}

TEST_F(Weighted, GoByNameWhereAnOperatorLoweredMaxMeanwhile) {
  snapshot = make_snapshot({.old_count = 0, .new_count = 3, .min_size = 6, .max_size = 7});
  for (auto& one : snapshot.group.instances) one.weighted_capacity = 3;
  snapshot.group.desired_capacity = 7;  // 9 before, and AWS ends no instance for 2
  journal = journal_in(Phase::kCull);
  journal.original_desired = 6;
  journal.original_min = 0;
  journal.original_max = 7;
  journal.our_min = {12, 6};
  journal.our_max = {};
  journal.desired_before = 9;
  journal.victims = {{base::InstanceId("i-kept-01"), 3}};
  const auto steps = carry_on(snapshot, journal);
  EXPECT_EQ(steps.back(), "DeleteTags journal");
  EXPECT_EQ(count_of(steps, "TerminateInstance"), 1);
  EXPECT_EQ(snapshot.group.desired_capacity, 6);
  EXPECT_EQ(snapshot.group.max_size, 7);
  EXPECT_EQ(snapshot.group.instances.size(), 2U);
}

TEST_F(Weighted, KeepWhatOthersAddedMeanwhile) {
  snapshot.group.desired_capacity = 19;
  journal.scaled_out = 3;  // and 2 of that are taken again: 19 are wanted, and all seven stay
  const auto steps = carry_on(snapshot, journal);
  EXPECT_EQ(steps.back(), "DeleteTags journal failure=\"cancelled by an operator\"");
  EXPECT_EQ(count_of(steps, "TerminateInstance"), 0);
  EXPECT_EQ(snapshot.group.desired_capacity, 19);
}

// Seven that this run launched are old again, seven newer ones are up beside them, and an old one
// from before the run has come back from Standby.
TEST(Superseded, AreReplacedInTheirPlaceOnlyWhileNewOnesAreMissing) {
  Snapshot snapshot = make_snapshot({.old_count = 8, .new_count = 7, .min_size = 14});
  for (int i = 1; i < 8; ++i) {
    aws::GroupInstance& one = snapshot.group.instances[static_cast<std::size_t>(i)];
    one.launch_template = version(7);
    snapshot.facts[one.id].launch_time = kNow + minutes(1);
  }
  for (auto& one : snapshot.group.instances) {
    if (one.id.value.starts_with("i-kept")) one.launch_template = version(8);
  }
  snapshot.target.launch_templates = {version(8)};
  snapshot.group.max_size = 16;
  Journal journal = journal_in(Phase::kGrow);
  journal.original_desired = 8;
  journal.target = "lt-0abc:8";
  journal.our_min = {14};
  journal.desired_before = journal.desired_goal = 15;
  const auto steps = carry_on(snapshot, journal);
  EXPECT_EQ(count_of(steps, "decrement=false"), 1) << "seven of eight new ones are there";
  EXPECT_EQ(count_of(steps, "TerminateInstance"), 8);
  EXPECT_EQ(count_of(steps, "TerminateInstanceInAutoScalingGroup i-kept"), 0);
  EXPECT_EQ(count_of(steps, "TerminateInstanceInAutoScalingGroup i-new"), 0);
  EXPECT_EQ(snapshot.group.desired_capacity, 8);
}

}  // namespace
}  // namespace consumers::recycle
