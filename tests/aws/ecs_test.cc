#include "aws/ecs.h"

#include "tests/aws/scripted_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace {

using nlohmann::json;

struct World : ScriptedWorld {
  aws::Ecs ecs{caller};
  json sent(std::size_t index) { return json::parse(http.request(index).body); }
};

constexpr const char* kService = R"({
  "serviceName":"web","serviceArn":"arn:svc","status":"ACTIVE","launchType":"FARGATE",
  "taskDefinition":"arn:td/web:7","desiredCount":3,"runningCount":2,"pendingCount":1,
  "loadBalancers":[{"targetGroupArn":"arn:tg"},{"loadBalancerName":"classic"}],
  "deployments":[{"id":"ecs-svc/2","status":"PRIMARY","rolloutState":"IN_PROGRESS",
    "rolloutStateReason":"in progress","taskDefinition":"arn:td/web:7","desiredCount":3,
    "runningCount":2,"pendingCount":1,"failedTasks":4,"createdAt":1767323045.5}],
  "events":[{"id":"e1","createdAt":1767323046.25,"message":"(service web) has started."}]})";

TEST(Ecs, ReadsAServiceWithItsDeploymentsAndEvents) {
  World world;
  world.http.answer(200, std::string(R"({"services":[)") + kService + R"(],"failures":[]})");
  const auto service = world.loop.run(world.ecs.describe_services("main", "web")).value();
  EXPECT_EQ(service.name, "web");
  EXPECT_EQ(service.desired, 3);
  EXPECT_EQ(service.pending, 1);
  EXPECT_EQ(service.target_groups, std::vector<std::string>{"arn:tg"});
  ASSERT_EQ(service.deployments.size(), 1U);
  EXPECT_EQ(service.deployments[0].rollout_state, "IN_PROGRESS");
  EXPECT_EQ(service.deployments[0].failed, 4);
  EXPECT_EQ(base::format_rfc3339(*service.deployments[0].created), "2026-01-02T03:04:05.500Z");
  EXPECT_FALSE(service.deployments[0].updated);
  ASSERT_EQ(service.events.size(), 1U);
  EXPECT_EQ(base::format_rfc3339(service.events[0].time), "2026-01-02T03:04:06.250Z");
  EXPECT_EQ(world.sent(0), json::parse(R"({"cluster":"main","services":["web"]})"));
  EXPECT_EQ(world.http.header(0, "x-amz-target"),
            "AmazonEC2ContainerServiceV20141113.DescribeServices");
  EXPECT_EQ(world.http.header(0, "content-type"), "application/x-amz-json-1.1");
  EXPECT_EQ(world.http.request(0).url, "https://ecs.eu-west-2.amazonaws.com/");
}

TEST(Ecs, AServiceThatIsMissingIsNotFoundAlthoughEcsAnswers200) {
  World world;
  world.http.answer(200, R"({"services":[],"failures":[{"arn":"arn:x","reason":"MISSING"}]})");
  const auto error = world.loop.run(world.ecs.describe_services("main", "web")).error();
  EXPECT_EQ(error.kind, base::ErrorKind::kNotFound);
  EXPECT_EQ(error.message, "no service web in cluster main");
}

TEST(Ecs, AnAnswerWithNeitherServiceNorFailureIsTransient) {
  World world;
  world.http.otherwise(200, "{}");
  EXPECT_TRUE(world.loop.run(world.ecs.describe_services("main", "web")).error().is_transient());
}

TEST(Ecs, ForcesANewDeploymentOnceOnly) {
  World world;
  world.http.fail(base::ErrorKind::kRetry, "Timeout");
  aws::UpdateServiceOptions options;
  options.cluster = "main";
  options.service = "web";
  options.force_new_deployment = true;
  const auto error = world.loop.run(world.ecs.update_service(options)).error();
  EXPECT_EQ(error.code, "Timeout");
  EXPECT_EQ(world.http.sent().size(), 1U);
  EXPECT_EQ(world.sent(0),
            json::parse(R"({"cluster":"main","service":"web","forceNewDeployment":true})"));
}

TEST(Ecs, ScalesAgainAfterALostAnswer) {
  World world;
  world.http.fail(base::ErrorKind::kRetry, "Timeout");
  world.http.answer(200, std::string(R"({"service":)") + kService + "}");
  aws::UpdateServiceOptions options;
  options.cluster = "main";
  options.service = "web";
  options.desired_count = 0;
  EXPECT_EQ(world.loop.run(world.ecs.update_service(options)).value().name, "web");
  EXPECT_EQ(world.sent(1), json::parse(R"({"cluster":"main","service":"web","desiredCount":0})"));
}

TEST(Ecs, ListsTasksOfAllPagesUpToTheLimit) {
  for (const std::size_t most : {10U, 3U, 2U}) {
    World world;
    world.http.answer(200, R"({"taskArns":["a","b"],"nextToken":"n"})");
    if (most > 2) world.http.answer(200, R"({"taskArns":["c","d"]})");
    aws::ListTasksOptions options;
    options.cluster = "main";
    options.service = "web";
    options.desired_status = "STOPPED";
    const auto tasks = world.loop.run(world.ecs.list_tasks(options, most)).value();
    EXPECT_EQ(tasks.size(), std::min<std::size_t>(most, 4));
    EXPECT_TRUE(world.http.played_out());
    if (most > 2) {
      EXPECT_EQ(world.sent(1)["nextToken"], "n");
    }
  }
}

TEST(Ecs, AsksForTasksAHundredAtATime) {
  World world;
  world.http.answer(200, R"({"tasks":[{"taskArn":"t","lastStatus":"STOPPED","stoppedReason":"no",
    "stopCode":"EssentialContainerExited","containers":[{"name":"app","exitCode":137,
    "reason":"OutOfMemoryError"},{"name":"log"}]}]})");
  world.http.answer(200, R"({"tasks":[],"failures":[{"arn":"x","reason":"MISSING"}]})");
  const auto tasks =
      world.loop.run(world.ecs.describe_tasks("main", std::vector<std::string>(101, "t"))).value();
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].containers.at(0).exit_code, 137);
  EXPECT_EQ(tasks[0].containers.at(0).reason, "OutOfMemoryError");
  EXPECT_FALSE(tasks[0].containers.at(1).exit_code);
  EXPECT_EQ(world.sent(0)["tasks"].size(), 100U);
  EXPECT_EQ(world.sent(1)["tasks"].size(), 1U);
}

TEST(Ecs, RunsATaskWithItsOverridesAndItsToken) {
  World world;
  world.http.answer(200, R"({"tasks":[{"taskArn":"arn:task"}],"failures":[]})");
  aws::RunTaskOptions options;
  options.cluster = "main";
  options.task_definition = "suite";
  options.launch_type = "FARGATE";
  options.client_token = "r-1";
  options.container = "app";
  options.command = {"pytest", "-q"};
  options.environment = {{"A", "1"}};
  options.subnets = {"subnet-1"};
  options.security_groups = {"sg-1"};
  EXPECT_EQ(world.loop.run(world.ecs.run_task(options)).value().arn, "arn:task");
  EXPECT_EQ(world.sent(0), json::parse(R"({"cluster":"main","taskDefinition":"suite","count":1,
    "launchType":"FARGATE","clientToken":"r-1",
    "overrides":{"containerOverrides":[{"name":"app","command":["pytest","-q"],
      "environment":[{"name":"A","value":"1"}]}]},
    "networkConfiguration":{"awsvpcConfiguration":{"subnets":["subnet-1"],
      "securityGroups":["sg-1"],"assignPublicIp":"DISABLED"}}})"));
}

TEST(Ecs, TellsATaskThatFindsNoRoomFromOneThatNeverWill) {
  World world;
  world.http.answer(200, R"({"tasks":[],"failures":[{"arn":"x","reason":"RESOURCE:MEMORY"}]})");
  world.http.answer(
      200, R"({"tasks":[],"failures":[{"reason":"ATTRIBUTE","detail":"no such attribute"}]})");
  const auto full = world.loop.run(world.ecs.run_task({})).error();
  EXPECT_EQ(full.kind, base::ErrorKind::kRetry);
  const auto never = world.loop.run(world.ecs.run_task({})).error();
  EXPECT_EQ(never.kind, base::ErrorKind::kInvalid);
  EXPECT_EQ(never.message, "ATTRIBUTE (no such attribute)");
}

TEST(Ecs, SaysWhereTheContainersLog) {
  World world;
  world.http.answer(200, R"({"taskDefinition":{"containerDefinitions":[
    {"name":"app","logConfiguration":{"logDriver":"awslogs","options":{
      "awslogs-group":"/ecs/app","awslogs-stream-prefix":"ecs"}}},
    {"name":"side","logConfiguration":{"logDriver":"splunk"}},
    {"name":"none","logConfiguration":null}
  ]}})");
  const auto containers = world.loop.run(world.ecs.describe_task_definition("suite")).value();
  ASSERT_EQ(containers.size(), 3U);
  EXPECT_EQ(containers[0].log_group, "/ecs/app");
  EXPECT_EQ(containers[0].log_prefix, "ecs");
  EXPECT_TRUE(containers[1].log_group.empty());
  EXPECT_TRUE(containers[2].log_group.empty());
}

}  // namespace
