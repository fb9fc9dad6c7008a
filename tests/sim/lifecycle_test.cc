// Lifecycle hooks: waiting, completing, running out.
#include "tests/sim/autoscaling_rig.h"

namespace sim {
namespace {

class Lifecycle : public AutoScalingRig {
 protected:
  void given_hook(const std::string& transition, const std::string& default_result = "ABANDON",
                  int timeout = 60) {
    as_ok("PutLifecycleHook",
          {{"AutoScalingGroupName", "web"},
           {"LifecycleHookName", "ready"},
           {"LifecycleTransition", "autoscaling:EC2_INSTANCE_" + transition},
           {"HeartbeatTimeout", timeout},
           {"DefaultResult", default_result},
           {"NotificationMetadata", "text"},
           {"NotificationTargetARN", "arn:aws:sqs:eu-west-2:123456789012:hooks"}});
  }
  ApiOutcome complete(const std::string& id, const std::string& result) {
    return as("CompleteLifecycleAction", {{"AutoScalingGroupName", "web"},
                                          {"LifecycleHookName", "ready"},
                                          {"InstanceId", id},
                                          {"LifecycleActionResult", result}});
  }
};

TEST_F(Lifecycle, ALaunchWaitsHealthyUntilItIsContinued) {
  given_group(0, 3, 0);
  given_hook("LAUNCHING", "ABANDON", 3600);
  set_desired(1);
  loop.run_for(10min);
  ASSERT_EQ(ids("Pending:Wait").size(), 1U);
  EXPECT_EQ(instances()[0]["HealthStatus"], "Healthy");
  EXPECT_EQ(activities()[0]["StatusCode"], "MidLifecycleAction");
  EXPECT_EQ(activities()[0]["Progress"], 40);
  const auto waiting = events_of("EC2 Instance-launch Lifecycle Action");
  ASSERT_EQ(waiting.size(), 1U);
  const Json detail = waiting[0]["detail"];
  EXPECT_EQ(detail["LifecycleTransition"], "autoscaling:EC2_INSTANCE_LAUNCHING");
  EXPECT_EQ(detail["NotificationMetadata"], "text");
  EXPECT_EQ(detail["Origin"], "EC2");
  as_ok("CompleteLifecycleAction", {{"AutoScalingGroupName", "web"},
                                    {"LifecycleHookName", "ready"},
                                    {"LifecycleActionToken", detail["LifecycleActionToken"]},
                                    {"LifecycleActionResult", "CONTINUE"}});
  EXPECT_EQ(ids("InService").size(), 1U);
}

TEST_F(Lifecycle, AnAbandonedLaunchIsReplaced) {
  given_group(0, 3, 0);
  given_hook("LAUNCHING", "CONTINUE", 3600);
  set_desired(1);
  loop.run_for(30s);
  const std::string first = ids("Pending:Wait").at(0);
  ok(complete(first, "ABANDON"));
  EXPECT_EQ(state_of(first), "Terminating");
  EXPECT_EQ(events_of("EC2 Instance Launch Unsuccessful").size(), 1U);
  loop.run_for(1min);
  EXPECT_EQ(state_of(first), "gone");
  ASSERT_EQ(ids("Pending:Wait").size(), 1U);
}

TEST_F(Lifecycle, AHeartbeatThatRunsOutGivesTheDefaultResult) {
  given_group(0, 3, 0);
  given_hook("LAUNCHING", "CONTINUE");
  set_desired(1);
  loop.run_for(79s);
  EXPECT_EQ(ids("Pending:Wait").size(), 1U);
  loop.run_for(2s);
  EXPECT_EQ(ids("InService").size(), 1U);
}

TEST_F(Lifecycle, AHeartbeatExtendsTheWait) {
  given_group(0, 3, 0);
  given_hook("LAUNCHING", "CONTINUE");
  set_desired(1);
  loop.run_for(70s);
  const std::string waiting = ids("Pending:Wait").at(0);
  as_ok("RecordLifecycleActionHeartbeat",
        {{"AutoScalingGroupName", "web"}, {"LifecycleHookName", "ready"}, {"InstanceId", waiting}});
  loop.run_for(58s);
  EXPECT_EQ(state_of(waiting), "Pending:Wait");
  loop.run_for(3s);
  EXPECT_EQ(state_of(waiting), "InService");
}

TEST_F(Lifecycle, ATerminationWaitsAndEndsEitherWay) {
  for (const char* result : {"CONTINUE", "ABANDON"}) {
    SCOPED_TRACE(result);
    if (!group().is_null()) {
      as_ok("DeleteLifecycleHook",
            {{"AutoScalingGroupName", "web"}, {"LifecycleHookName", "ready"}});
      as_ok("DeleteAutoScalingGroup", {{"AutoScalingGroupName", "web"}, {"ForceDelete", true}});
      loop.run_for(1min);
    }
    given_group(0, 3, 1);
    given_hook("TERMINATING", "CONTINUE", 3600);
    const std::string victim = ids().at(0);
    ok(terminate(victim, true));
    loop.run_for(5min);
    EXPECT_EQ(state_of(victim), "Terminating:Wait");
    EXPECT_EQ(ec2.find(victim)->state, "running");
    ok(complete(victim, result));
    EXPECT_EQ(state_of(victim), "Terminating:Proceed");
    loop.run_for(22s);
    EXPECT_EQ(state_of(victim), "gone");
  }
}

TEST_F(Lifecycle, CompletingTwiceSaysThatNothingIsActive) {
  given_group(0, 3, 0);
  given_hook("LAUNCHING");
  set_desired(1);
  loop.run_for(30s);
  const std::string id = ids("Pending:Wait").at(0);
  ok(complete(id, "CONTINUE"));
  EXPECT_EQ(refusal(complete(id, "CONTINUE")),
            "ValidationError: No active Lifecycle Action found with instance ID " + id);
}

TEST_F(Lifecycle, DeletingAHookAbandonsPendingLaunchesAndContinuesTerminations) {
  given_group(0, 3, 1);
  given_hook("TERMINATING", "CONTINUE", 3600);
  const std::string victim = ids().at(0);
  ok(terminate(victim, true));
  loop.run_for(1s);
  EXPECT_EQ(state_of(victim), "Terminating:Wait");
  as_ok("DeleteLifecycleHook", {{"AutoScalingGroupName", "web"}, {"LifecycleHookName", "ready"}});
  EXPECT_EQ(state_of(victim), "Terminating:Proceed");

  given_hook("LAUNCHING", "CONTINUE", 3600);
  set_desired(1);
  loop.run_for(25s);
  const std::string pending = ids("Pending:Wait").at(0);
  as_ok("DeleteLifecycleHook", {{"AutoScalingGroupName", "web"}, {"LifecycleHookName", "ready"}});
  EXPECT_EQ(state_of(pending), "Terminating");
}

TEST_F(Lifecycle, TellsItsNotificationTarget) {
  std::vector<Json> delivered;
  auto_scaling.on_notification([&](const std::string& arn, const Json& message) {
    EXPECT_EQ(arn, "arn:aws:sqs:eu-west-2:123456789012:hooks");
    delivered.push_back(message);
  });
  given_group(0, 3, 0);
  given_hook("LAUNCHING");
  set_desired(1);
  loop.run_for(30s);
  ASSERT_EQ(delivered.size(), 2U);
  EXPECT_EQ(delivered[0]["Event"], "autoscaling:TEST_NOTIFICATION");
  EXPECT_EQ(delivered[1]["Service"], "AWS Auto Scaling");
  EXPECT_EQ(delivered[1]["EC2InstanceId"], ids("Pending:Wait").at(0));
  EXPECT_FALSE(delivered[1].contains("Origin"));
}

TEST_F(Lifecycle, RefusesHooksOutsideTheDocumentedLimits) {
  given_group(0, 1, 0);
  const auto put = [&](const Json& more) {
    Json arguments = {{"AutoScalingGroupName", "web"},
                      {"LifecycleHookName", "ready"},
                      {"LifecycleTransition", "autoscaling:EC2_INSTANCE_LAUNCHING"}};
    arguments.update(more);
    return refusal(as("PutLifecycleHook", arguments));
  };
  EXPECT_EQ(put(Json::object()), "");
  EXPECT_NE(put({{"HeartbeatTimeout", 29}}), "");
  EXPECT_NE(put({{"HeartbeatTimeout", 7201}}), "");
  EXPECT_NE(put({{"DefaultResult", "MAYBE"}}), "");
  EXPECT_NE(put({{"LifecycleTransition", "autoscaling:OTHER"}}), "");
}

}  // namespace
}  // namespace sim
