// Target groups and classic load balancers, and what groups do with them.
#include "tests/sim/autoscaling_rig.h"

namespace sim {
namespace {

class Elb : public AutoScalingRig {
 protected:
  ApiOutcome classic(const std::string& operation, Json arguments) {
    return call(elb, operation, std::move(arguments), "2012-06-01");
  }
};

TEST_F(Elb, ATargetBecomesHealthyOnlyAfterItsChecks) {
  const std::string arn = given_target_group();
  elb_ok("RegisterTargets", {{"TargetGroupArn", arn}, {"Targets", {{{"Id", "i-1"}}}}});
  const Json first = elb_ok("DescribeTargetHealth", {{"TargetGroupArn", arn}});
  const Json health = first["TargetHealthDescriptions"][0]["TargetHealth"];
  EXPECT_EQ(health["State"], "initial");
  EXPECT_EQ(health["Reason"], "Elb.RegistrationInProgress");
  loop.run_for(9s);
  EXPECT_EQ(target_state(arn, "i-1"), "initial");
  loop.run_for(2s);
  EXPECT_EQ(target_state(arn, "i-1"), "healthy");
}

TEST_F(Elb, ADeregisteredTargetDrainsForItsDelay) {
  const std::string arn = given_target_group();
  elb_ok("ModifyTargetGroupAttributes",
         {{"TargetGroupArn", arn},
          {"Attributes", {{{"Key", "deregistration_delay.timeout_seconds"}, {"Value", "30"}}}}});
  const Json one = {{"TargetGroupArn", arn}, {"Targets", {{{"Id", "i-1"}}}}};
  elb_ok("RegisterTargets", one);
  loop.run_for(20s);
  elb_ok("DeregisterTargets", one);
  EXPECT_EQ(target_state(arn, "i-1"), "draining");
  loop.run_for(29s);
  EXPECT_EQ(target_state(arn, "i-1"), "draining");
  loop.run_for(2s);
  EXPECT_EQ(target_state(arn, "i-1"), "unused");
  EXPECT_EQ(
      elb_ok("DescribeTargetHealth", {{"TargetGroupArn", arn}})["TargetHealthDescriptions"].size(),
      0U);
}

TEST_F(Elb, RegisteringAgainEndsTheDraining) {
  const std::string arn = given_target_group();
  const Json one = {{"TargetGroupArn", arn}, {"Targets", {{{"Id", "i-1"}}}}};
  elb_ok("RegisterTargets", one);
  loop.run_for(20s);
  elb_ok("DeregisterTargets", one);
  elb_ok("RegisterTargets", one);
  loop.run_for(10min);
  EXPECT_EQ(target_state(arn, "i-1"), "healthy");
}

TEST_F(Elb, NamesAMissingTargetGroup) {
  EXPECT_EQ(
      refusal(call(elb, "DescribeTargetHealth", {{"TargetGroupArn", "arn:nope"}}, "2015-12-01")),
      "TargetGroupNotFound: One or more target groups not found");
}

TEST_F(Elb, AGroupRegistersWhatServesAndDrainsBeforeItTerminates) {
  const std::string arn = given_target_group();
  given_group(0, 2, 1, {{"TargetGroupARNs", {arn}}});
  const std::string id = ids().at(0);
  EXPECT_EQ(target_state(arn, id), "healthy");
  ok(terminate(id, true));
  loop.run_for(299s);
  EXPECT_EQ(state_of(id), "Terminating");
  EXPECT_EQ(target_state(arn, id), "draining");
  EXPECT_EQ(ec2.find(id)->state, "running");
  loop.run_for(2s);
  EXPECT_EQ(ec2.find(id)->state, "shutting-down");
  EXPECT_EQ(target_state(arn, id), "unused");
  loop.run_for(30s);
  EXPECT_EQ(state_of(id), "gone");
}

TEST_F(Elb, WhatLaunchesWhileAddToLoadBalancerIsSuspendedStaysUnregistered) {
  const std::string arn = given_target_group();
  given_group(0, 3, 0, {{"TargetGroupARNs", {arn}}});
  suspend("AddToLoadBalancer");
  set_desired(1);
  loop.run_for(30s);
  resume("AddToLoadBalancer");
  loop.run_for(30s);
  EXPECT_EQ(target_state(arn, ids().at(0)), "unused");
}

TEST_F(Elb, AttachingATargetGroupRegistersTheMembers) {
  given_group(0, 3, 2);
  const std::string arn = given_target_group();
  as_ok("AttachLoadBalancerTargetGroups",
        {{"AutoScalingGroupName", "web"}, {"TargetGroupARNs", {arn}}});
  loop.run_for(15s);
  for (const auto& id : ids()) EXPECT_EQ(target_state(arn, id), "healthy");
  as_ok("DetachLoadBalancerTargetGroups",
        {{"AutoScalingGroupName", "web"}, {"TargetGroupARNs", {arn}}});
  EXPECT_EQ(target_state(arn, ids().at(0)), "draining");
}

TEST_F(Elb, AnUnhealthyTargetIsReplacedOnlyWithElbHealthChecks) {
  const std::string arn = given_target_group();
  given_group(1, 2, 1, {{"TargetGroupARNs", {arn}}, {"HealthCheckGracePeriod", 60}});
  const std::string sick = ids().at(0);
  elb.set_failing(sick, true);
  EXPECT_EQ(target_state(arn, sick), "unhealthy");
  loop.run_for(10min);
  EXPECT_EQ(state_of(sick), "InService");
  EXPECT_EQ(instances()[0]["HealthStatus"], "Healthy");

  as_ok("UpdateAutoScalingGroup", {{"AutoScalingGroupName", "web"}, {"HealthCheckType", "ELB"}});
  elb.set_failing(sick, false);
  elb.set_failing(sick, true);
  loop.run_for(15s);
  EXPECT_EQ(state_of(sick), "Terminating");
  loop.run_for(10min);
  EXPECT_EQ(ids().size(), 1U);
  EXPECT_NE(ids()[0], sick);
}

TEST_F(Elb, ANeverHealthyInstanceServesInTheGroupButNotBehindItsTargetGroup) {
  const std::string arn = given_target_group();
  given_group(0, 2, 0, {{"TargetGroupARNs", {arn}}});
  auto_scaling.never_healthy(1);
  set_desired(1);
  loop.run_for(5min);
  ASSERT_EQ(ids().size(), 1U);
  EXPECT_EQ(target_state(arn, ids()[0]), "unhealthy");
}

TEST_F(Elb, AStoppedInstanceFailsItsTargetGroupsChecks) {
  const std::string arn = given_target_group();
  given_group(0, 2, 1, {{"TargetGroupARNs", {arn}}});
  suspend("HealthCheck");
  const std::string id = ids().at(0);
  ec2_ok("StopInstances", {{"InstanceId", {id}}});
  EXPECT_EQ(target_state(arn, id), "unhealthy");
  loop.run_for(1min);
  ec2_ok("StartInstances", {{"InstanceId", {id}}});
  loop.run_for(1min);
  EXPECT_EQ(target_state(arn, id), "healthy");
}

TEST_F(Elb, ClassicLoadBalancersKnowTheirInstances) {
  ok(classic("CreateLoadBalancer", {{"LoadBalancerName", "old"}}));
  given_group(0, 2, 1, {{"LoadBalancerNames", {"old"}}});
  const std::string id = ids().at(0);
  const Json health =
      ok(classic("DescribeInstanceHealth", {{"LoadBalancerName", "old"}}))["InstanceStates"];
  ASSERT_EQ(health.size(), 1U);
  EXPECT_EQ(health[0]["InstanceId"], id);
  EXPECT_EQ(health[0]["State"], "InService");
  EXPECT_TRUE(refusal(classic("DescribeInstanceHealth", {{"LoadBalancerName", "nope"}}))
                  .starts_with("LoadBalancerNotFound"));
  EXPECT_TRUE(refusal(classic("DescribeTargetHealth", {})).starts_with("InvalidAction"));
}

}  // namespace
}  // namespace sim
