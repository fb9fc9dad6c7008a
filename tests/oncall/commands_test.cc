#include "sim/faults.h"
#include "tests/oncall/rig.h"

namespace test {
namespace {

class Commands : public OncallRig {};

TEST_F(Commands, RunsOnEveryInstanceAndBringsTheOutput) {
  const Json ids = {run_instance(), run_instance()};
  const auto outcome = run("oncall-run-command",
                           {{"instance_ids", ids}, {"commands", {"sleep 20", "echo up 3 days"}}});
  EXPECT_EQ(outcome.status, 200) << outcome.text();
  EXPECT_EQ(outcome.body["succeeded"], true);
  ASSERT_EQ(outcome.body["results"].size(), 2U);
  for (const Json& one : outcome.body["results"]) {
    EXPECT_EQ(one["status"], "Success");
    EXPECT_EQ(one["exit_code"], 0);
    EXPECT_EQ(one["output"], "up 3 days\n");
  }
  EXPECT_EQ(outcome.calls.at("ssm:SendCommand"), 1);
  EXPECT_FALSE(outcome.calls.contains("ssm:CancelCommand"));
}

TEST_F(Commands, AFailureIs500WithWhatWasPrinted) {
  const Json ids = {run_instance()};
  const auto outcome = run("oncall-run-command",
                           {{"instance_ids", ids}, {"commands", {"echo no disk >&2", "exit 3"}}});
  EXPECT_EQ(outcome.status, 500);
  EXPECT_EQ(outcome.body["message"], "failed: 1 of 1: Failed (exit code 3)");
  EXPECT_EQ(outcome.body["results"][0]["exit_code"], 3);
  EXPECT_EQ(outcome.body["results"][0]["error_output"], "no disk\n");
}

TEST_F(Commands, WhatTakesTooLongIsCancelledAndIs408) {
  const std::string id = run_instance();
  const auto outcome =
      run("oncall-run-command",
          {{"instance_ids", {id}}, {"commands", {"sleep 3600"}}, {"execution_timeout", 7200}},
          {.dry_run = false, .request_id = "r", .timeout = 2min});
  EXPECT_EQ(outcome.status, 408) << outcome.text();
  EXPECT_EQ(outcome.calls.at("ssm:CancelCommand"), 1);
  const Json command = call("ssm", "GetCommandInvocation",
                            {{"CommandId", outcome.body["command_id"]}, {"InstanceId", id}});
  EXPECT_EQ(command["Status"], "Cancelled") << "nothing runs on";
}

TEST_F(Commands, TheScriptsOwnTimeIsKept) {
  const Json ids = {run_instance()};
  const auto outcome =
      run("oncall-run-command",
          {{"instance_ids", ids}, {"commands", {"sleep 3600"}}, {"execution_timeout", 30}});
  EXPECT_EQ(outcome.status, 500);
  EXPECT_EQ(outcome.body["results"][0]["status"], "ExecutionTimedOut");
}

TEST_F(Commands, AnInstanceWhoseAgentIsSilentTimesOut) {
  const std::string id = run_instance();
  region.ssm().lose_agent(id);
  const auto outcome = run("oncall-run-command", {{"instance_ids", {id}}, {"commands", {"true"}}});
  EXPECT_EQ(outcome.status, 500);
  EXPECT_EQ(outcome.body["results"][0]["status"], "DeliveryTimedOut");
  EXPECT_TRUE(outcome.body["results"][0]["exit_code"].is_null());
}

TEST_F(Commands, SendsACommandOnceEvenWhenTheAnswerIsLost) {
  const Json ids = {run_instance()};
  sim::FaultRule lost;
  lost.kind = sim::FaultKind::kLost;
  lost.operation = "SendCommand";
  lost.count = 1;
  region.faults().add(lost);
  const auto outcome = run("oncall-run-command", {{"instance_ids", ids}, {"commands", {"true"}}});
  EXPECT_EQ(outcome.status, 500) << outcome.text();
  EXPECT_TRUE(outcome.text().starts_with("Error running command: ")) << outcome.text();
  EXPECT_EQ(region.ssm().sent().size(), 1U);
}

TEST_F(Commands, RefusesInstancesThatAreNotThereAndRequestsThatAreNotClear) {
  const std::string id = run_instance();
  EXPECT_EQ(
      run("oncall-run-command", {{"instance_ids", {"i-0123456789abcdef0"}}, {"commands", {"true"}}})
          .status,
      404);
  for (const Json& params : {Json{{"commands", {"true"}}}, Json{{"instance_ids", {id}}},
                             Json{{"instance_ids", {id}}, {"group", "g"}, {"commands", {"true"}}},
                             Json{{"instance_ids", {"x"}}, {"commands", {"true"}}},
                             Json{{"instance_ids", {id}}, {"commands", Json::array()}},
                             Json{{"instance_ids", Json::array()}, {"commands", {"true"}}}}) {
    EXPECT_EQ(run("oncall-run-command", params).status, 400) << params;
  }
  EXPECT_TRUE(region.ssm().sent().empty());
}

TEST_F(Commands, DryRunSaysWhereItWouldRun) {
  const std::string id = run_instance();
  const auto outcome =
      dry_run("oncall-run-command", {{"instance_ids", {id}}, {"commands", {"true"}}});
  EXPECT_EQ(outcome.status, 200);
  EXPECT_EQ(outcome.body["message"], "would run 1 lines on 1 instances");
  EXPECT_EQ(outcome.body["instances"], Json({id}));
}

TEST_F(Commands, RebootsWhatRuns) {
  const std::string id = run_instance();
  const auto dry = dry_run("oncall-reboot-instance", {{"instance_id", id}});
  EXPECT_EQ(dry.body["message"], "would reboot " + id);
  const auto outcome = run("oncall-reboot-instance", {{"instance_id", id}});
  EXPECT_EQ(outcome.status, 200) << outcome.text();
  EXPECT_EQ(outcome.calls.at("ec2:RebootInstances"), 1);
}

TEST_F(Commands, RebootsNothingThatIsStoppedOrUnknown) {
  const std::string id = run_instance();
  aws::QueryCall stop{.service = "ec2", .version = "2016-11-15", .operation = "StopInstances"};
  stop.add("InstanceId.1", id);
  query(std::move(stop));
  loop.run_for(5min);
  const auto stopped = run("oncall-reboot-instance", {{"instance_id", id}});
  EXPECT_EQ(stopped.status, 409);
  EXPECT_NE(stopped.text().find("is stopped; expected running"), std::string::npos)
      << stopped.text();
  EXPECT_EQ(run("oncall-reboot-instance", {{"instance_id", "i-0123456789abcdef0"}}).status, 404);
  EXPECT_EQ(run("oncall-reboot-instance", {{"instance_id", "web-1"}}).status, 400);
  EXPECT_EQ(run("oncall-reboot-instance", Json::object()).status, 400);
}

}  // namespace
}  // namespace test
