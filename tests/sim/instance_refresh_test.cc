// Instance refresh, scaling by others, and a group that AWS gives up.
#include "tests/sim/autoscaling_rig.h"

namespace sim {
namespace {

class Refresh : public AutoScalingRig {
 protected:
  std::string start(Json preferences = Json::object()) {
    Json arguments = {{"AutoScalingGroupName", "web"}};
    if (!preferences.empty()) arguments["Preferences"] = std::move(preferences);
    return as_ok("StartInstanceRefresh", arguments).value("InstanceRefreshId", "");
  }
  Json newest() {
    return as_ok("DescribeInstanceRefreshes",
                 {{"AutoScalingGroupName", "web"}})["InstanceRefreshes"][0];
  }
};

TEST_F(Refresh, ReplacesEveryInstanceAndKeepsTheSize) {
  given_group(1, 6, 4);
  const auto before = ids();
  new_template_version();
  start();
  loop.run_for(10min);
  EXPECT_EQ(newest()["Status"], "Successful");
  EXPECT_EQ(newest()["PercentageComplete"], 100);
  const auto after = ids();
  ASSERT_EQ(after.size(), 4U);
  for (const auto& id : before) EXPECT_EQ(std::count(after.begin(), after.end(), id), 0);
  EXPECT_EQ(events_of("EC2 Auto Scaling Instance Refresh Started").size(), 1U);
  EXPECT_EQ(events_of("EC2 Auto Scaling Instance Refresh Succeeded").size(), 1U);
}

TEST_F(Refresh, TakesOutNoMoreThanMinHealthyPercentageAllows) {
  given_group(1, 8, 4);
  start({{"MinHealthyPercentage", 50}});
  std::size_t least = 4;
  for (int second = 0; second < 600; ++second) {
    loop.run_for(1s);
    least = std::min(least, ids().size());
  }
  EXPECT_EQ(least, 2U);
}

TEST_F(Refresh, SkipsWhatMatchesWhenAsked) {
  given_group(1, 6, 2);
  const auto before = ids();
  start({{"SkipMatching", "true"}});
  loop.run_for(2min);
  EXPECT_EQ(newest()["Status"], "Successful");
  EXPECT_EQ(ids(), before);
}

TEST_F(Refresh, RunsOncePerGroupAtATimeUntilItIsCancelled) {
  given_group(1, 6, 4);
  const std::string id = start();
  EXPECT_TRUE(refusal(as("StartInstanceRefresh", {{"AutoScalingGroupName", "web"}}))
                  .starts_with("InstanceRefreshInProgress"));
  loop.run_for(10s);
  EXPECT_EQ(as_ok("CancelInstanceRefresh", {{"AutoScalingGroupName", "web"}})["InstanceRefreshId"],
            id);
  EXPECT_EQ(newest()["Status"], "Cancelled");
  EXPECT_TRUE(refusal(as("CancelInstanceRefresh", {{"AutoScalingGroupName", "web"}}))
                  .starts_with("ActiveInstanceRefreshNotFound"));
  loop.run_for(10min);
  EXPECT_EQ(ids().size(), 4U);
}

TEST_F(Refresh, PausesWhileItsProcessIsSuspendedAndFailsAfterAnHourWithoutProgress) {
  given_group(1, 6, 2);
  start();
  suspend("InstanceRefresh");
  const auto before = ids();
  loop.run_for(30min);
  EXPECT_EQ(ids(), before);
  resume("InstanceRefresh");
  suspend("Launch");
  loop.run_for(2h);
  EXPECT_EQ(newest()["Status"], "Failed");
}

class ScalingByOthers : public AutoScalingRig {
 protected:
  ApiOutcome execute() {
    return as("ExecutePolicy", {{"AutoScalingGroupName", "web"}, {"PolicyName", "out"}});
  }
  void policy(const std::string& type, int adjustment) {
    as_ok("PutScalingPolicy", {{"AutoScalingGroupName", "web"},
                               {"PolicyName", "out"},
                               {"AdjustmentType", type},
                               {"ScalingAdjustment", adjustment}});
  }
};

TEST_F(ScalingByOthers, PoliciesChangeDesiredWithinTheBounds) {
  struct Case {
    const char* type;
    int adjustment;
    int desired;
  };
  given_group(1, 6, 4);
  for (const Case& one :
       {Case{"ChangeInCapacity", 1, 5}, Case{"ChangeInCapacity", 9, 6}, Case{"ExactCapacity", 4, 4},
        Case{"PercentChangeInCapacity", -50, 2}, Case{"PercentChangeInCapacity", -10, 1},
        Case{"ChangeInCapacity", -5, 1}}) {
    policy(one.type, one.adjustment);
    ok(execute());
    EXPECT_EQ(desired(), one.desired) << one.type << " " << one.adjustment;
  }
}

TEST_F(ScalingByOthers, ASuspendedAlarmNotificationKeepsPoliciesOut) {
  given_group(1, 6, 4);
  policy("ChangeInCapacity", 1);
  suspend("AlarmNotification");
  ok(execute());
  EXPECT_EQ(desired(), 4);
}

TEST_F(ScalingByOthers, AScheduledActionHappensOnceAtItsTime) {
  given_group(1, 6, 4);
  const auto at = base::format_rfc3339(
      std::chrono::floor<std::chrono::seconds>(loop.clock().now()) + std::chrono::minutes(5));
  as_ok("PutScheduledUpdateGroupAction", {{"AutoScalingGroupName", "web"},
                                          {"ScheduledActionName", "night"},
                                          {"StartTime", at},
                                          {"MinSize", 0},
                                          {"DesiredCapacity", 0}});
  loop.run_for(4min);
  EXPECT_EQ(desired(), 4);
  loop.run_for(2min);
  EXPECT_EQ(desired(), 0);
  EXPECT_EQ(group()["MinSize"], 0);
  EXPECT_TRUE(as_ok("DescribeScheduledActions",
                    {{"AutoScalingGroupName", "web"}})["ScheduledUpdateGroupActions"]
                  .empty());
}

class GivenUp : public AutoScalingRig {};

TEST_F(GivenUp, LaunchIsSuspendedByAwsAfterADayOfFailedLaunches) {
  given_group(1, 6, 1);
  auto_scaling.configure({{"failed_zones", {"eu-west-2a", "eu-west-2b", "eu-west-2c"}}});
  set_desired(2);
  loop.run_for(23h);
  EXPECT_TRUE(group()["SuspendedProcesses"].empty());
  loop.run_for(2h);
  ASSERT_EQ(group()["SuspendedProcesses"].size(), 1U);
  EXPECT_EQ(group()["SuspendedProcesses"][0]["ProcessName"], "Launch");
  const std::string reason = group()["SuspendedProcesses"][0]["SuspensionReason"];
  EXPECT_FALSE(reason.starts_with("User suspended")) << reason;
}

TEST_F(GivenUp, OneSuccessfulLaunchStartsTheDayAnew) {
  given_group(1, 6, 1);
  const std::vector<std::string> all = {"eu-west-2a", "eu-west-2b", "eu-west-2c"};
  for (int day = 0; day < 2; ++day) {
    auto_scaling.configure({{"failed_zones", all}});
    set_desired(2 + day);
    loop.run_for(20h);
    auto_scaling.configure({{"failed_zones", Json::array()}});
    loop.run_for(1h);
  }
  EXPECT_TRUE(group()["SuspendedProcesses"].empty());
}

TEST_F(GivenUp, AShortageInOneZoneSendsLaunchesToTheOthers) {
  given_group(1, 9, 3);
  auto_scaling.configure({{"failed_zones", {"eu-west-2a"}}});
  set_desired(7);
  loop.run_for(2min);
  EXPECT_EQ(ids().size(), 7U);
  auto_scaling.configure({{"failed_zones", {"eu-west-2a", "eu-west-2b", "eu-west-2c"}}});
  set_desired(9);
  loop.run_for(2min);
  EXPECT_EQ(ids().size(), 7U);
  EXPECT_EQ(activities()[0]["StatusCode"], "Failed");
}

class Staleness : public AutoScalingRig {
 protected:
  void everything_is_old(base::Duration age) {
    world.faults().settings().stale_reads = 1.0;
    world.faults().settings().stale_age = age;
  }
  std::size_t known_to_ec2(const std::string& id) {
    return ec2_ok("DescribeInstances",
                  {{"Filter", {{{"Name", "instance-id"}, {"Value", {id}}}}}})["reservationSet"]
        .size();
  }
};

TEST_F(Staleness, Ec2DoesNotKnowANewInstanceYet) {
  given_group(1, 6, 1);
  set_desired(2);
  ASSERT_TRUE(loop.run_until([this] { return !ids("Pending").empty(); }, 1min));
  const auto pending = ids("Pending");
  everything_is_old(10s);
  EXPECT_EQ(known_to_ec2(pending[0]), 0U);
  loop.run_for(10s);
  EXPECT_EQ(known_to_ec2(pending[0]), 1U);
}

TEST_F(Staleness, TargetHealthShowsThePast) {
  const std::string arn = given_target_group();
  given_group(1, 6, 1, {{"TargetGroupARNs", Json::array({arn})}});
  loop.run_for(30s);
  const std::string id = ids().at(0);
  EXPECT_EQ(target_state(arn, id), "healthy");
  elb.set_failing(id, true);
  everything_is_old(5s);
  EXPECT_EQ(elb.states_of(arn, 5s).at(id), "healthy");
  EXPECT_EQ(elb.states_of(arn).at(id), "unhealthy");
  const auto all = elb_ok("DescribeTargetHealth", {{"TargetGroupArn", arn}});
  EXPECT_EQ(all["TargetHealthDescriptions"][0]["TargetHealth"]["State"], "healthy");
  loop.run_for(6s);
  const auto later = elb_ok("DescribeTargetHealth", {{"TargetGroupArn", arn}});
  EXPECT_EQ(later["TargetHealthDescriptions"][0]["TargetHealth"]["State"], "unhealthy");
}

class HookLimits : public AutoScalingRig {};

TEST_F(HookLimits, NoHeartbeatHelpsBeyondAHundredTimesTheTimeout) {
  given_group(0, 6, 0);
  as_ok("PutLifecycleHook", {{"AutoScalingGroupName", "web"},
                             {"LifecycleHookName", "ready"},
                             {"LifecycleTransition", "autoscaling:EC2_INSTANCE_LAUNCHING"},
                             {"HeartbeatTimeout", 60},
                             {"DefaultResult", "CONTINUE"}});
  set_desired(1);
  loop.run_for(30s);
  const std::string waiting = ids("Pending:Wait").at(0);
  int heartbeats = 0;
  while (state_of(waiting) == "Pending:Wait" && heartbeats < 300) {
    as("RecordLifecycleActionHeartbeat",
       {{"AutoScalingGroupName", "web"}, {"LifecycleHookName", "ready"}, {"InstanceId", waiting}});
    loop.run_for(30s);
    ++heartbeats;
  }
  EXPECT_EQ(state_of(waiting), "InService");
  EXPECT_GE(heartbeats, 198);  // a hundred minutes
  EXPECT_LE(heartbeats, 201);
}

class Contention : public AutoScalingRig {};

TEST_F(Contention, IsAFaultThatARuleCanAskFor) {
  given_group(1, 6, 2);
  FaultRule rule;
  rule.kind = FaultKind::kError;
  rule.service = "autoscaling";
  rule.operation = "UpdateAutoScalingGroup";
  rule.status = 500;
  rule.code = "ResourceContention";
  rule.message = "You already have a pending update to an Amazon EC2 Auto Scaling resource.";
  rule.count = 1;
  world.faults().add(rule);
  ApiCall update;
  update.service = "autoscaling";
  update.operation = "UpdateAutoScalingGroup";
  const auto first = world.faults().decide(update);
  ASSERT_TRUE(first.refuse);
  EXPECT_EQ(first.refuse->code, "ResourceContention");
  EXPECT_EQ(first.refuse->status, 500);
  EXPECT_FALSE(world.faults().decide(update).refuse);
}

}  // namespace
}  // namespace sim
