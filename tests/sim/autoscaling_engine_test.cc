// What groups do by themselves: obey suspended processes, replace, shrink, rebalance, fail, tell.
#include "tests/sim/autoscaling_rig.h"

#include <algorithm>
#include <map>

namespace sim {
namespace {

class AutoScalingGroupItself : public AutoScalingRig {};

TEST_F(AutoScalingGroupItself, LaunchesNothingWhileLaunchIsSuspended) {
  given_group(0, 4, 1);
  suspend("Launch");
  set_desired(3);
  loop.run_for(10min);
  EXPECT_EQ(ids().size(), 1U);
  EXPECT_EQ(group()["SuspendedProcesses"][0]["ProcessName"], "Launch");
  EXPECT_EQ(group()["SuspendedProcesses"][0]["SuspensionReason"],
            "User suspended at 2026-01-02T03:04:35Z");
  resume("Launch");
  loop.run_for(10s);
  EXPECT_EQ(ids().size(), 3U);
}

TEST_F(AutoScalingGroupItself, ObeysSuspendedTerminateExceptForExplicitTerminations) {
  given_group(0, 4, 3);
  suspend("Terminate");
  set_desired(2);
  loop.run_for(10min);
  EXPECT_EQ(ids().size(), 3U);
  ok(terminate(ids()[0], false));
  loop.run_for(1min);
  EXPECT_EQ(ids().size(), 2U);
}

TEST_F(AutoScalingGroupItself, RefusesToSuspendWhatIsNoProcess) {
  given_group(0, 1, 0);
  EXPECT_TRUE(refusal(as("SuspendProcesses",
                         {{"AutoScalingGroupName", "web"}, {"ScalingProcesses", {"Lunch"}}}))
                  .starts_with("ValidationError"));
}

TEST_F(AutoScalingGroupItself, ReplacesTheUnhealthyUnlessSuspended) {
  given_group(2, 2, 2);
  suspend("ReplaceUnhealthy");
  const std::string sick = ids()[0];
  as_ok("SetInstanceHealth", {{"InstanceId", sick}, {"HealthStatus", "Unhealthy"}});
  loop.run_for(10min);
  EXPECT_EQ(state_of(sick), "InService");
  resume("ReplaceUnhealthy");
  loop.run_for(1s);
  EXPECT_EQ(state_of(sick), "Terminating");
  loop.run_for(1min);
  EXPECT_EQ(ids().size(), 2U);
  EXPECT_EQ(state_of(sick), "gone");
}

TEST_F(AutoScalingGroupItself, KeepsAlarmsAndSchedulesOutWhileSuspended) {
  given_group(1, 5, 2);
  suspend("AlarmNotification");
  EXPECT_FALSE(auto_scaling.alarm_sets_desired("web", 4));
  EXPECT_TRUE(auto_scaling.schedule_sets_desired("web", 4));
  resume("AlarmNotification");
  EXPECT_TRUE(auto_scaling.alarm_sets_desired("web", 99));
  EXPECT_EQ(desired(), 5);
}

TEST_F(AutoScalingGroupItself, InstancesKeepTheVersionThatTheyWereLaunchedWith) {
  given_group(1, 4, 1);
  new_template_version();
  EXPECT_EQ(instances()[0]["LaunchTemplate"]["Version"], "1");
  set_desired(2);
  loop.run_for(30s);
  EXPECT_EQ(instances()[0]["LaunchTemplate"]["Version"], "1");
  EXPECT_EQ(instances()[1]["LaunchTemplate"]["Version"], "2");
  EXPECT_EQ(auto_scaling.describe_for_control()[0]["target_version"], "2");
}

TEST_F(AutoScalingGroupItself, FollowsTheDefaultVersionOnlyWhenItIsMoved) {
  given_group(1, 4, 1,
              {{"LaunchTemplate", {{"LaunchTemplateName", "web"}, {"Version", "$Default"}}}});
  new_template_version();
  set_desired(2);
  loop.run_for(30s);
  EXPECT_EQ(instances()[1]["LaunchTemplate"]["Version"], "1");
  ec2_ok("ModifyLaunchTemplate", {{"LaunchTemplateName", "web"}, {"SetDefaultVersion", "2"}});
  set_desired(3);
  loop.run_for(30s);
  EXPECT_EQ(instances()[2]["LaunchTemplate"]["Version"], "2");
}

TEST_F(AutoScalingGroupItself, KeepsItsMixedPolicyWhenAnUpdateDoesNotMentionIt) {
  const Json policy = {
      {"LaunchTemplate",
       {{"LaunchTemplateSpecification", {{"LaunchTemplateName", "web"}, {"Version", "$Latest"}}},
        {"Overrides", {{{"InstanceType", "t3.large"}, {"WeightedCapacity", "2"}}}}}}};
  as_ok("CreateAutoScalingGroup", {{"AutoScalingGroupName", "web"},
                                   {"MinSize", 0},
                                   {"MaxSize", 8},
                                   {"DesiredCapacity", 5},
                                   {"MixedInstancesPolicy", policy},
                                   {"AvailabilityZones", {"eu-west-2a"}}});
  as_ok("UpdateAutoScalingGroup", {{"AutoScalingGroupName", "web"}, {"MaxSize", 9}});
  loop.run_for(30s);
  EXPECT_EQ(group()["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"][0]["InstanceType"],
            "t3.large");
  // Five units of two each: three instances.
  EXPECT_EQ(ids().size(), 3U);
  EXPECT_EQ(instances()[0]["WeightedCapacity"], "2");
  EXPECT_EQ(instances()[0]["InstanceType"], "t3.large");
}

TEST_F(AutoScalingGroupItself, ScaleInSparesTheProtectedAndGivesUpWhenAllAre) {
  given_group(0, 3, 3);
  const std::vector<std::string> all = ids();
  as_ok("SetInstanceProtection", {{"AutoScalingGroupName", "web"},
                                  {"InstanceIds", {all[0], all[1]}},
                                  {"ProtectedFromScaleIn", true}});
  set_desired(0);
  loop.run_for(10min);
  EXPECT_EQ(ids(), (std::vector<std::string>{all[0], all[1]}));
  EXPECT_EQ(desired(), 0);
  EXPECT_EQ(activities()[0]["StatusCode"], "Cancelled");
}

TEST_F(AutoScalingGroupItself, RefusesAWholeProtectionBatchForOneInTheWrongState) {
  given_group(0, 3, 2);
  const std::vector<std::string> all = ids();
  ok(terminate(all[1], true));
  EXPECT_EQ(refusal(as("SetInstanceProtection", {{"AutoScalingGroupName", "web"},
                                                 {"InstanceIds", {all[0], all[1]}},
                                                 {"ProtectedFromScaleIn", true}})),
            "ValidationError: The instance " + all[1] +
                " is not in InService or EnteringStandby or Standby.");
  EXPECT_EQ(instances()[0]["ProtectedFromScaleIn"], false);
}

TEST_F(AutoScalingGroupItself, RebalancesZonesByLaunchingFirst) {
  given_group(0, 6, 4, {{"AvailabilityZones", {"eu-west-2a", "eu-west-2b"}}});
  for (const auto& instance : instances()) {
    if (instance["AvailabilityZone"] == "eu-west-2b") {
      ok(terminate(instance["InstanceId"], true));
    }
  }
  auto_scaling.configure({{"launch_lag_ms", 60'000}});
  const auto launching = [&] {
    return auto_scaling.describe_for_control()[0]["instances"].back()["lifecycle"] == "Pending";
  };
  ASSERT_TRUE(loop.run_until(launching, 10min));
  set_desired(2);  // makes the group look at itself while the extra instance is still pending
  std::size_t least = 2;
  const bool balanced = loop.run_until(
      [&] {
        const Json seen = auto_scaling.describe_for_control()[0]["instances"];
        std::map<std::string, int> sizes;
        std::size_t serving = 0;
        for (const auto& instance : seen) {
          if (instance["lifecycle"] != "InService") continue;
          ++serving;
          ++sizes[instance["zone"]];
        }
        least = std::min(least, serving);
        return seen.size() == 2 && sizes["eu-west-2a"] == 1 && sizes["eu-west-2b"] == 1;
      },
      10min);
  EXPECT_TRUE(balanced);
  EXPECT_EQ(least, 2U);
}

TEST_F(AutoScalingGroupItself, DoesNotRebalanceWhileSuspended) {
  given_group(0, 6, 4, {{"AvailabilityZones", {"eu-west-2a", "eu-west-2b"}}});
  suspend("AZRebalance");
  for (const auto& instance : instances()) {
    if (instance["AvailabilityZone"] == "eu-west-2b") {
      ok(terminate(instance["InstanceId"], true));
    }
  }
  loop.run_for(1h);
  EXPECT_EQ(instances()[0]["AvailabilityZone"], "eu-west-2a");
  EXPECT_EQ(instances()[1]["AvailabilityZone"], "eu-west-2a");
}

TEST_F(AutoScalingGroupItself, RecordsFailedLaunchesAndTriesAgain) {
  given_group(0, 3, 0);
  auto_scaling.fail_launches(1);
  set_desired(1);
  loop.run_for(20s);
  EXPECT_EQ(instances().size(), 0U);
  const Json failed = activities()[0];
  EXPECT_EQ(failed["StatusCode"], "Failed");
  EXPECT_TRUE(failed["StatusMessage"].get<std::string>().starts_with(
      "Could not launch On-Demand Instances. InsufficientInstanceCapacity"));
  const auto unsuccessful = events_of("EC2 Instance Launch Unsuccessful");
  ASSERT_EQ(unsuccessful.size(), 1U);
  EXPECT_EQ(unsuccessful[0]["detail"]["StatusCode"], "Failed");
  loop.run_for(1min);
  EXPECT_EQ(ids().size(), 1U);
}

TEST_F(AutoScalingGroupItself, AnInstanceThatNeverPassesItsChecksIsReplaced) {
  given_group(0, 3, 0);
  auto_scaling.never_healthy(1);
  set_desired(1);
  loop.run_for(25s);
  ASSERT_EQ(ids().size(), 1U);
  const std::string sick = ids()[0];
  loop.run_for(2min);
  ASSERT_EQ(ids().size(), 1U);
  EXPECT_NE(ids()[0], sick);
}

TEST_F(AutoScalingGroupItself, EventsOfALaunchAndATerminationLookLikeAwsOwn) {
  given_group(0, 3, 1);
  const auto launches = events_of("EC2 Instance Launch Successful");
  ASSERT_EQ(launches.size(), 1U);
  const std::string id = ids()[0];
  const Json& launch = launches[0];
  EXPECT_EQ(launch["source"], "aws.autoscaling");
  EXPECT_EQ(launch["resources"][0], group()["AutoScalingGroupARN"]);
  EXPECT_EQ(launch["resources"][1], "arn:aws:ec2:eu-west-2:123456789012:instance/" + id);
  EXPECT_EQ(launch["detail"]["StatusCode"], "InProgress");  // AWS's oddity, kept
  EXPECT_EQ(launch["detail"]["EC2InstanceId"], id);
  EXPECT_EQ(launch["detail"]["RequestId"], launch["detail"]["ActivityId"]);
  EXPECT_EQ(launch["detail"]["Details"]["Availability Zone ID"], "euw2-az1");
  EXPECT_EQ(launch["detail"]["AutoScalingGroupName"], "web");
  ok(terminate(id, true));
  loop.run_for(1min);
  const auto terminations = events_of("EC2 Instance Terminate Successful");
  ASSERT_EQ(terminations.size(), 1U);
  EXPECT_EQ(terminations[0]["detail"]["Destination"], "EC2");
  EXPECT_EQ(terminations[0]["detail"]["Description"], "Terminating EC2 instance: " + id);
}

}  // namespace
}  // namespace sim
