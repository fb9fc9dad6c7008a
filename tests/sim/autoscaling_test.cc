// Groups: their bounds, their reactions and their texts. The texts are AWS's own where quoted.
#include "tests/sim/autoscaling_rig.h"

#include <map>

namespace sim {
namespace {

class AutoScaling : public AutoScalingRig {};

TEST_F(AutoScaling, LaunchesOnlyAfterItsReactionAndLaunchLags) {
  as_ok("CreateAutoScalingGroup", {{"AutoScalingGroupName", "web"},
                                   {"MinSize", 0},
                                   {"MaxSize", 3},
                                   {"DesiredCapacity", 2},
                                   {"LaunchTemplate", {{"LaunchTemplateName", "web"}}},
                                   {"AvailabilityZones", {"eu-west-2a"}}});
  loop.run_for(14s);
  EXPECT_EQ(instances().size(), 0U);
  loop.run_for(2s);
  EXPECT_EQ(ids("Pending").size(), 2U);
  loop.run_for(5s);
  EXPECT_EQ(ids("InService").size(), 2U);
}

TEST_F(AutoScaling, SpreadsLaunchesEvenlyOverItsZones) {
  given_group(0, 9, 7);
  std::map<std::string, int> sizes;
  for (const auto& instance : instances()) ++sizes[instance["AvailabilityZone"]];
  EXPECT_EQ(sizes,
            (std::map<std::string, int>{{"eu-west-2a", 3}, {"eu-west-2b", 2}, {"eu-west-2c", 2}}));
}

TEST_F(AutoScaling, RefusesADesiredCapacityOutsideTheBoundsInAwsWords) {
  given_group(1, 3, 2);
  const auto set = [&](int to) {
    return refusal(
        as("SetDesiredCapacity", {{"AutoScalingGroupName", "web"}, {"DesiredCapacity", to}}));
  };
  EXPECT_EQ(set(4),
            "ValidationError: New SetDesiredCapacity value 4 is above max value 3 for the "
            "AutoScalingGroup.");
  EXPECT_EQ(set(0),
            "ValidationError: New SetDesiredCapacity value 0 is below min value 1 for the "
            "AutoScalingGroup.");
  EXPECT_EQ(desired(), 2);
}

TEST_F(AutoScaling, MovesDesiredAlongWithItsBounds) {
  given_group(1, 6, 2);
  as_ok("UpdateAutoScalingGroup", {{"AutoScalingGroupName", "web"}, {"MinSize", 4}});
  EXPECT_EQ(desired(), 4);
  as_ok("UpdateAutoScalingGroup",
        {{"AutoScalingGroupName", "web"}, {"MinSize", 1}, {"MaxSize", 3}});
  EXPECT_EQ(desired(), 3);
}

TEST_F(AutoScaling, RefusesAMinimumAboveTheMaximumAndChangesNothing) {
  given_group(1, 3, 2);
  EXPECT_EQ(refusal(as("UpdateAutoScalingGroup",
                       {{"AutoScalingGroupName", "web"}, {"MinSize", "3"}, {"MaxSize", "1"}})),
            "ValidationError: Max bound, 1, must be greater than or equal to min bound, 3");
  EXPECT_EQ(group()["MinSize"], 1);
  EXPECT_EQ(refusal(as("UpdateAutoScalingGroup",
                       {{"AutoScalingGroupName", "web"}, {"DesiredCapacity", 9}})),
            "ValidationError: Desired capacity:9 must be between the specified min size:1 and max "
            "size:3");
}

TEST_F(AutoScaling, HonoursTheCooldownOnlyWhenAsked) {
  given_group(1, 9, 2);
  set_desired(3);
  const Json honouring = {
      {"AutoScalingGroupName", "web"}, {"DesiredCapacity", 4}, {"HonorCooldown", true}};
  EXPECT_TRUE(
      refusal(as("SetDesiredCapacity", honouring)).starts_with("ScalingActivityInProgress"));
  set_desired(4);
  loop.run_for(301s);
  EXPECT_EQ(refusal(as("SetDesiredCapacity", honouring)), "");
}

TEST_F(AutoScaling, RefusesToDecrementBelowTheMinimum) {
  given_group(2, 3, 2);
  EXPECT_EQ(refusal(terminate(ids()[0], true)),
            "ValidationError: Currently, desiredSize equals minSize (2). Terminating instance "
            "without replacement will violate group's min size constraint. Either set "
            "shouldDecrementDesiredCapacity flag to false or lower group's min size.");
  EXPECT_EQ(ids().size(), 2U);
}

TEST_F(AutoScaling, TerminatesByNameWithDecrementAndLaunchesNothing) {
  given_group(0, 3, 3);
  const std::string victim = ids()[1];
  const Json activity = ok(terminate(victim, true))["Activity"];
  EXPECT_EQ(activity["StatusCode"], "InProgress");
  EXPECT_EQ(activity["Description"], "Terminating EC2 instance: " + victim);
  EXPECT_NE(activity["Cause"].get<std::string>().find("shrinking the capacity from 3 to 2"),
            std::string::npos);
  EXPECT_EQ(state_of(victim), "Terminating");
  EXPECT_EQ(desired(), 2);
  loop.run_for(20s);
  EXPECT_EQ(state_of(victim), "Terminating");
  loop.run_for(2s);
  EXPECT_EQ(state_of(victim), "gone");
  loop.run_for(120s);
  EXPECT_EQ(ids().size(), 2U);
}

TEST_F(AutoScaling, ReplacesWhatItTerminatesWithoutDecrement) {
  given_group(2, 2, 2);
  const std::string victim = ids()[0];
  ok(terminate(victim, false));
  loop.run_for(120s);
  EXPECT_EQ(ids().size(), 2U);
  EXPECT_EQ(state_of(victim), "gone");
}

TEST_F(AutoScaling, AnswersASecondTerminationWithScalingActivityInProgress) {
  given_group(0, 3, 2);
  const std::string victim = ids()[0];
  const std::string activity = ok(terminate(victim, true))["Activity"]["ActivityId"];
  EXPECT_EQ(refusal(terminate(victim, true)),
            "ScalingActivityInProgress: Activity " + activity + " is in progress.");
  EXPECT_EQ(desired(), 1);
}

TEST_F(AutoScaling, TerminatesManyInOneCallOrNone) {
  given_group(1, 6, 4);
  const std::vector<std::string> all = ids();
  const Json three = {{"AutoScalingGroupName", "web"},
                      {"InstanceIds", {all[0], all[1], all[2]}},
                      {"ShouldDecrementDesiredCapacity", true}};
  as_ok("UpdateAutoScalingGroup", {{"AutoScalingGroupName", "web"}, {"MinSize", 2}});
  EXPECT_TRUE(refusal(as("TerminateInstanceInAutoScalingGroup", three))
                  .starts_with("ValidationError: Currently, desiredSize"));
  EXPECT_EQ(ids().size(), 4U);
  as_ok("UpdateAutoScalingGroup", {{"AutoScalingGroupName", "web"}, {"MinSize", 1}});
  as_ok("TerminateInstanceInAutoScalingGroup", three);
  EXPECT_EQ(ids(), std::vector<std::string>{all[3]});
  EXPECT_EQ(desired(), 1);
}

TEST_F(AutoScaling, NamesWhatIsMissing) {
  EXPECT_EQ(refusal(terminate("i-0000000000000dead", false)),
            "ValidationError: Instance Id not found - No managed instance found for instance ID: "
            "i-0000000000000dead");
  EXPECT_EQ(
      refusal(as("SetDesiredCapacity", {{"AutoScalingGroupName", "nope"}, {"DesiredCapacity", 1}})),
      "ValidationError: AutoScalingGroup name not found - AutoScalingGroup 'nope' not found");
  EXPECT_TRUE(group("nope").is_null());
}

TEST_F(AutoScaling, StandbyLeavesAndRejoinsTheCapacity) {
  given_group(1, 3, 2);
  const std::string moved = ids()[0];
  const Json one = {{"AutoScalingGroupName", "web"}, {"InstanceIds", {moved}}};
  Json decrementing = one;
  decrementing["ShouldDecrementDesiredCapacity"] = true;
  as_ok("EnterStandby", decrementing);
  loop.run_for(1min);
  EXPECT_EQ(state_of(moved), "Standby");
  EXPECT_EQ(desired(), 1);
  EXPECT_EQ(ids().size(), 1U);
  as_ok("ExitStandby", one);
  EXPECT_EQ(state_of(moved), "Pending");
  loop.run_for(1min);
  EXPECT_EQ(state_of(moved), "InService");
  EXPECT_EQ(desired(), 2);
}

TEST_F(AutoScaling, StandbyBelowTheMinimumIsRefused) {
  given_group(2, 3, 2);
  EXPECT_TRUE(refusal(as("EnterStandby", {{"AutoScalingGroupName", "web"},
                                          {"InstanceIds", {ids()[0]}},
                                          {"ShouldDecrementDesiredCapacity", true}}))
                  .starts_with("ValidationError: AutoScalingGroup web has min-size=2, max-size=3"));
}

TEST_F(AutoScaling, DetachedInstancesLiveOn) {
  given_group(0, 3, 2);
  const std::string leaving = ids()[0];
  as_ok("DetachInstances", {{"AutoScalingGroupName", "web"},
                            {"InstanceIds", {leaving}},
                            {"ShouldDecrementDesiredCapacity", true}});
  loop.run_for(1min);
  EXPECT_EQ(state_of(leaving), "gone");
  EXPECT_EQ(ec2.find(leaving)->state, "running");
  as_ok("AttachInstances", {{"AutoScalingGroupName", "web"}, {"InstanceIds", {leaving}}});
  loop.run_for(1min);
  EXPECT_EQ(state_of(leaving), "InService");
  EXPECT_EQ(desired(), 2);
}

TEST_F(AutoScaling, IsDeletedWithItsInstancesOnlyByForce) {
  given_group(0, 3, 2);
  EXPECT_TRUE(refusal(as("DeleteAutoScalingGroup", {{"AutoScalingGroupName", "web"}}))
                  .starts_with("ResourceInUse: You cannot delete an AutoScalingGroup while there"));
  as_ok("DeleteAutoScalingGroup", {{"AutoScalingGroupName", "web"}, {"ForceDelete", "true"}});
  EXPECT_EQ(group()["Status"], "Delete in progress");
  loop.run_for(1min);
  EXPECT_TRUE(group().is_null());
}

TEST_F(AutoScaling, RefusesASecondGroupOfTheSameName) {
  given_group(0, 1, 0);
  const auto again =
      as("CreateAutoScalingGroup", {{"AutoScalingGroupName", "web"},
                                    {"MinSize", 0},
                                    {"MaxSize", 1},
                                    {"LaunchTemplate", {{"LaunchTemplateName", "web"}}},
                                    {"AvailabilityZones", {"eu-west-2a"}}});
  EXPECT_EQ(refusal(again),
            "AlreadyExists: AutoScalingGroup by this name already exists - A group with the name "
            "web already exists");
}

TEST_F(AutoScaling, PagesAndFiltersByTag) {
  for (int i = 0; i < 7; ++i) {
    const std::string name = "group-" + std::to_string(i);
    as_ok("CreateAutoScalingGroup",
          {{"AutoScalingGroupName", name},
           {"MinSize", 0},
           {"MaxSize", 0},
           {"LaunchTemplate", {{"LaunchTemplateName", "web"}}},
           {"AvailabilityZones", {"eu-west-2a"}},
           {"Tags", {{{"Key", i % 2 == 0 ? "even" : "odd"}, {"Value", std::to_string(i)}}}}});
  }
  std::vector<std::string> seen;
  Json arguments = {{"MaxRecords", "3"},
                    {"Filters", {{{"Name", "tag-key"}, {"Values", {"even"}}}}}};
  for (int pages = 0; pages < 5; ++pages) {
    const Json page = as_ok("DescribeAutoScalingGroups", arguments);
    for (const auto& found : page["AutoScalingGroups"])
      seen.push_back(found["AutoScalingGroupName"]);
    if (!page.contains("NextToken")) break;
    arguments["NextToken"] = page["NextToken"];
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"group-0", "group-2", "group-4", "group-6"}));
  const Json by_value = as_ok("DescribeAutoScalingGroups",
                              {{"Filters", {{{"Name", "tag:odd"}, {"Values", {"3", "4"}}}}}});
  ASSERT_EQ(by_value["AutoScalingGroups"].size(), 1U);
  EXPECT_EQ(by_value["AutoScalingGroups"][0]["AutoScalingGroupName"], "group-3");
  EXPECT_EQ(refusal(as("DescribeAutoScalingGroups", {{"MaxRecords", 101}})),
            "ValidationError: 1 validation error detected: Value '101' at 'maxRecords' failed to "
            "satisfy constraint: Member must have value less than or equal to 100");
  EXPECT_TRUE(refusal(as("DescribeAutoScalingGroups", {{"NextToken", "nonsense"}}))
                  .starts_with("InvalidNextToken"));
}

TEST_F(AutoScaling, TagsAreWrittenReadAndDeletedAndShownToCloudTrailTyped) {
  given_group(0, 0, 0);
  const Json tag = {{"ResourceId", "web"},
                    {"ResourceType", "auto-scaling-group"},
                    {"Key", "team"},
                    {"Value", "infra"},
                    {"PropagateAtLaunch", "false"}};
  const ApiOutcome written = as("CreateOrUpdateTags", {{"Tags", {tag}}});
  const Json trail = std::get<ApiAnswer>(written).trail_request.value();
  EXPECT_EQ(trail["tags"][0]["propagateAtLaunch"], false);
  EXPECT_EQ(trail["tags"][0]["resourceId"], "web");
  EXPECT_EQ(group()["Tags"][0]["Value"], "infra");
  const Json listed =
      as_ok("DescribeTags", {{"Filters", {{{"Name", "key"}, {"Values", {"team"}}}}}});
  EXPECT_EQ(listed["Tags"].size(), 1U);
  as_ok("DeleteTags", {{"Tags", {{{"ResourceId", "web"}, {"Key", "team"}}}}});
  EXPECT_EQ(group()["Tags"].size(), 0U);
  EXPECT_TRUE(
      refusal(as("CreateOrUpdateTags", {{"Tags", {{{"ResourceId", "nope"}, {"Key", "team"}}}}}))
          .starts_with("ValidationError"));
}

TEST_F(AutoScaling, CloudTrailSeesNumbersAsNumbers) {
  given_group(0, 3, 1);
  const ApiOutcome outcome =
      as("UpdateAutoScalingGroup",
         {{"AutoScalingGroupName", "web"},
          {"MinSize", "1"},
          {"LaunchTemplate", {{"LaunchTemplateName", "web"}, {"Version", "1"}}},
          {"NewInstancesProtectedFromScaleIn", "false"}});
  EXPECT_EQ(std::get<ApiAnswer>(outcome).trail_request.value(),
            Json::parse(R"({"autoScalingGroupName":"web","minSize":1,
                            "launchTemplate":{"launchTemplateName":"web","version":"1"},
                            "newInstancesProtectedFromScaleIn":false})"));
}

TEST_F(AutoScaling, ADeletedLaunchConfigurationLeavesItsInstancesWithoutOne) {
  as_ok("CreateLaunchConfiguration",
        {{"LaunchConfigurationName", "old"}, {"ImageId", "ami-1"}, {"InstanceType", "t3.micro"}});
  as_ok("CreateAutoScalingGroup", {{"AutoScalingGroupName", "web"},
                                   {"MinSize", 1},
                                   {"MaxSize", 1},
                                   {"LaunchConfigurationName", "old"},
                                   {"AvailabilityZones", {"eu-west-2a"}}});
  loop.run_for(30s);
  EXPECT_EQ(instances()[0]["LaunchConfigurationName"], "old");
  const Json doomed = {{"LaunchConfigurationName", "old"}};
  EXPECT_TRUE(refusal(as("DeleteLaunchConfiguration", doomed)).starts_with("ResourceInUse"));
  as_ok("UpdateAutoScalingGroup",
        {{"AutoScalingGroupName", "web"}, {"LaunchTemplate", {{"LaunchTemplateName", "web"}}}});
  as_ok("DeleteLaunchConfiguration", doomed);
  EXPECT_FALSE(instances()[0].contains("LaunchConfigurationName"));
  EXPECT_FALSE(instances()[0].contains("LaunchTemplate"));
}

TEST_F(AutoScaling, StaleReadsShowThePast) {
  given_group(0, 5, 1);
  world.faults().settings().stale_reads = 1.0;
  world.faults().settings().stale_age = 3s;
  set_desired(4);
  EXPECT_EQ(desired(), 1);
  loop.run_for(4s);
  EXPECT_EQ(desired(), 4);
}

TEST_F(AutoScaling, ShowsItsTemplateByIdAndName) {
  given_group(0, 1, 0);
  const Json shown = group()["LaunchTemplate"];
  EXPECT_TRUE(shown["LaunchTemplateId"].get<std::string>().starts_with("lt-"));
  EXPECT_EQ(shown["LaunchTemplateName"], "web");
  EXPECT_EQ(shown["Version"], "$Latest");
  EXPECT_EQ(refusal(as("UpdateAutoScalingGroup",
                       {{"AutoScalingGroupName", "web"},
                        {"LaunchTemplate", {{"LaunchTemplateId", "lt-0123456789abcdef0"}}}})),
            "ValidationError: You must use a valid fully-formed launch template. The specified "
            "launch template, with template ID lt-0123456789abcdef0, does not exist.");
}

TEST_F(AutoScaling, SaysHonestlyWhatIsNotSimulated) {
  EXPECT_TRUE(refusal(as("AttachTrafficSources", {{"AutoScalingGroupName", "web"}}))
                  .starts_with("InvalidAction: AttachTrafficSources is not simulated"));
}

}  // namespace
}  // namespace sim
