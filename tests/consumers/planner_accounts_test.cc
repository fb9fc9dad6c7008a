// Whose doing it was: single decisions of the planner about what others changed meanwhile.
#include "consumers/recycle/control.h"
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

// Paused as soon as it was asked for: what others take meanwhile is no scale-out.
TEST(Accounts, OfASwapThatPausesRememberWhatWasAskedFor) {
  Journal journal = journal_in(Phase::kSwap, Strategy::kInOut);
  journal.desired_before = 2;
  journal.desired_goal = 4;
  Snapshot snapshot = make_snapshot({.old_count = 2, .new_count = 2, .min_size = 2});
  snapshot.group.tags[std::string(kTagControl)] = "pause";
  journal = journal_of(ask(snapshot, journal, Strategy::kInOut));
  ASSERT_TRUE(journal.paused_at);
  snapshot.group.tags.clear();
  snapshot.group.desired_capacity = 3;  // an alarm scales in by 1
  journal = journal_of(ask(snapshot, journal, Strategy::kInOut));
  EXPECT_EQ(journal_of(ask(snapshot, journal, Strategy::kInOut)).scaled_out, 0);
}

// While it is paused nobody looks for hours: what the run had set before it is an operator's then.
TEST(Accounts, OfAPausedRunKnowAnOperatorsBoundsThoughTheyOnceWereItsOwn) {
  Snapshot snapshot = doubled();
  snapshot.group.min_size = 4;
  snapshot.group.tags[std::string(kTagControl)] = "pause";
  const Journal paused = journal_of(ask(snapshot, journal_in(Phase::kCull)));
  ASSERT_TRUE(paused.paused_at);
  snapshot.group.tags.clear();
  snapshot.group.min_size = 8;
  const Journal resumed = journal_of(ask(snapshot, paused));
  EXPECT_EQ(journal_of(ask(snapshot, resumed)).original_min, 8);
}

// An operator who lowers min may mean desired too, but not what is still above the size.
TEST(Accounts, TakeNoPartOfADoubleForTheSizeThatAnOperatorWants) {
  Snapshot snapshot = doubled();
  snapshot.group.min_size = 3;
  Journal journal = journal_in(Phase::kCull);
  const auto wanted = [&](int desired) {
    snapshot.group.desired_capacity = desired;
    return journal_of(ask(snapshot, journal)).original_desired;
  };
  EXPECT_EQ(wanted(7), 4) << "an alarm has scaled in by one";
  EXPECT_EQ(wanted(3), 3);
}

// Its min would say that out-in has raised desired: here an operator has set another one since.
TEST(Accounts, OfADoubleGoByWhatIsNearestWhereMinIsAnOperators) {
  Snapshot snapshot = doubled();
  snapshot.group.min_size = 3;
  Journal journal = journal_in(Phase::kGrow);
  journal.our_min = {8};
  const auto scaled_out = [&](int desired) {
    snapshot.group.desired_capacity = desired;
    return journal_of(ask(snapshot, journal)).scaled_out;
  };
  EXPECT_EQ(scaled_out(7), 0) << "raised, and then scaled in";
  EXPECT_EQ(scaled_out(5), 1) << "scaled out, and not raised yet";
}

// What was launched came before desired was lowered again, and an alarm has scaled in since.
TEST(Accounts, OfARunThatShrinksGoByWhatIsNearest) {
  Snapshot snapshot = doubled();
  Journal journal = journal_in(Phase::kRestore);
  journal.failure = "cancelled by an operator";
  journal.undo = true;
  journal.desired_before = 8;
  journal.desired_goal = 4;
  const auto wanted = [&](int desired) {
    Snapshot seen = snapshot;
    seen.group.desired_capacity = desired;
    carry_on(seen, journal);
    return seen.group.desired_capacity;
  };
  EXPECT_EQ(wanted(7), 4);
  EXPECT_EQ(wanted(5), 5) << "lowered, and then scaled out";
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

// All four old ones are gone, and AWS replaces one that others had taken out: five are asked for.
struct OneTooMany : testing::Test {
  OneTooMany() {
    snapshot = make_snapshot({.old_count = 0, .new_count = 5, .min_size = 4});
    journal = journal_in(Phase::kCull);
    journal.desired_before = 5;
    journal.our_max = {};
  }
  Snapshot snapshot;
  Journal journal;
};

TEST_F(OneTooMany, IsNotLaunchedWhereItIsNotThereYet) {
  snapshot.group.instances.pop_back();
  stop_serving(snapshot, "i-kept-01");
  journal = journal_of(ask(snapshot, journal));
  EXPECT_EQ(line(ask(snapshot, journal)), "UpdateAutoScalingGroup desired=4");
}

// Two were named, one has gone, and an alarm has scaled in by one: the other one still goes.
TEST_F(OneTooMany, GoesBelowTheFloorOfWhatOthersHaveTakenBack) {
  snapshot.group.desired_capacity = 5;
  journal.scaled_out = 1;
  journal.desired_before = 7;
  journal.victims = {{base::InstanceId("i-gone"), 1}, {base::InstanceId("i-kept-01"), 1}};
  journal.our_min = {4, 5};
  snapshot.group.min_size = 5;
  const auto steps = carry_on(snapshot, journal);
  EXPECT_EQ(steps.back(), "DeleteTags journal");
  EXPECT_EQ(count_of(steps, "TerminateInstanceInAutoScalingGroup i-kept-01 decrement=true"), 1);
  EXPECT_EQ(snapshot.group.desired_capacity, 4);
}

// An alarm scaled out while the run was ending, and then the template changed once more.
TEST(Restore, LowersNoMaxBelowWhatIsThereThoughAllOfItIsOldAgain) {
  Snapshot snapshot = make_snapshot({.old_count = 5, .new_count = 0, .min_size = 4});
  Journal journal = journal_in(Phase::kRestore);
  journal.original_max = 4;
  journal.desired_before = 4;
  EXPECT_EQ(journal_of(ask(snapshot, journal)).phase, Phase::kCull);
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
