// Scale-in protection: ours goes again, whatever became of the instances; that of others stays.
#include "tests/consumers/groups.h"

#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

// Four new ones that the run has protected; bounds and processes are the original's again.
struct Protected : testing::Test {
  Protected() {
    snapshot = make_snapshot({.old_count = 0, .new_count = 4});
    for (auto& one : snapshot.group.instances) one.protected_from_scale_in = true;
    journal = journal_in(Phase::kRestore);
    journal.protected_new = true;
    journal.desired_before = 4;
  }
  std::string next_line() const { return line(ask(snapshot, journal)); }

  static constexpr const char* kAllGo =
      "SetInstanceProtection protect=false i-kept-01 i-kept-02 i-kept-03 i-kept-04";
  Snapshot snapshot;
  Journal journal;
};

TEST_F(Protected, AreFreedOnTheirWayIntoStandbyToo) {
  instance_of(snapshot, "i-kept-02").lifecycle_state = "EnteringStandby";
  instance_of(snapshot, "i-kept-03").lifecycle_state = "Standby";
  EXPECT_EQ(next_line(),
            "SetInstanceProtection protect=false i-kept-01 i-kept-04 i-kept-02 i-kept-03");
}

TEST_F(Protected, StayWhereOthersHadProtectedThem) {
  journal.protected_by_others = {base::InstanceId("i-kept-02"), base::InstanceId("i-kept-03")};
  EXPECT_EQ(next_line(), "SetInstanceProtection protect=false i-kept-01 i-kept-04");
}

// Of the version before: an operator protected them while they were old.
TEST_F(Protected, StayWhereTheyWereNeverNew) {
  for (auto& one : snapshot.group.instances) one.launch_template = version(6);
  EXPECT_EQ(next_line().find("SetInstanceProtection"), std::string::npos);
}

// They were new once the run had turned back, and the template has changed since.
TEST_F(Protected, AreFreedAfterARollBackThatMadeThemNew) {
  snapshot.target.launch_templates = {version(8)};
  journal.failure = "cancelled by an operator";
  journal.pin = journal.previous = "$Latest";
  EXPECT_EQ(next_line(), kAllGo);
}

TEST_F(Protected, AreRememberedByTheRollBackOfARollBack) {
  Policy policy = make_policy(Strategy::kOutIn);
  policy.rollback_on_failure = true;
  stop_serving(snapshot, "i-kept-01");
  snapshot.group.instances.push_back(instance("i-old-01", 8));
  snapshot.group.desired_capacity = 5;
  snapshot.group.min_size = 4;
  journal = journal_in(Phase::kCull);
  journal.desired_before = 5;
  journal.pin = "7";
  journal.previous = "8";
  journal.template_before = "$Latest";
  const Step step = next(snapshot, journal, policy, make_context(), kNow + std::chrono::hours(1));
  EXPECT_EQ(journal_of(step).pin, "$Latest");
  EXPECT_EQ(journal_of(step).previous, "$Latest");
}

}  // namespace
}  // namespace consumers::recycle
