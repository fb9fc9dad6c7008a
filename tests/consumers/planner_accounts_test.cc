// Whose doing it was: single decisions of the planner about what others changed meanwhile.
#include "tests/consumers/groups.h"

#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

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

}  // namespace
}  // namespace consumers::recycle
