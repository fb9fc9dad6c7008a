// Single decisions of the planner: which deadlines begin anew, and instances that weigh more than
// what is to go.
#include "tests/consumers/groups.h"

#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

using std::chrono::minutes;

void weigh(Snapshot& snapshot, int weight) {
  for (auto& one : snapshot.group.instances) one.weighted_capacity = weight;
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
  EXPECT_EQ(line(ask(snapshot, journal)), "CreateOrUpdateTags journal phase=restore");
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
