#include "consumers/recycle/action.h"

#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

TEST(Action, IsDescribedByTheCallAndWhatItChanges) {
  Journal journal;
  journal.phase = Phase::kSwap;
  journal.victim = base::InstanceId("i-1");
  journal.failure = "no capacity";
  const std::vector<std::pair<Action, std::string>> cases = {
      {WriteJournal{.journal = Journal{}}, "CreateOrUpdateTags journal phase=grow"},
      {WriteJournal{.journal = journal},
       "CreateOrUpdateTags journal phase=swap victim=i-1 failure=\"no capacity\""},
      {RemoveJournal{}, "DeleteTags journal"},
      {RemoveJournal{.failure = "x"}, "DeleteTags journal failure=\"x\""},
      {SuspendProcesses{{"AZRebalance", "Launch"}}, "SuspendProcesses AZRebalance Launch"},
      {ResumeProcesses{{"AZRebalance"}}, "ResumeProcesses AZRebalance"},
      {SetBounds{8, 8, 8}, "UpdateAutoScalingGroup min=8 max=8 desired=8"},
      {SetBounds{std::nullopt, 4, std::nullopt}, "UpdateAutoScalingGroup max=4"},
      {TerminateInstance{base::InstanceId("i-1"), true},
       "TerminateInstanceInAutoScalingGroup i-1 decrement=true"},
      {ProtectInstances{{base::InstanceId("i-1"), base::InstanceId("i-2")}, false},
       "SetInstanceProtection protect=false i-1 i-2"},
  };
  for (const auto& [action, text] : cases) {
    EXPECT_EQ(describe(action), text);
    EXPECT_TRUE(text.starts_with(operation_name(action) + " "));
  }
}

}  // namespace
}  // namespace consumers::recycle
