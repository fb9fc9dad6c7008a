// Single decisions of the planner: which deadlines begin anew, and instances that weigh more than
// what is to go.
#include "tests/consumers/groups.h"

#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

using std::chrono::minutes;

Step ask_patiently(const Snapshot& snapshot, const Journal& journal, base::TimePoint now,
                   base::TimePoint patient_until) {
  RunContext context = make_context();
  context.patient_until = patient_until;
  return next(snapshot, journal, make_policy(journal.strategy), context, now);
}

void weigh(Snapshot& snapshot, int weight) {
  for (auto& one : snapshot.group.instances) one.weighted_capacity = weight;
}

TEST(Deadline, OfReadinessIsNotOverForWhoeverHasJustTakenTheRunOver) {
  Snapshot grown = doubled();
  stop_serving(grown, "i-kept-02");
  Snapshot swapped = make_snapshot({.old_count = 3, .new_count = 1, .min_size = 3});
  stop_serving(swapped, "i-kept-01");
  const auto late = kNow + minutes(20);
  for (const auto& [snapshot, journal] :
       {std::pair(grown, journal_in(Phase::kGrow)),
        std::pair(swapped, journal_in(Phase::kSwap, Strategy::kInOut))}) {
    const Step watched = ask_patiently(snapshot, journal, late, late + minutes(1));
    ASSERT_TRUE(std::holds_alternative<Wait>(watched)) << line(watched);
    EXPECT_EQ(std::get<Wait>(watched).deadline, late + minutes(1));
    EXPECT_NE(journal_of(ask_patiently(snapshot, journal, late, late)).failure, "");
    const auto soon = kNow + minutes(14);
    EXPECT_TRUE(std::holds_alternative<Wait>(ask_patiently(snapshot, journal, soon, kNow)))
        << "but the time in the journal is given all the same";
  }
}

TEST(Deadline, OfTerminationIsOverForAllThatTakeTheRunOver) {
  Snapshot snapshot = make_snapshot({.old_count = 1, .new_count = 4, .min_size = 4});
  snapshot.group.desired_capacity = 4;
  instance_of(snapshot, "i-old-01").lifecycle_state = "Terminating:Wait";
  const auto late = kNow + minutes(60);
  EXPECT_NE(journal_of(ask_patiently(snapshot, journal_in(Phase::kCull), late, late + minutes(9)))
                .failure,
            "")
      << "AWS has worked on it all the time";
}

TEST(Deadline, OfTheOldOnesBeginsAnewWithEachBatch) {
  Snapshot snapshot = doubled();
  snapshot.group.min_size = 4;
  const Step names = ask(snapshot, journal_in(Phase::kCull), Strategy::kOutIn, kNow + minutes(50));
  EXPECT_EQ(journal_of(names).victims.size(), 4U);
  EXPECT_EQ(journal_of(names).phase_at, kNow + minutes(50));
}

TEST(Deadline, OfTheOldOnesDoesNotBeginAnewWhereNobodyGoes) {
  Snapshot snapshot = doubled();
  snapshot.group.min_size = 4;
  const Journal named = journal_of(ask(snapshot, journal_in(Phase::kCull)));
  stop_serving(snapshot, "i-kept-02");
  const Step forgotten = ask(snapshot, named, Strategy::kOutIn, kNow + minutes(50));
  EXPECT_TRUE(journal_of(forgotten).victims.empty());
  EXPECT_EQ(journal_of(forgotten).phase_at, kNow);
}

TEST(Deadline, OfNewOnesBeginsAnewWithEachThatIsReplacedInItsPlace) {
  Snapshot snapshot = doubled();
  snapshot.group.min_size = 8;
  for (const char* id : {"i-kept-01", "i-kept-02", "i-kept-03", "i-kept-04"}) {
    snapshot.facts[base::InstanceId(id)].launch_time = kNow + minutes(1);
  }
  snapshot.target.launch_templates = {version(8)};
  Journal journal = journal_in(Phase::kGrow);
  journal.target = "lt-0abc:8";
  const auto later = kNow + minutes(10);
  const Step noted = ask(snapshot, journal, Strategy::kOutIn, later);
  EXPECT_EQ(journal_of(noted).phase_at, later);
  EXPECT_EQ(line(ask(snapshot, journal_of(noted), Strategy::kOutIn, later)),
            "TerminateInstanceInAutoScalingGroup i-kept-01 decrement=false");
}

TEST(OutIn, TakesNoNewInstanceOutThatWeighsMoreThanIsTooMany) {
  Journal journal = journal_in(Phase::kCull);
  journal.original_max = 12;
  journal.original_desired = 6;
  journal.our_min = {6};
  journal.desired_before = 9;
  journal.victims = {{base::InstanceId("i-kept-03"), 3}};
  Snapshot snapshot =
      make_snapshot({.old_count = 0, .new_count = 3, .min_size = 6, .max_size = 12});
  weigh(snapshot, 3);
  snapshot.group.desired_capacity = 9;
  EXPECT_EQ(line(ask(snapshot, journal)),
            "TerminateInstanceInAutoScalingGroup i-kept-03 decrement=true");
  snapshot.group.desired_capacity = 7;  // others scaled in since it was named
  journal = journal_of(ask(snapshot, journal));
  EXPECT_TRUE(journal.victims.empty()) << "AWS would refuse it";
  journal = journal_of(ask(snapshot, journal));
  EXPECT_EQ(line(ask(snapshot, journal)), "UpdateAutoScalingGroup desired=9");
}

TEST(InOut, RefusesAnInstanceThatWeighsMoreThanDesired) {
  Snapshot snapshot = make_snapshot({.old_count = 1, .zones = 1, .min_size = 0, .max_size = 6});
  weigh(snapshot, 3);
  snapshot.group.desired_capacity = 2;
  const std::string why =
      "i-old-01 weighs 3 and desired is 2: AWS cannot take it out before its replacement comes; "
      "raise desired to 3 or use out-in";
  EXPECT_EQ(line(ask(snapshot, {}, Strategy::kInOut)), "abort: " + why);
  Journal journal = journal_in(Phase::kSwap, Strategy::kInOut);
  journal.original_min = 0;
  journal.original_max = 6;
  journal.our_min = {0};
  journal.desired_before = 2;
  journal.desired_goal = 0;
  journal.original_desired = 2;
  EXPECT_EQ(line(ask(snapshot, journal, Strategy::kInOut)), "wait: " + why);
  journal.victim = base::InstanceId("i-old-01");
  EXPECT_EQ(line(ask(snapshot, journal, Strategy::kInOut)), "wait: " + why);
  EXPECT_EQ(journal_of(ask(snapshot, journal, Strategy::kInOut, kNow + minutes(15))).failure,
            why + " (for 15 min)");
  snapshot.group.desired_capacity = 3;
  journal.desired_before = journal.original_desired = 3;
  EXPECT_EQ(line(ask(snapshot, journal, Strategy::kInOut)),
            "TerminateInstanceInAutoScalingGroup i-old-01 decrement=true");
}

}  // namespace
}  // namespace consumers::recycle
