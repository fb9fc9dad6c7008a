#include "aws/ecs.h"

#include "aws/json_call.h"

#include <algorithm>
#include <utility>

namespace aws {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kTasksPerCall = 100;

JsonCall make_call(std::string operation, Json arguments) {
  return {.service = "ecs",
          .target = "AmazonEC2ContainerServiceV20141113",
          .operation = std::move(operation),
          .arguments = std::move(arguments)};
}

int count_member(const Json& object, const char* name) {
  return static_cast<int>(std::clamp<std::int64_t>(number_member(object, name), 0, 1'000'000));
}

EcsDeployment read_deployment(const Json& json) {
  EcsDeployment deployment;
  deployment.id = text_member(json, "id");
  deployment.status = text_member(json, "status");
  deployment.rollout_state = text_member(json, "rolloutState");
  deployment.rollout_reason = text_member(json, "rolloutStateReason");
  deployment.task_definition = text_member(json, "taskDefinition");
  deployment.desired = count_member(json, "desiredCount");
  deployment.running = count_member(json, "runningCount");
  deployment.pending = count_member(json, "pendingCount");
  deployment.failed = count_member(json, "failedTasks");
  deployment.created = seconds_member(json, "createdAt");
  deployment.updated = seconds_member(json, "updatedAt");
  return deployment;
}

EcsService read_service(const Json& json) {
  EcsService service;
  service.name = text_member(json, "serviceName");
  service.arn = text_member(json, "serviceArn");
  service.status = text_member(json, "status");
  service.launch_type = text_member(json, "launchType");
  service.task_definition = text_member(json, "taskDefinition");
  service.desired = count_member(json, "desiredCount");
  service.running = count_member(json, "runningCount");
  service.pending = count_member(json, "pendingCount");
  for (const Json& one : objects_member(json, "deployments")) {
    service.deployments.push_back(read_deployment(one));
  }
  for (const Json& one : objects_member(json, "events")) {
    const auto time = seconds_member(one, "createdAt");
    if (time) service.events.push_back({*time, text_member(one, "message")});
  }
  for (const Json& one : objects_member(json, "loadBalancers")) {
    std::string arn = text_member(one, "targetGroupArn");
    if (!arn.empty()) service.target_groups.push_back(std::move(arn));
  }
  return service;
}

EcsTask read_task(const Json& json) {
  EcsTask task;
  task.arn = text_member(json, "taskArn");
  task.status = text_member(json, "lastStatus");
  task.desired_status = text_member(json, "desiredStatus");
  task.health = text_member(json, "healthStatus");
  task.stop_code = text_member(json, "stopCode");
  task.stopped_reason = text_member(json, "stoppedReason");
  task.task_definition = text_member(json, "taskDefinitionArn");
  task.group = text_member(json, "group");
  task.started_by = text_member(json, "startedBy");
  task.created = seconds_member(json, "createdAt");
  task.stopped = seconds_member(json, "stoppedAt");
  for (const Json& one : objects_member(json, "containers")) {
    EcsContainer& container = task.containers.emplace_back();
    container.name = text_member(one, "name");
    container.status = text_member(one, "lastStatus");
    container.reason = text_member(one, "reason");
    const auto code = one.find("exitCode");
    if (code != one.end() && code->is_number_integer()) container.exit_code = code->get<int>();
  }
  return task;
}

// What ECS answers in `failures` beside a 200.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
std::string first_failure(const Json& answer) {
  for (const Json& failure : objects_member(answer, "failures")) {
    std::string reason = text_member(failure, "reason");
    if (const std::string detail = text_member(failure, "detail"); !detail.empty()) {
      reason += " (" + detail + ")";
    }
    return reason;
  }
  return {};
}

// Room may come: instances join the cluster, other tasks end.
bool may_be_placed_later(const std::string& reason) {
  return reason.starts_with("RESOURCE:") || reason.starts_with("AGENT") ||
         reason.starts_with("Capacity is unavailable");
}

Json run_task_arguments(RunTaskOptions options) {
  Json arguments = {{"cluster", std::move(options.cluster)},
                    {"taskDefinition", std::move(options.task_definition)},
                    {"count", 1},
                    {"clientToken", std::move(options.client_token)}};
  if (!options.started_by.empty()) arguments["startedBy"] = std::move(options.started_by);
  if (!options.launch_type.empty()) arguments["launchType"] = std::move(options.launch_type);
  if (!options.container.empty()) {
    Json container = {{"name", std::move(options.container)}};
    if (!options.command.empty()) container["command"] = std::move(options.command);
    for (const auto& [name, value] : options.environment) {
      container["environment"].push_back({{"name", name}, {"value", value}});
    }
    arguments["overrides"] = {{"containerOverrides", Json::array({std::move(container)})}};
  }
  if (!options.subnets.empty()) {
    arguments["networkConfiguration"] = {
        {"awsvpcConfiguration",
         {{"subnets", std::move(options.subnets)},
          {"securityGroups", std::move(options.security_groups)},
          {"assignPublicIp", options.assign_public_ip ? "ENABLED" : "DISABLED"}}}};
  }
  return arguments;
}

}  // namespace

asio::awaitable<base::Result<EcsService>> Ecs::describe_services(std::string cluster,
                                                                 std::string service) {
  const auto answer = co_await call_json(
      caller_,
      make_call("DescribeServices", {{"cluster", cluster}, {"services", Json::array({service})}}));
  if (!answer) co_return answer.error();
  const auto services = objects_member(*answer, "services");
  if (!services.empty()) co_return read_service(services.front());
  const std::string failure = first_failure(*answer);
  if (failure.empty())
    co_return malformed_answer("DescribeServices", "neither service nor failure");
  const bool missing = failure.starts_with("MISSING");
  co_return base::Error{
      missing ? base::ErrorKind::kNotFound : base::ErrorKind::kInvalid,
      missing ? "ServiceNotFoundException" : "DescribeFailed",
      missing ? fmt::format("no service {} in cluster {}", service, cluster) : failure,
      {}};
}

asio::awaitable<base::Result<EcsService>> Ecs::update_service(UpdateServiceOptions options) {
  Json arguments = {{"cluster", std::move(options.cluster)},
                    {"service", std::move(options.service)}};
  if (options.desired_count) arguments["desiredCount"] = *options.desired_count;
  if (options.force_new_deployment) arguments["forceNewDeployment"] = true;
  JsonCall call = make_call("UpdateService", std::move(arguments));
  // A second forced deployment would replace every task twice.
  call.idempotent = !options.force_new_deployment;
  const auto answer = co_await call_json(caller_, std::move(call));
  if (!answer) co_return answer.error();
  const auto service = answer->find("service");
  if (service == answer->end() || !service->is_object()) {
    co_return malformed_answer("UpdateService", "an answer without the service");
  }
  co_return read_service(*service);
}

asio::awaitable<base::Result<std::vector<std::string>>> Ecs::list_tasks(ListTasksOptions options,
                                                                        std::size_t most) {
  Json arguments = {{"cluster", std::move(options.cluster)},
                    {"desiredStatus", std::move(options.desired_status)}};
  if (!options.service.empty()) arguments["serviceName"] = std::move(options.service);
  if (!options.started_by.empty()) arguments["startedBy"] = std::move(options.started_by);
  std::vector<std::string> tasks;
  for (int page = 0; page < kJsonPagesMax && tasks.size() < most; ++page) {
    const auto answer = co_await call_json(caller_, make_call("ListTasks", arguments));
    if (!answer) co_return answer.error();
    for (std::string& arn : texts_member(*answer, "taskArns")) {
      if (tasks.size() < most) tasks.push_back(std::move(arn));
    }
    std::string token = text_member(*answer, "nextToken");
    if (token.empty()) co_return tasks;
    arguments["nextToken"] = std::move(token);
  }
  if (tasks.size() >= most) co_return tasks;
  co_return base::fatal("ListTasks: the pages do not end");
}

asio::awaitable<base::Result<std::vector<EcsTask>>> Ecs::describe_tasks(
    std::string cluster, std::vector<std::string> tasks) {
  std::vector<EcsTask> found;
  for (std::size_t from = 0; from < tasks.size(); from += kTasksPerCall) {
    const std::size_t to = std::min(tasks.size(), from + kTasksPerCall);
    Json chunk = Json::array();
    for (std::size_t i = from; i < to; ++i) chunk.push_back(tasks[i]);
    const auto answer = co_await call_json(
        caller_, make_call("DescribeTasks", {{"cluster", cluster}, {"tasks", std::move(chunk)}}));
    if (!answer) co_return answer.error();
    for (const Json& one : objects_member(*answer, "tasks")) found.push_back(read_task(one));
  }
  co_return found;
}

asio::awaitable<base::Result<EcsTask>> Ecs::run_task(RunTaskOptions options) {
  const auto answer =
      co_await call_json(caller_, make_call("RunTask", run_task_arguments(std::move(options))));
  if (!answer) co_return answer.error();
  const auto tasks = objects_member(*answer, "tasks");
  if (!tasks.empty()) co_return read_task(tasks.front());
  const std::string failure = first_failure(*answer);
  if (failure.empty()) co_return malformed_answer("RunTask", "neither task nor failure");
  const auto kind =
      may_be_placed_later(failure) ? base::ErrorKind::kRetry : base::ErrorKind::kInvalid;
  co_return base::Error{kind, "TaskNotPlaced", failure, {}};
}

asio::awaitable<base::Result<void>> Ecs::stop_task(std::string cluster, std::string task,
                                                   std::string reason) {
  const auto answer =
      co_await call_json(caller_, make_call("StopTask", {{"cluster", std::move(cluster)},
                                                         {"task", std::move(task)},
                                                         {"reason", std::move(reason)}}));
  if (!answer) co_return answer.error();
  co_return base::Result<void>();
}

asio::awaitable<base::Result<std::vector<EcsContainerDefinition>>> Ecs::describe_task_definition(
    std::string task_definition) {
  const auto answer = co_await call_json(
      caller_,
      make_call("DescribeTaskDefinition", {{"taskDefinition", std::move(task_definition)}}));
  if (!answer) co_return answer.error();
  std::vector<EcsContainerDefinition> containers;
  const Json definition = answer->value("taskDefinition", Json::object());
  for (const Json& one : objects_member(definition, "containerDefinitions")) {
    EcsContainerDefinition& container = containers.emplace_back();
    container.name = text_member(one, "name");
    const Json logs = one.value("logConfiguration", Json::object());
    if (text_member(logs, "logDriver") != "awslogs") continue;
    const Json options = logs.value("options", Json::object());
    container.log_group = text_member(options, "awslogs-group");
    container.log_prefix = text_member(options, "awslogs-stream-prefix");
  }
  co_return containers;
}

}  // namespace aws
