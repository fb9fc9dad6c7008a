// Amazon ECS over AWS JSON 1.1: services, their deployments, tasks.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/
#pragma once

#include "aws/caller.h"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace aws {

struct EcsDeployment {
  std::string id;
  std::string status;         // "PRIMARY", "ACTIVE", "INACTIVE"
  std::string rollout_state;  // "COMPLETED", "IN_PROGRESS", "FAILED"; empty where ECS keeps none
  std::string rollout_reason;
  std::string task_definition;  // ARN
  int desired = 0;
  int running = 0;
  int pending = 0;
  int failed = 0;  // tasks that did not start or did not become healthy
  std::optional<base::TimePoint> created;
  std::optional<base::TimePoint> updated;
};

struct EcsServiceEvent {
  base::TimePoint time;
  std::string message;
};

struct EcsService {
  std::string name;
  std::string arn;
  std::string status;  // "ACTIVE", "DRAINING", "INACTIVE"
  std::string launch_type;
  std::string task_definition;  // ARN
  int desired = 0;
  int running = 0;
  int pending = 0;
  std::vector<EcsDeployment> deployments;
  std::vector<EcsServiceEvent> events;  // newest first, at most 100
  std::vector<std::string> target_groups;
};

struct EcsContainer {
  std::string name;
  std::string status;
  std::string reason;            // "OutOfMemoryError: ...", of the container itself
  std::optional<int> exit_code;  // none while it runs, and where it never did
};

struct EcsTask {
  std::string arn;
  std::string status;          // lastStatus: "PENDING", "RUNNING", "STOPPED", ...
  std::string desired_status;  // "RUNNING", "STOPPED"
  std::string health;          // "HEALTHY", "UNHEALTHY", "UNKNOWN"
  std::string stop_code;       // "EssentialContainerExited", "TaskFailedToStart", ...
  std::string stopped_reason;
  std::string task_definition;  // ARN
  std::string group;            // "service:web"
  std::string started_by;
  std::optional<base::TimePoint> created;
  std::optional<base::TimePoint> stopped;
  std::vector<EcsContainer> containers;
};

struct UpdateServiceOptions {
  std::string cluster;
  std::string service;
  std::optional<int> desired_count;
  bool force_new_deployment = false;
};

struct ListTasksOptions {
  std::string cluster;
  std::string service;  // one of the two; empty: of all
  std::string started_by;
  std::string desired_status = "RUNNING";  // "STOPPED": of the last hour
};

struct RunTaskOptions {
  std::string cluster;
  std::string task_definition;  // family, family:revision or ARN
  std::string launch_type;      // "FARGATE", "EC2"; empty: the cluster's default
  std::string started_by;       // 1 to 128 characters
  // At most 64 characters: ECS starts one task for one token, however often it is asked.
  std::string client_token;
  std::string container;  // whose command and environment are overridden; empty: none
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;
  std::vector<std::string> subnets;  // awsvpc network mode; empty: none
  std::vector<std::string> security_groups;
  bool assign_public_ip = false;
};

struct EcsContainerDefinition {
  std::string name;
  std::string log_group;   // of the awslogs driver; empty for another one
  std::string log_prefix;  // streams are <prefix>/<container>/<task id>
};

class Ecs {
 public:
  explicit Ecs(Caller& caller) : caller_(caller) {}

  // kNotFound: no such cluster, or no such service in it.
  boost::asio::awaitable<base::Result<EcsService>> describe_services(std::string cluster,
                                                                     std::string service);
  // kNotFound: as above; a service that is being deleted is kInvalid.
  boost::asio::awaitable<base::Result<EcsService>> update_service(UpdateServiceOptions options);
  // ARNs, all pages, at most `most`.
  boost::asio::awaitable<base::Result<std::vector<std::string>>> list_tasks(
      ListTasksOptions options, std::size_t most);
  // In chunks of 100. Tasks that ECS has forgotten are absent, not an error.
  boost::asio::awaitable<base::Result<std::vector<EcsTask>>> describe_tasks(
      std::string cluster, std::vector<std::string> tasks);
  // One task. kRetry "TaskNotPlaced": there is no room for it now; kInvalid "TaskNotPlaced": there
  // never will be.
  boost::asio::awaitable<base::Result<EcsTask>> run_task(RunTaskOptions options);
  // `reason` is what people read later as the task's stopped reason.
  boost::asio::awaitable<base::Result<void>> stop_task(std::string cluster, std::string task,
                                                       std::string reason);
  boost::asio::awaitable<base::Result<std::vector<EcsContainerDefinition>>>
  describe_task_definition(std::string task_definition);

 private:
  Caller& caller_;
};

}  // namespace aws
