#include "sim/ecs_service.h"

#include "sim/ec2_support.h"
#include "sim/logs_service.h"
#include "sim/mini_shell.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace sim {
namespace {

using ecs::Container;
using ecs::EcsServiceState;
using ecs::Task;
using ecs::TaskDefinition;

constexpr base::Duration kRemembered = std::chrono::hours(1);
constexpr std::size_t kDescribedMax = 100;

ApiAnswer answer(Json result) { return ApiAnswer{std::move(result), {}, {}}; }

ApiError invalid(const std::string& message) {
  return api_error("InvalidParameterException", message);
}

double epoch_seconds(base::TimePoint time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1e6;
}

// {"sh", "-c", "echo hi"} or {"echo", "hi"}.
std::string script_of(const Json& command) {
  std::vector<std::string> words;
  for (const Json& word : command) words.push_back(scalar_text(word).value_or(""));
  if (words.size() > 2 && words[0].ends_with("sh") && words[1] == "-c") return words[2];
  std::string script;
  for (const std::string& word : words) script += (script.empty() ? "" : " ") + word;
  return script;
}

void read_environment(const Json& json, Container& container) {
  if (!json.contains("environment")) return;
  for (const Json& one : json["environment"]) {
    container.environment[one.value("name", "")] = one.value("value", "");
  }
}

Container read_container(const Json& json) {
  Container container;
  container.name = json.value("name", "");
  container.image = json.value("image", "");
  if (json.contains("command")) container.script = script_of(json["command"]);
  read_environment(json, container);
  const Json logs = json.value("logConfiguration", Json::object());
  if (logs.value("logDriver", "") == "awslogs") {
    const Json options = logs.value("options", Json::object());
    container.log_group = options.value("awslogs-group", "");
    container.log_prefix = options.value("awslogs-stream-prefix", "");
  }
  return container;
}

// The last part of an ARN, or the name itself.
std::string name_in(const std::string& id) {
  const std::size_t slash = id.rfind('/');
  return slash == std::string::npos ? id : id.substr(slash + 1);
}

}  // namespace

const std::map<std::string, EcsService::Operation>& EcsService::operations() {
  static const std::map<std::string, Operation> kOperations = {
      {"CreateCluster", &EcsService::create_cluster},
      {"RegisterTaskDefinition", &EcsService::register_task_definition},
      {"DescribeTaskDefinition", &EcsService::describe_task_definition},
      {"RunTask", &EcsService::run_task},
      {"StopTask", &EcsService::stop_task},
      {"ListTasks", &EcsService::list_tasks},
      {"DescribeTasks", &EcsService::describe_tasks},
      {"CreateService", &EcsService::create_service},
      {"UpdateService", &EcsService::update_service},
      {"DeleteService", &EcsService::delete_service},
      {"DescribeServices", &EcsService::describe_services},
  };
  return kOperations;
}

boost::asio::awaitable<ApiOutcome> EcsService::handle(ApiCall call) {
  const auto found = operations().find(call.operation);
  if (found == operations().end()) {
    co_return api_error("UnknownOperationException",
                        fmt::format("{} is not simulated", call.operation));
  }
  forget_old_tasks();
  co_return (this->*found->second)(call.arguments);
}

std::variant<std::string, ApiError> EcsService::cluster_of(const Json& arguments) const {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string name = name_in(args.text_or("cluster", "default"));
  if (args.error()) return *args.error();
  if (!clusters_.contains(name)) {
    return api_error("ClusterNotFoundException", "Cluster not found.");
  }
  return name;
}

// "family", "family:revision" or the ARN.
const TaskDefinition* EcsService::find_definition(const std::string& id) const {
  std::string name = name_in(id);
  if (name.find(':') == std::string::npos) {
    const auto latest = revisions_.find(name);
    if (latest == revisions_.end()) return nullptr;
    name += fmt::format(":{}", latest->second);
  }
  const auto found = definitions_.find(name);
  return found == definitions_.end() ? nullptr : &found->second;
}

Task* EcsService::find_task(const std::string& cluster, const std::string& id) {
  const auto found = tasks_.find(name_in(id));
  return found == tasks_.end() || found->second.cluster != cluster ? nullptr : &found->second;
}

bool EcsService::has_room(const std::string& cluster) const {
  const auto limit = capacity_.find(cluster);
  if (limit == capacity_.end()) return true;
  return std::ranges::count_if(tasks_, [&](const auto& one) {
           return one.second.cluster == cluster && one.second.status != "STOPPED";
         }) < limit->second;
}

void EcsService::forget_old_tasks() {
  const base::TimePoint before = world_.clock().now() - kRemembered;
  std::erase_if(
      tasks_, [&](const auto& one) { return one.second.stopped && *one.second.stopped < before; });
}

ApiOutcome EcsService::create_cluster(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string name = args.text_or("clusterName", "default");
  if (args.error()) return *args.error();
  clusters_.try_emplace(name);
  return answer({{"cluster",
                  {{"clusterName", name},
                   {"clusterArn", world_.arn("ecs", "cluster/" + name)},
                   {"status", "ACTIVE"}}}});
}

ApiOutcome EcsService::register_task_definition(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  TaskDefinition definition;
  definition.family = args.required_text("family");
  const std::vector<Json> containers = args.objects("containerDefinitions");
  if (args.error()) return *args.error();
  if (containers.empty()) {
    return api_error("ClientException", "Container list cannot be empty.");
  }
  for (const Json& one : containers) definition.containers.push_back(read_container(one));
  definition.revision = ++revisions_[definition.family];
  const std::string name = fmt::format("{}:{}", definition.family, definition.revision);
  definition.arn = world_.arn("ecs", "task-definition/" + name);
  definition.described = arguments;
  definition.described["taskDefinitionArn"] = definition.arn;
  definition.described["revision"] = definition.revision;
  definition.described["status"] = "ACTIVE";
  Json result = {{"taskDefinition", definition.described}};
  definitions_[name] = std::move(definition);
  return answer(std::move(result));
}

ApiOutcome EcsService::describe_task_definition(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const TaskDefinition* definition = find_definition(args.required_text("taskDefinition"));
  if (args.error()) return *args.error();
  if (definition == nullptr) {
    return api_error("ClientException", "Unable to describe task definition.");
  }
  return answer({{"taskDefinition", definition->described}});
}

ApiOutcome EcsService::run_task(const Json& arguments) {
  const auto cluster = cluster_of(arguments);
  if (const auto* error = std::get_if<ApiError>(&cluster)) return *error;
  Arguments args(arguments, ErrorStyle::kJson);
  const TaskDefinition* definition = find_definition(args.required_text("taskDefinition"));
  const std::string token = args.text_or("clientToken", "");
  if (args.error()) return *args.error();
  if (definition == nullptr) {
    return api_error("ClientException", "TaskDefinition not found.");
  }
  Json failures = Json::array();
  // The same token is the same task.
  for (const auto& [id, task] : tasks_) {
    if (token.empty() || task.client_token != token) continue;
    return answer({{"tasks", Json::array({render(task)})}, {"failures", failures}});
  }
  Task task;
  task.cluster = std::get<std::string>(cluster);
  task.definition = definition->arn;
  task.started_by = args.text_or("startedBy", "");
  task.client_token = token;
  task.containers = definition->containers;
  const Json overrides = arguments.value("overrides", Json::object());
  for (const Json& one : overrides.value("containerOverrides", Json::array())) {
    const auto meant = std::ranges::find(task.containers, one.value("name", ""), &Container::name);
    if (meant == task.containers.end()) {
      return invalid("Override for container named " + one.value("name", "") +
                     " is not a container in the TaskDefinition.");
    }
    if (one.contains("command")) meant->script = script_of(one["command"]);
    read_environment(one, *meant);
  }
  if (!has_room(task.cluster)) {
    failures.push_back({{"arn", world_.arn("ecs", "container-instance/" + task.cluster)},
                        {"reason", "RESOURCE:MEMORY"}});
    return answer({{"tasks", Json::array()}, {"failures", std::move(failures)}});
  }
  return answer({{"tasks", Json::array({render(start(std::move(task)))})}, {"failures", failures}});
}

Task& EcsService::start(Task task) {
  task.id = world_.random().hex(32);
  task.arn = world_.arn("ecs", fmt::format("task/{}/{}", task.cluster, task.id));
  task.created = world_.clock().now();
  const std::string id = task.id;
  world_.after(start_lag_, [this, id] { begin(id); });
  return tasks_[id] = std::move(task);
}

void EcsService::begin(const std::string& id) {
  const auto found = tasks_.find(id);
  if (found == tasks_.end() || found->second.status != "PENDING") return;
  Task& task = found->second;
  const Container& container = task.containers.front();
  if (container.image.starts_with("missing/")) {
    task.container_reason = fmt::format(
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to "
        "resolve ref {}: not found",
        container.image);
    stop(task, "TaskFailedToStart", task.container_reason);
    return;
  }
  task.status = "RUNNING";
  if (!task.service.empty()) reconcile(task.cluster, task.service);
  if (container.script.empty()) return;
  const ShellRun ran = run_shell(container.script, container.environment);
  world_.after(ran.duration, [this, id, ran] {
    const auto running = tasks_.find(id);
    if (running == tasks_.end() || running->second.status != "RUNNING") return;
    Task& ended = running->second;
    const Container& said = ended.containers.front();
    const std::string stream = fmt::format("{}/{}/{}", said.log_prefix, said.name, id);
    std::istringstream lines(ran.output + ran.error_output);
    for (std::string line; !said.log_group.empty() && std::getline(lines, line);) {
      if (!line.empty()) logs_.write(said.log_group, stream, line);
    }
    ended.exit_code = ran.exit_code;
    stop(ended, "EssentialContainerExited", "Essential container in task exited");
  });
}

void EcsService::stop(Task& task, const std::string& code, const std::string& reason) {
  if (task.status == "STOPPED") return;
  task.status = task.desired_status = "STOPPED";
  task.stop_code = code;
  task.stopped_reason = reason;
  task.stopped = world_.clock().now();
  if (!task.service.empty()) task_ended(task);
}

ApiOutcome EcsService::stop_task(const Json& arguments) {
  const auto cluster = cluster_of(arguments);
  if (const auto* error = std::get_if<ApiError>(&cluster)) return *error;
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string id = args.required_text("task");
  if (args.error()) return *args.error();
  Task* task = find_task(std::get<std::string>(cluster), id);
  if (task == nullptr) return invalid("The referenced task was not found.");
  if (task->status == "RUNNING" && !task->exit_code) task->exit_code = 143;  // SIGTERM
  stop(*task, "UserInitiated", args.text_or("reason", "Task stopped by user"));
  return answer({{"task", render(*task)}});
}

ApiOutcome EcsService::list_tasks(const Json& arguments) {
  const auto cluster = cluster_of(arguments);
  if (const auto* error = std::get_if<ApiError>(&cluster)) return *error;
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string service = name_in(args.text_or("serviceName", ""));
  const std::string by = args.text_or("startedBy", "");
  const std::string wanted = args.text_or("desiredStatus", "RUNNING");
  const std::int64_t most = args.integer_or("maxResults", 100);
  if (args.error()) return *args.error();
  if (!service.empty() && find_service(std::get<std::string>(cluster), service) == nullptr) {
    return api_error("ServiceNotFoundException", "Service not found.");
  }
  std::vector<std::string> keys;
  for (const auto& [id, task] : tasks_) {
    const bool meant = task.cluster == std::get<std::string>(cluster) &&
                       (service.empty() || task.service == service) &&
                       (by.empty() || task.started_by == by) && task.desired_status == wanted;
    if (meant) keys.push_back(id);
  }
  const std::string token = args.text_or("nextToken", "");
  const auto from = token.empty() ? keys.begin() : std::ranges::upper_bound(keys, token);
  Json arns = Json::array();
  auto at = from;
  for (; at != keys.end() && static_cast<std::int64_t>(arns.size()) < most; ++at) {
    arns.push_back(tasks_.at(*at).arn);
  }
  Json result = {{"taskArns", std::move(arns)}};
  if (at != keys.end()) result["nextToken"] = *(at - 1);
  return answer(std::move(result));
}

ApiOutcome EcsService::describe_tasks(const Json& arguments) {
  const auto cluster = cluster_of(arguments);
  if (const auto* error = std::get_if<ApiError>(&cluster)) return *error;
  Arguments args(arguments, ErrorStyle::kJson);
  const std::vector<std::string> ids = args.required_texts("tasks");
  if (args.error()) return *args.error();
  if (ids.size() > kDescribedMax) return invalid("Tasks cannot be more than 100.");
  Json tasks = Json::array();
  Json failures = Json::array();
  for (const std::string& id : ids) {
    if (const Task* task = find_task(std::get<std::string>(cluster), id)) {
      tasks.push_back(render(*task));
    } else {
      failures.push_back({{"arn", id}, {"reason", "MISSING"}});
    }
  }
  return answer({{"tasks", std::move(tasks)}, {"failures", std::move(failures)}});
}

Json EcsService::render(const Task& task) const {
  Json containers = Json::array();
  for (std::size_t i = 0; i < task.containers.size(); ++i) {
    Json container = {{"name", task.containers[i].name}, {"lastStatus", task.status}};
    // What the others end with is not simulated: they are killed with the first.
    if (task.exit_code) container["exitCode"] = i == 0 ? *task.exit_code : 137;
    if (i == 0 && !task.container_reason.empty()) container["reason"] = task.container_reason;
    containers.push_back(std::move(container));
  }
  Json shown = {{"taskArn", task.arn},
                {"clusterArn", world_.arn("ecs", "cluster/" + task.cluster)},
                {"taskDefinitionArn", task.definition},
                {"lastStatus", task.status},
                {"desiredStatus", task.desired_status},
                {"healthStatus", "UNKNOWN"},
                {"startedBy", task.started_by},
                {"createdAt", epoch_seconds(task.created)},
                {"containers", std::move(containers)}};
  if (!task.service.empty()) shown["group"] = "service:" + task.service;
  if (task.stopped) {
    shown["stoppedAt"] = epoch_seconds(*task.stopped);
    shown["stopCode"] = task.stop_code;
    shown["stoppedReason"] = task.stopped_reason;
  }
  return shown;
}

}  // namespace sim
