// EcsService: clusters, task definitions, tasks and services whose deployments roll out over time.
//
// A task is PENDING, then RUNNING after a lag. What its first container runs is a script of
// sim/mini_shell.h: the definition's or the override's command, after "sh", "-c" where they are
// there; without one it runs until it is stopped. What it prints goes to its awslogs group. An
// image that begins with "missing/" cannot be pulled. So a test writes a deployment that fails, or
// a suite that takes a minute and says something, as a task definition.
//
// A deployment starts all of its tasks, and stops those of older ones once its own run and have run
// for a while. One whose tasks keep stopping is tried again and again, or given up and rolled back
// where the service has a circuit breaker.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/
#pragma once

#include "sim/ecs_model.h"
#include "sim/service.h"
#include "sim/world.h"

#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sim {

class LogsService;

class EcsService final : public Service {
 public:
  EcsService(World& world, LogsService& logs) : world_(world), logs_(logs) {}
  boost::asio::awaitable<ApiOutcome> handle(ApiCall call) override;

  // How many tasks fit into a cluster; unlimited at first.
  void set_capacity(const std::string& cluster, int tasks) { capacity_[cluster] = tasks; }
  void set_start_lag(base::Duration lag) { start_lag_ = lag; }

 private:
  using Operation = ApiOutcome (EcsService::*)(const Json&);
  static const std::map<std::string, Operation>& operations();

  // Clusters, task definitions, tasks (sim/ecs_service.cc).
  ApiOutcome create_cluster(const Json& arguments);
  ApiOutcome register_task_definition(const Json& arguments);
  ApiOutcome describe_task_definition(const Json& arguments);
  ApiOutcome run_task(const Json& arguments);
  ApiOutcome stop_task(const Json& arguments);
  ApiOutcome list_tasks(const Json& arguments);
  ApiOutcome describe_tasks(const Json& arguments);
  // Services (sim/ecs_deployments.cc).
  ApiOutcome create_service(const Json& arguments);
  ApiOutcome update_service(const Json& arguments);
  ApiOutcome delete_service(const Json& arguments);
  ApiOutcome describe_services(const Json& arguments);

  std::variant<std::string, ApiError> cluster_of(const Json& arguments) const;
  const ecs::TaskDefinition* find_definition(const std::string& id) const;
  ecs::Task* find_task(const std::string& cluster, const std::string& id);
  ecs::EcsServiceState* find_service(const std::string& cluster, const std::string& id);
  bool has_room(const std::string& cluster) const;
  void forget_old_tasks();

  ecs::Task& start(ecs::Task task);
  void begin(const std::string& id);  // PENDING -> RUNNING, or it cannot
  void stop(ecs::Task& task, const std::string& code, const std::string& reason);
  Json render(const ecs::Task& task) const;

  void deploy(ecs::EcsServiceState& service, const std::string& definition);
  void reconcile(const std::string& cluster, const std::string& name);
  void task_ended(const ecs::Task& task);
  void give_up(ecs::EcsServiceState& service);
  void settle(ecs::EcsServiceState& service);
  void say(ecs::EcsServiceState& service, const std::string& message);
  // Of this deployment, that are not stopped; `status` empty: any.
  std::vector<ecs::Task*> tasks_of(const ecs::EcsServiceState& service,
                                   const std::string& deployment, const std::string& status = {});
  Json render(const ecs::EcsServiceState& service);

  World& world_;
  LogsService& logs_;
  std::map<std::string, std::string> clusters_ = {{"default", ""}};
  std::map<std::string, ecs::TaskDefinition> definitions_;  // by "family:revision"
  std::map<std::string, int> revisions_;                    // the latest, by family
  std::map<std::string, ecs::Task> tasks_;                  // by id
  std::map<std::pair<std::string, std::string>, ecs::EcsServiceState> services_;
  std::map<std::string, int> capacity_;
  base::Duration start_lag_ = std::chrono::seconds(20);
  base::Duration prove_lag_ = std::chrono::seconds(15);
  base::Duration retry_lag_ = std::chrono::seconds(10);
};

}  // namespace sim
