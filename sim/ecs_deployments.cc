// ECS services: what keeps the wanted number of tasks running, and how a deployment rolls out.
#include "sim/ec2_support.h"
#include "sim/ecs_service.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim {
namespace {

using ecs::Deployment;
using ecs::EcsServiceState;
using ecs::ServiceEvent;
using ecs::Task;
using ecs::TaskDefinition;

constexpr std::size_t kEventsMax = 100;
constexpr int kThresholdMin = 3;
constexpr int kThresholdMax = 200;

ApiAnswer answer(Json result) { return ApiAnswer{std::move(result), {}, {}}; }

double epoch_seconds(base::TimePoint time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1e6;
}

std::string name_in(const std::string& id) {
  const std::size_t slash = id.rfind('/');
  return slash == std::string::npos ? id : id.substr(slash + 1);
}

// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
int failures_until_given_up(int desired) {
  return std::clamp((desired + 1) / 2, kThresholdMin, kThresholdMax);
}

}  // namespace

EcsServiceState* EcsService::find_service(const std::string& cluster, const std::string& id) {
  const auto found = services_.find({cluster, name_in(id)});
  return found == services_.end() || found->second.status == "INACTIVE" ? nullptr : &found->second;
}

std::vector<Task*> EcsService::tasks_of(const EcsServiceState& service,
                                        const std::string& deployment, const std::string& status) {
  std::vector<Task*> found;
  for (auto& [id, task] : tasks_) {
    if (task.cluster != service.cluster || task.service != service.name) continue;
    if (task.deployment != deployment || task.status == "STOPPED") continue;
    if (status.empty() || task.status == status) found.push_back(&task);
  }
  return found;
}

void EcsService::say(EcsServiceState& service, const std::string& message) {
  service.events.push_front({world_.random().uuid(), world_.clock().now(),
                             fmt::format("(service {}) {}", service.name, message)});
  if (service.events.size() > kEventsMax) service.events.pop_back();
}

void EcsService::deploy(EcsServiceState& service, const std::string& definition) {
  for (Deployment& one : service.deployments) one.status = "ACTIVE";
  Deployment deployment;
  deployment.id = "ecs-svc/" + world_.random().hex(19);
  deployment.definition = definition;
  deployment.created = deployment.updated = world_.clock().now();
  deployment.rollout_reason = fmt::format("ECS deployment {} in progress.", deployment.id);
  service.deployments.push_front(std::move(deployment));
}

// As many tasks of the primary deployment as are wanted; when they run, the older ones go.
void EcsService::reconcile(const std::string& cluster, const std::string& name) {
  EcsServiceState* service = find_service(cluster, name);
  if (service == nullptr || service->deployments.empty()) return;
  const Deployment primary = service->deployments.front();
  std::vector<Task*> tasks = tasks_of(*service, primary.id);
  const auto wanted = static_cast<std::size_t>(service->desired);
  std::size_t started = 0;
  while (tasks.size() + started < wanted) {
    if (!has_room(cluster)) {
      say(*service,
          "was unable to place a task because no container instance met all of its requirements.");
      world_.after(std::chrono::minutes(1), [this, cluster, name] { reconcile(cluster, name); });
      break;
    }
    Task task;
    task.cluster = cluster;
    task.service = name;
    task.deployment = task.started_by = primary.id;
    task.definition = primary.definition;
    task.containers = find_definition(primary.definition)->containers;
    start(std::move(task));
    ++started;
  }
  if (started > 0) say(*service, fmt::format("has started {} tasks.", started));
  for (std::size_t i = wanted; i < tasks.size(); ++i) {
    tasks[i]->deployment += "/scaled-in";  // its end is no failure of the deployment
    stop(*tasks[i], "ServiceSchedulerInitiated",
         fmt::format("Scaling activity initiated by (deployment {})", primary.id));
  }
  if (tasks_of(*service, primary.id, "RUNNING").size() == wanted) {
    world_.after(prove_lag_, [this, cluster, name, deployment = primary.id] {
      EcsServiceState* same = find_service(cluster, name);
      if (same == nullptr || same->deployments.front().id != deployment) return;
      const auto running = tasks_of(*same, deployment, "RUNNING").size();
      if (running == static_cast<std::size_t>(same->desired)) settle(*same);
    });
  }
}

// The primary deployment runs as it should.
void EcsService::settle(EcsServiceState& service) {
  Deployment& primary = service.deployments.front();
  if (primary.rollout_state == "COMPLETED" && service.deployments.size() == 1) return;
  primary.rollout_state = "COMPLETED";
  primary.rollout_reason = fmt::format("ECS deployment {} completed.", primary.id);
  primary.updated = world_.clock().now();
  for (std::size_t i = 1; i < service.deployments.size(); ++i) {
    for (Task* task : tasks_of(service, service.deployments[i].id)) {
      task->deployment += "/replaced";
      stop(*task, "ServiceSchedulerInitiated",
           fmt::format("Scaling activity initiated by (deployment {})", primary.id));
    }
  }
  service.deployments.resize(1);
  say(service, fmt::format("(deployment {}) deployment completed.", primary.id));
  say(service, "has reached a steady state.");
}

void EcsService::task_ended(const Task& task) {
  EcsServiceState* service = find_service(task.cluster, task.service);
  if (service == nullptr) return;
  for (Deployment& deployment : service->deployments) {
    if (deployment.id != task.deployment || task.stop_code == "UserInitiated") continue;
    ++deployment.failed;
    deployment.updated = world_.clock().now();
  }
  const Deployment& primary = service->deployments.front();
  const bool breaks = service->circuit_breaker && primary.rollout_state == "IN_PROGRESS" &&
                      primary.failed >= failures_until_given_up(service->desired);
  if (breaks) {
    give_up(*service);
    return;
  }
  if (primary.failed == kThresholdMin && primary.rollout_state == "IN_PROGRESS") {
    say(*service, "is unable to consistently start tasks successfully.");
  }
  world_.after(retry_lag_,
               [this, cluster = task.cluster, name = task.service] { reconcile(cluster, name); });
}

// The circuit breaker: the deployment has failed; the last one that was good comes back.
void EcsService::give_up(EcsServiceState& service) {
  Deployment& failed = service.deployments.front();
  failed.rollout_state = "FAILED";
  failed.rollout_reason = "ECS deployment circuit breaker: tasks failed to start.";
  failed.updated = world_.clock().now();
  say(service, fmt::format("(deployment {}) deployment failed: tasks failed to start.", failed.id));
  for (Task* task : tasks_of(service, failed.id)) {
    task->deployment += "/given-up";
    stop(*task, "ServiceSchedulerInitiated", "Deployment failed");
  }
  if (!service.rollback || service.deployments.size() < 2) return;
  Deployment good = service.deployments[1];
  failed.status = "ACTIVE";
  failed.rollout_reason += fmt::format(" Rolling back to deploymentId {}.", good.id);
  say(service, fmt::format("rolling back to deployment {}.", good.id));
  good.status = "PRIMARY";
  good.rollout_state = "IN_PROGRESS";
  good.rollout_reason = fmt::format("ECS deployment {} in progress.", good.id);
  service.deployments.erase(service.deployments.begin() + 1);
  service.deployments.push_front(std::move(good));
  world_.after(retry_lag_, [this, cluster = service.cluster, name = service.name] {
    reconcile(cluster, name);
  });
}

ApiOutcome EcsService::create_service(const Json& arguments) {
  const auto cluster = cluster_of(arguments);
  if (const auto* error = std::get_if<ApiError>(&cluster)) return *error;
  Arguments args(arguments, ErrorStyle::kJson);
  EcsServiceState service;
  service.cluster = std::get<std::string>(cluster);
  service.name = args.required_text("serviceName");
  const TaskDefinition* definition = find_definition(args.required_text("taskDefinition"));
  service.desired = static_cast<int>(args.integer_or("desiredCount", 1));
  service.launch_type = args.text_or("launchType", "EC2");
  if (args.error()) return *args.error();
  if (definition == nullptr) return api_error("ClientException", "TaskDefinition not found.");
  if (find_service(service.cluster, service.name) != nullptr) {
    return api_error("InvalidParameterException", "Creation of service was not idempotent.");
  }
  const Json breaker = arguments.value("deploymentConfiguration", Json::object())
                           .value("deploymentCircuitBreaker", Json::object());
  service.circuit_breaker = breaker.value("enable", false);
  service.rollback = breaker.value("rollback", false);
  service.load_balancers = arguments.value("loadBalancers", Json::array());
  service.arn = world_.arn("ecs", fmt::format("service/{}/{}", service.cluster, service.name));
  service.created = world_.clock().now();
  deploy(service, definition->arn);
  const std::pair key{service.cluster, service.name};
  services_[key] = std::move(service);
  reconcile(key.first, key.second);
  return answer({{"service", render(services_.at(key))}});
}

ApiOutcome EcsService::update_service(const Json& arguments) {
  const auto cluster = cluster_of(arguments);
  if (const auto* error = std::get_if<ApiError>(&cluster)) return *error;
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string name = args.required_text("service");
  const bool force = args.boolean_or("forceNewDeployment", false);
  const auto desired = args.integer("desiredCount");
  const std::string definition_id = args.text_or("taskDefinition", "");
  if (args.error()) return *args.error();
  EcsServiceState* service = find_service(std::get<std::string>(cluster), name);
  if (service == nullptr) return api_error("ServiceNotFoundException", "Service not found.");
  if (service->status != "ACTIVE") {
    return api_error("ServiceNotActiveException", "Service was not ACTIVE.");
  }
  if (desired && *desired < 0) {
    return api_error("InvalidParameterException", "Desired count cannot be negative.");
  }
  if (desired) service->desired = static_cast<int>(*desired);
  std::string target = service->deployments.front().definition;
  if (!definition_id.empty()) {
    const TaskDefinition* definition = find_definition(definition_id);
    if (definition == nullptr) return api_error("ClientException", "TaskDefinition not found.");
    target = definition->arn;
  }
  if (force || target != service->deployments.front().definition) deploy(*service, target);
  reconcile(service->cluster, service->name);
  return answer({{"service", render(*service)}});
}

ApiOutcome EcsService::delete_service(const Json& arguments) {
  const auto cluster = cluster_of(arguments);
  if (const auto* error = std::get_if<ApiError>(&cluster)) return *error;
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string name = args.required_text("service");
  if (args.error()) return *args.error();
  EcsServiceState* service = find_service(std::get<std::string>(cluster), name);
  if (service == nullptr) return api_error("ServiceNotFoundException", "Service not found.");
  if (service->desired > 0 && !args.boolean_or("force", false)) {
    return api_error("InvalidParameterException",
                     "The service cannot be stopped while it is scaled above 0.");
  }
  service->status = "INACTIVE";
  for (const Deployment& deployment : service->deployments) {
    for (Task* task : tasks_of(*service, deployment.id)) {
      stop(*task, "ServiceSchedulerInitiated", "Service was deleted");
    }
  }
  return answer({{"service", render(*service)}});
}

ApiOutcome EcsService::describe_services(const Json& arguments) {
  const auto cluster = cluster_of(arguments);
  if (const auto* error = std::get_if<ApiError>(&cluster)) return *error;
  Arguments args(arguments, ErrorStyle::kJson);
  const std::vector<std::string> names = args.required_texts("services");
  if (args.error()) return *args.error();
  if (names.size() > 10) {
    return api_error("InvalidParameterException", "Services cannot be more than 10.");
  }
  Json found = Json::array();
  Json failures = Json::array();
  for (const std::string& name : names) {
    // A deleted one is still described, as INACTIVE.
    const auto service = services_.find({std::get<std::string>(cluster), name_in(name)});
    if (service != services_.end()) {
      found.push_back(render(service->second));
    } else {
      const std::string what =
          fmt::format("service/{}/{}", std::get<std::string>(cluster), name_in(name));
      failures.push_back({{"arn", world_.arn("ecs", what)}, {"reason", "MISSING"}});
    }
  }
  return answer({{"services", std::move(found)}, {"failures", std::move(failures)}});
}

Json EcsService::render(const EcsServiceState& service) {
  Json deployments = Json::array();
  std::size_t running = 0;
  std::size_t pending = 0;
  for (const Deployment& one : service.deployments) {
    const std::size_t run = tasks_of(service, one.id, "RUNNING").size();
    const std::size_t wait = tasks_of(service, one.id, "PENDING").size();
    running += run;
    pending += wait;
    deployments.push_back({{"id", one.id},
                           {"status", one.status},
                           {"taskDefinition", one.definition},
                           {"desiredCount", one.status == "PRIMARY" ? service.desired : 0},
                           {"pendingCount", wait},
                           {"runningCount", run},
                           {"failedTasks", one.failed},
                           {"createdAt", epoch_seconds(one.created)},
                           {"updatedAt", epoch_seconds(one.updated)},
                           {"launchType", service.launch_type},
                           {"rolloutState", one.rollout_state},
                           {"rolloutStateReason", one.rollout_reason}});
  }
  Json events = Json::array();
  for (const ServiceEvent& one : service.events) {
    events.push_back(
        {{"id", one.id}, {"createdAt", epoch_seconds(one.time)}, {"message", one.message}});
  }
  return {{"serviceArn", service.arn},
          {"serviceName", service.name},
          {"clusterArn", world_.arn("ecs", "cluster/" + service.cluster)},
          {"status", service.status},
          {"desiredCount", service.desired},
          {"runningCount", running},
          {"pendingCount", pending},
          {"launchType", service.launch_type},
          {"taskDefinition", service.deployments.front().definition},
          {"loadBalancers", service.load_balancers},
          {"deployments", std::move(deployments)},
          {"events", std::move(events)},
          {"createdAt", epoch_seconds(service.created)}};
}

}  // namespace sim
