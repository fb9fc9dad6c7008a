#include "sim/faults.h"
#include "tests/oncall/rig.h"

namespace test {
namespace {

class EcsJobs : public OncallRig {};

const Json kBreaker = {{"deploymentConfiguration",
                        {{"deploymentCircuitBreaker", {{"enable", true}, {"rollback", true}}}}}};

TEST_F(EcsJobs, RestartReplacesEveryTaskAndAnswersWhenTheServiceIsSteady) {
  define_task("web", "");
  create_service(3, "web");
  const auto before = ecs("ListTasks", {{"serviceName", "web"}})["taskArns"];
  // The seed's own input.
  const auto outcome = run("oncall-restart-service", {{"service_name", "web"}});
  EXPECT_EQ(outcome.status, 200) << outcome.text();
  EXPECT_EQ(outcome.body["message"], "web was restarted");
  EXPECT_EQ(outcome.body["running"], 3);
  EXPECT_GT(outcome.body["seconds"], 20);
  EXPECT_EQ(outcome.calls.at("ecs:UpdateService"), 1);
  const auto after = ecs("ListTasks", {{"serviceName", "web"}})["taskArns"];
  EXPECT_EQ(after.size(), 3U);
  for (const Json& task : before) EXPECT_EQ(std::ranges::count(after, task), 0) << task;
  EXPECT_NE(std::ranges::find(outcome.log, "(service web) has reached a steady state."),
            outcome.log.end());
}

TEST_F(EcsJobs, RestartOfAServiceThatIsNotThereIs404InTheSeedsWords) {
  const auto outcome = run("oncall-restart-service", {{"service_name", "nobody"}});
  EXPECT_EQ(outcome.status, 404);
  EXPECT_TRUE(outcome.text().starts_with("Error restarting service: ")) << outcome.text();
  EXPECT_NE(outcome.text().find("no service nobody in cluster default"), std::string::npos);
  EXPECT_FALSE(outcome.calls.contains("ecs:UpdateService"));
  const auto cluster =
      run("oncall-restart-service", {{"service_name", "web"}, {"cluster", "nowhere"}});
  EXPECT_EQ(cluster.status, 404) << cluster.text();
}

TEST_F(EcsJobs, RestartFailsWithTheReasonOfTheTasksAndOfTheCircuitBreaker) {
  define_task("web", "");
  create_service(2, "web", kBreaker);
  // From now on the image cannot be pulled any more.
  define_task("web", "", "missing/app:1");
  ecs("UpdateService", {{"service", "web"}, {"taskDefinition", "web"}});
  const auto outcome = run("oncall-restart-service", {{"service_name", "web"}});
  EXPECT_EQ(outcome.status, 500);
  EXPECT_TRUE(outcome.text().starts_with("Error restarting service: web: ")) << outcome.text();
  EXPECT_NE(outcome.text().find("CannotPullContainerError"), std::string::npos) << outcome.text();
}

TEST_F(EcsJobs, RestartNamesTheExitCodeOfAProgramThatEnds) {
  define_task("web", "");
  create_service(1, "web",
                 {{"deploymentConfiguration",
                   {{"deploymentCircuitBreaker", {{"enable", true}, {"rollback", false}}}}}});
  define_task("web", "echo no database; exit 3");
  ecs("UpdateService", {{"service", "web"}, {"taskDefinition", "web"}});
  const auto outcome = run("oncall-restart-service", {{"service_name", "web"}});
  EXPECT_EQ(outcome.status, 500);
  EXPECT_NE(outcome.text().find("circuit breaker"), std::string::npos) << outcome.text();
  EXPECT_NE(outcome.text().find("app: exit code 3"), std::string::npos) << outcome.text();
}

TEST_F(EcsJobs, RestartThatIsNeverSteadyIs408BeforeTheRunnersPatienceEnds) {
  define_task("web", "");
  create_service(2, "web");
  region.ecs().set_capacity("default", 2);  // no room for the new ones beside the old
  const auto outcome = run("oncall-restart-service", {{"service_name", "web"}},
                           {.dry_run = false, .request_id = "r", .timeout = 5min});
  EXPECT_EQ(outcome.status, 408);
  EXPECT_NE(outcome.text().find("was unable to place a task"), std::string::npos) << outcome.text();
}

TEST_F(EcsJobs, RestartWithoutWaitingAnswersWhenTheDeploymentHasBegun) {
  define_task("web", "");
  create_service(2, "web");
  const auto outcome = run("oncall-restart-service", {{"service_name", "web"}, {"wait", false}});
  EXPECT_EQ(outcome.status, 200) << outcome.text();
  EXPECT_EQ(outcome.body["message"], "web is being restarted");
  EXPECT_EQ(outcome.body["seconds"], 0);
}

TEST_F(EcsJobs, RestartWhoseAnswerIsLostFindsItsDeploymentInsteadOfAskingAgain) {
  define_task("web", "");
  create_service(2, "web");
  sim::FaultRule lost;
  lost.kind = sim::FaultKind::kLost;
  lost.operation = "UpdateService";
  lost.count = 1;
  region.faults().add(lost);
  const auto outcome = run("oncall-restart-service", {{"service_name", "web"}});
  EXPECT_EQ(outcome.status, 200) << outcome.text();
  EXPECT_EQ(outcome.calls.at("ecs:UpdateService"), 1);
}

TEST_F(EcsJobs, RestartThatSomebodyElseOvertakesSaysSo) {
  define_task("web", "");
  create_service(2, "web");
  boost::asio::co_spawn(
      loop.executor(),
      [](OncallRig&, base::Clock& clock, aws::Ecs& client) -> boost::asio::awaitable<void> {
        co_await clock.sleep_for(12s);
        aws::UpdateServiceOptions options;
        options.cluster = "default";
        options.service = "web";
        options.force_new_deployment = true;
        const auto updated = co_await client.update_service(options);
        EXPECT_TRUE(updated.has_value());
      }(*this, loop.clock(), ecs_client),
      [](std::exception_ptr error) { EXPECT_FALSE(error); });
  const auto outcome = run("oncall-restart-service", {{"service_name", "web"}});
  EXPECT_EQ(outcome.status, 409) << outcome.text();
  EXPECT_NE(outcome.text().find("took its place"), std::string::npos) << outcome.text();
}

TEST_F(EcsJobs, RestartSurvivesThrottlingWhileItWaits) {
  define_task("web", "");
  create_service(2, "web");
  sim::FaultRule slow;
  slow.kind = sim::FaultKind::kThrottle;
  slow.operation = "DescribeServices";
  slow.probability = 0.4;
  region.faults().add(slow);
  const auto outcome = run("oncall-restart-service", {{"service_name", "web"}});
  EXPECT_EQ(outcome.status, 200) << outcome.text();
}

TEST_F(EcsJobs, DryRunOfARestartChangesNothing) {
  define_task("web", "");
  create_service(2, "web");
  const auto outcome = dry_run("oncall-restart-service", {{"service_name", "web"}});
  EXPECT_EQ(outcome.status, 200);
  EXPECT_TRUE(outcome.body["message"].get<std::string>().starts_with("would replace the 2 tasks"));
}

TEST_F(EcsJobs, RestartRefusesNamesThatNoServiceCanHave) {
  for (const Json& params :
       {Json::object(), Json{{"service_name", ""}}, Json{{"service_name", "a b"}},
        Json{{"service_name", 7}}, Json{{"service_name", "web"}, {"cluter", "x"}}}) {
    EXPECT_EQ(run("oncall-restart-service", params).status, 400) << params;
  }
}

TEST_F(EcsJobs, RestartOfAServiceThatIsGoneIs409) {
  define_task("web", "");
  create_service(1, "web");
  ecs("DeleteService", {{"service", "web"}, {"force", true}});
  const auto outcome = run("oncall-restart-service", {{"service_name", "web"}});
  EXPECT_EQ(outcome.status, 409) << outcome.text();
}

TEST_F(EcsJobs, ScaleWaitsForTheTasksUpAndDown) {
  define_task("web", "");
  create_service(2, "web");
  const auto up = run("oncall-scale-service", {{"service_name", "web"}, {"desired_count", 5}});
  EXPECT_EQ(up.status, 200) << up.text();
  EXPECT_EQ(up.body["before"], 2);
  EXPECT_EQ(up.body["running"], 5);
  const auto down = run("oncall-scale-service", {{"service_name", "web"}, {"desired_count", 0}});
  EXPECT_EQ(down.status, 200) << down.text();
  EXPECT_EQ(down.body["running"], 0);
  const auto same = run("oncall-scale-service", {{"service_name", "web"}, {"desired_count", 0}});
  EXPECT_EQ(same.body["message"], "web has 0 tasks already");
  EXPECT_FALSE(same.calls.contains("ecs:UpdateService"));
}

TEST_F(EcsJobs, ScaleOnlyFromTheNumberThatWasExpected) {
  define_task("web", "");
  create_service(2, "web");
  const auto outcome = run("oncall-scale-service",
                           {{"service_name", "web"}, {"desired_count", 5}, {"expected_count", 4}});
  EXPECT_EQ(outcome.status, 409);
  EXPECT_FALSE(outcome.calls.contains("ecs:UpdateService"));
}

TEST_F(EcsJobs, ScaleWithoutRoomIs408WithTheReason) {
  define_task("web", "");
  create_service(2, "web");
  region.ecs().set_capacity("default", 3);
  const auto outcome = run("oncall-scale-service", {{"service_name", "web"}, {"desired_count", 5}},
                           {.dry_run = false, .request_id = "r", .timeout = 4min});
  EXPECT_EQ(outcome.status, 408);
  EXPECT_NE(outcome.text().find("3 of 5 tasks"), std::string::npos) << outcome.text();
  EXPECT_NE(outcome.text().find("unable to place"), std::string::npos) << outcome.text();
}

TEST_F(EcsJobs, ScaleRefusesNumbersOutOfItsBounds) {
  define_task("web", "");
  create_service(1, "web");
  for (const Json& count : {Json(-1), Json(1001), Json(1.5), Json("3"), Json(nullptr)}) {
    EXPECT_EQ(
        run("oncall-scale-service", {{"service_name", "web"}, {"desired_count", count}}).status,
        400)
        << count;
  }
  const auto dry = dry_run("oncall-scale-service", {{"service_name", "web"}, {"desired_count", 9}});
  EXPECT_EQ(dry.body["message"], "would set the tasks of web from 1 to 9");
  EXPECT_EQ(run("oncall-scale-service", {{"service_name", "nobody"}, {"desired_count", 1}}).status,
            404);
}

TEST_F(EcsJobs, DebugServiceTellsWhyTasksStop) {
  define_task("web", "");
  create_service(2, "web");
  define_task("web", "echo out of memory; exit 137");
  ecs("UpdateService", {{"service", "web"}, {"taskDefinition", "web"}});
  loop.run_for(3min);
  const auto outcome = run("debug-service", {{"service_name", "web"}, {"tasks", 2}});
  EXPECT_EQ(outcome.status, 200) << outcome.text();
  EXPECT_EQ(outcome.body["deployments"].size(), 2U);
  EXPECT_EQ(outcome.body["deployments"][0]["status"], "PRIMARY");
  EXPECT_GT(outcome.body["deployments"][0]["failed_tasks"], 2);
  EXPECT_EQ(outcome.body["stopped_tasks"].size(), 2U);
  EXPECT_EQ(outcome.body["stopped_tasks"][0]["containers"][0]["exit_code"], 137);
  EXPECT_NE(outcome.body["stopped"].get<std::string>().find(
                "x Essential container in task exited (app: exit code 137)"),
            std::string::npos)
      << outcome.body["stopped"];
  EXPECT_FALSE(outcome.body["events"].empty());
  const auto all = run("debug-service", {{"service_name", "web"}, {"tasks", 100}});
  const Json& tasks = all.body["stopped_tasks"];
  ASSERT_GT(tasks.size(), 2U);
  EXPECT_GT(tasks.front()["stopped"], tasks.back()["stopped"]) << "the newest first";
  EXPECT_EQ(tasks[0], outcome.body["stopped_tasks"][0]);
}

TEST_F(EcsJobs, DebugServiceLooksAtWhatIsGoneAndNotAtWhatNeverWas) {
  define_task("web", "");
  create_service(1, "web");
  ecs("DeleteService", {{"service", "web"}, {"force", true}});
  const auto gone = run("debug-service", {{"service_name", "web"}});
  EXPECT_EQ(gone.status, 200) << gone.text();
  EXPECT_EQ(gone.body["status"], "INACTIVE");
  const auto never = run("debug-service", {{"service_name", "api"}});
  EXPECT_EQ(never.status, 404);
  EXPECT_EQ(run("debug-service", {{"service_name", "web"}, {"events", 101}}).status, 400);
}

}  // namespace
}  // namespace test
