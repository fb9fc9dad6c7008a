#include "consumers/recycle/step_function.h"

#include "sim/step_functions_service.h"
#include "tests/consumers/sim_services.h"

#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

const base::TimePoint kRequestedAt = *base::parse_rfc3339("2026-01-02T03:04:05Z");

Policy full_policy() {
  Policy policy;
  policy.strategy_name = "in-out";
  policy.component = "test-sensu";
  policy.step_function_name = "step-func";
  policy.slack_monitoring_channel = "team-telemetry-alerts";
  policy.notify_pager_duty = true;
  policy.has_notify_pager_duty = true;
  policy.team = "Telemetry";
  policy.dry_run = true;
  policy.has_dry_run = true;
  return policy;
}

StepFunctionStart start_of(const Policy& policy,
                           const std::string& arn = "arn:aws:sts::1234567890:assumed-role/w/i") {
  return step_function_start({"1234567890", arn}, base::Region("eu-west-2"),
                             base::GroupName("test-sensu-12345"), policy, "test-slack",
                             kRequestedAt);
}

// The payload that the original autorecycle documents, key by key.
TEST(StepFunctionStart, CarriesTheDocumentedPayload) {
  EXPECT_EQ(
      start_of(full_policy()).input_json,
      R"({"account_id":"1234567890","success_channel":"test-slack","component":"test-sensu",)"
      R"("auto_scaling_group_name":"test-sensu-12345","emoji":":robot_face:",)"
      R"("strategy":"in-out","notify_pager_duty":true,"team":"Telemetry",)"
      R"("monitoring_slack_channel":"team-telemetry-alerts","step_function_name":"step-func",)"
      R"("dry_run":true})");
}

TEST(StepFunctionStart, LeavesOutTagsThatTheGroupDoesNotHave) {
  Policy policy;
  policy.strategy_name = "out-in";
  policy.component = "web";
  policy.step_function_name = "own";
  EXPECT_EQ(start_of(policy).input_json,
            R"({"account_id":"1234567890","success_channel":"test-slack","component":"web",)"
            R"("auto_scaling_group_name":"test-sensu-12345","emoji":":robot_face:",)"
            R"("strategy":"out-in","step_function_name":"own"})");
}

TEST(StepFunctionStart, NamesTheStateMachineOfThePartitionAndRegion) {
  EXPECT_EQ(start_of(full_policy()).state_machine_arn,
            "arn:aws:states:eu-west-2:1234567890:stateMachine:step-func");
  EXPECT_EQ(start_of(full_policy(), "arn:aws-cn:sts::1:user/x").state_machine_arn,
            "arn:aws-cn:states:eu-west-2:1234567890:stateMachine:step-func");
}

TEST(StepFunctionStart, GivesTheExecutionANameThatAwsTakes) {
  EXPECT_EQ(start_of(full_policy()).name, "test-sensu-20260102030405");
  Policy policy = full_policy();
  policy.component = "a b/c\xc3\xa9";
  EXPECT_EQ(start_of(policy).name, "a-b-c---20260102030405");
  policy.component = std::string(200, 'x');
  EXPECT_EQ(start_of(policy).name, std::string(65, 'x') + "-20260102030405");
}

struct Stage : test::SimServices {
  Stage() {
    test::GroupSpec spec;
    spec.name = "sensu-asg-1";
    spec.tags = test::tags_for("mongo");  // theirs, not ours
    spec.tags["autorecycle_step_function_name"] = "own";
    create_group(spec);
  }
};

TEST(StepFunction, IsStartedOnceInsteadOfRecyclingHere) {
  Stage stage;
  stage.create_state_machine("own");
  stage.create_template_version();
  messages::RecycleRequest request = test::request_for("sensu-asg-1");
  request.requested_at = kRequestedAt;
  for (int delivery = 0; delivery < 2; ++delivery) {  // the second one is a duplicate
    const Verdict verdict = stage.deliver(request);
    EXPECT_TRUE(std::holds_alternative<Done>(verdict));
  }
  const auto& executions = stage.region.step_functions().executions();
  ASSERT_EQ(executions.size(), 1U);
  EXPECT_EQ(executions[0].name, "sensu-20260102030405");
  EXPECT_NE(executions[0].input.find("\"strategy\":\"mongo\""), std::string::npos);
  EXPECT_EQ(stage.region.mutations("sensu-asg-1", test::kWorkerKey), 0);
}

TEST(StepFunction, IsNotStartedWhenNothingIsOld) {
  Stage stage;
  stage.create_state_machine("own");
  EXPECT_TRUE(std::holds_alternative<Done>(stage.deliver(test::request_for("sensu-asg-1"))));
  EXPECT_TRUE(stage.region.step_functions().executions().empty());
}

TEST(StepFunction, IsNotStartedInADryRun) {
  Stage stage;
  stage.create_state_machine("own");
  stage.create_template_version();
  messages::RecycleRequest request = test::request_for("sensu-asg-1");
  request.dry_run = true;
  EXPECT_TRUE(std::holds_alternative<Done>(stage.deliver(request)));
  EXPECT_TRUE(stage.region.step_functions().executions().empty());
}

TEST(StepFunction, ThatDoesNotExistIsRefusedByName) {
  Stage stage;
  stage.create_template_version();
  const Verdict verdict = stage.deliver(test::request_for("sensu-asg-1"));
  ASSERT_TRUE(std::holds_alternative<Poison>(verdict));
  EXPECT_NE(std::get<Poison>(verdict).reason.find("own"), std::string::npos);
}

}  // namespace
}  // namespace consumers::recycle
