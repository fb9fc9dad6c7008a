// debug-service: what an ECS service is doing and why its tasks stop.
#include "consumers/oncall/jobs/built_in.h"
#include "consumers/oncall/jobs/params.h"
#include "consumers/oncall/jobs/rollout.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace consumers::oncall {

namespace {

constexpr const char* kDoing = "looking at service";
constexpr std::size_t kTasksMax = 100;

constexpr const char* kOutput = R"json({
  "type": "object",
  "properties": {
    "service_name": {"type": "string", "description": "The service"},
    "cluster": {"type": "string", "description": "Its cluster"},
    "status": {"type": "string", "description": "ACTIVE, DRAINING or INACTIVE"},
    "desired": {"type": "integer", "description": "Tasks that are wanted"},
    "running": {"type": "integer", "description": "Tasks that run"},
    "pending": {"type": "integer", "description": "Tasks that start"},
    "deployments": {"type": "array", "description": "id, status, rollout and its reason, )json"
                                R"json(task_definition, counts, failed_tasks, created"},
    "events": {"type": "array", "description": "time and message, newest first"},
    "stopped": {"type": "string", "description": "Why tasks stopped in the last hour, counted"},
    "stopped_tasks": {"type": "array", "description": "task, stopped, stop_code, reason, )json"
                                R"json(containers"}
  }
})json";

Entry make_entry(const BuiltInConfig& config) {
  Entry entry;
  entry.name = "debug-service";
  entry.purpose = "Shows deployments, events and the reasons of stopped tasks of an ECS service";
  Json schema = Json::parse(std::string(R"json({
    "type": "object",
    "required": ["service_name"],
    "additionalProperties": false,
    "properties": {
      )json") + kServiceProperties +
                            R"json(,
      "events": {"type": "integer", "minimum": 0, "maximum": 100, "default": 20,
                 "description": "How many of the newest events"},
      "tasks": {"type": "integer", "minimum": 0, "maximum": 100, "default": 20,
                "description": "How many of the newest stopped tasks"}
    }
  })json");
  schema["properties"]["cluster"]["default"] = config.cluster;
  entry.params_schema = dump(schema);
  entry.output_schema = kOutput;
  entry.example = R"({"service_name":"web"})";
  entry.owner = config.owner;
  entry.timeout = std::chrono::minutes(2);
  entry.permissions = {"ecs:DescribeServices", "ecs:DescribeTasks", "ecs:ListTasks"};
  entry.safe_to_retry = true;
  return entry;
}

Json describe(const aws::EcsDeployment& one) {
  return {{"id", one.id},
          {"status", one.status},
          {"rollout", one.rollout_state},
          {"reason", one.rollout_reason},
          {"task_definition", one.task_definition},
          {"desired", one.desired},
          {"running", one.running},
          {"pending", one.pending},
          {"failed_tasks", one.failed},
          {"created", time_or_null(one.created)}};
}

Json describe(const aws::EcsTask& task) {
  Json containers = Json::array();
  for (const aws::EcsContainer& container : task.containers) {
    Json one = {{"name", container.name}};
    one["exit_code"] = container.exit_code ? Json(*container.exit_code) : Json(nullptr);
    if (!container.reason.empty()) one["reason"] = cut(container.reason, 300);
    containers.push_back(std::move(one));
  }
  return {{"task", task.arn},
          {"stopped", time_or_null(task.stopped)},
          {"stop_code", task.stop_code},
          {"reason", cut(task.stopped_reason, 300)},
          {"containers", std::move(containers)}};
}

class DebugServiceJob final : public Job {
 public:
  DebugServiceJob(const Clients& clients, const BuiltInConfig& config)
      : ecs_(clients.ecs), entry_(make_entry(config)) {}

  const Entry& entry() const override { return entry_; }
  boost::asio::awaitable<Answer> run(Request request, JobLog& log) override;

 private:
  aws::Ecs& ecs_;
  Entry entry_;
};

boost::asio::awaitable<Answer> DebugServiceJob::run(Request request, JobLog& log) {
  const Params params(request.params);
  const std::string name = params.text("service_name");
  const std::string cluster = params.text("cluster");
  const auto service = co_await ecs_.describe_services(cluster, name);
  if (!service) co_return answer_failed(service.error(), kDoing);
  aws::ListTasksOptions options;
  options.cluster = cluster;
  options.service = name;
  options.desired_status = "STOPPED";
  std::vector<aws::EcsTask> tasks;
  // ECS lists no tasks of a service that is gone.
  if (service->status != "INACTIVE") {
    const auto arns = co_await ecs_.list_tasks(std::move(options), kTasksMax);
    if (!arns) co_return answer_failed(arns.error(), kDoing);
    if (!arns->empty()) {
      auto found = co_await ecs_.describe_tasks(cluster, *arns);
      if (!found) co_return answer_failed(found.error(), kDoing);
      tasks = std::move(*found);
    }
  }
  log.line(fmt::format("{} deployments, {} events, {} stopped tasks", service->deployments.size(),
                       service->events.size(), tasks.size()));
  std::ranges::sort(tasks, std::greater(), [](const aws::EcsTask& task) {
    return task.stopped.value_or(base::TimePoint());
  });

  Json body = {{"service_name", name},
               {"cluster", cluster},
               {"status", service->status},
               {"desired", service->desired},
               {"running", service->running},
               {"pending", service->pending},
               {"deployments", Json::array()},
               {"events", Json::array()},
               {"stopped", stop_reasons(tasks, 5)},
               {"stopped_tasks", Json::array()}};
  for (const aws::EcsDeployment& one : service->deployments) {
    body["deployments"].push_back(describe(one));
  }
  const auto events_max = static_cast<std::size_t>(params.number("events", 20));
  for (std::size_t i = 0; i < std::min(events_max, service->events.size()); ++i) {
    body["events"].push_back({{"time", base::format_rfc3339(service->events[i].time)},
                              {"message", cut(service->events[i].message, 500)}});
  }
  const auto tasks_max = static_cast<std::size_t>(params.number("tasks", 20));
  for (std::size_t i = 0; i < std::min(tasks_max, tasks.size()); ++i) {
    body["stopped_tasks"].push_back(describe(tasks[i]));
  }
  co_return done(body);
}

}  // namespace

std::unique_ptr<Job> make_debug_service(const Clients& clients, const BuiltInConfig& config) {
  return std::make_unique<DebugServiceJob>(clients, config);
}

}  // namespace consumers::oncall
