// What the simulated ECS remembers: task definitions, tasks, services and their deployments.
#pragma once

#include "base/clock.h"
#include "sim/service.h"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sim::ecs {

struct Container {
  std::string name;
  std::string image;
  std::string script;  // what it runs, for sim/mini_shell.h; empty: until it is stopped
  std::map<std::string, std::string> environment;
  std::string log_group;  // of awslogs; empty: nowhere
  std::string log_prefix;
};

struct TaskDefinition {
  std::string arn;
  std::string family;
  int revision = 0;
  Json described = Json::object();
  std::vector<Container> containers;
};

struct Task {
  std::string id;
  std::string arn;
  std::string cluster;
  std::string definition;  // ARN
  std::string service;     // empty: started by RunTask
  std::string deployment;
  std::string started_by;
  std::string client_token;
  std::string status = "PENDING";
  std::string desired_status = "RUNNING";
  std::string stop_code;
  std::string stopped_reason;
  std::string container_reason;
  std::optional<int> exit_code;
  base::TimePoint created;
  std::optional<base::TimePoint> stopped;
  std::vector<Container> containers;  // with the overrides
};

struct Deployment {
  std::string id;
  std::string definition;  // ARN
  std::string status = "PRIMARY";
  std::string rollout_state = "IN_PROGRESS";
  std::string rollout_reason;
  int failed = 0;
  base::TimePoint created;
  base::TimePoint updated;
};

struct ServiceEvent {
  std::string id;
  base::TimePoint time;
  std::string message;
};

struct EcsServiceState {
  std::string name;
  std::string cluster;
  std::string arn;
  std::string status = "ACTIVE";
  std::string launch_type;
  int desired = 0;
  bool circuit_breaker = false;
  bool rollback = false;
  std::deque<Deployment> deployments;  // the primary one first
  std::deque<ServiceEvent> events;     // newest first
  Json load_balancers = Json::array();
  base::TimePoint created;
};

}  // namespace sim::ecs
