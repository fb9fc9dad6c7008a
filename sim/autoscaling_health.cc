// How a group notices that an instance is not well.
#include "sim/autoscaling_engine.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim {

void AutoScalingEngine::set_unhealthy(Group& group, Member& member, const std::string& why) {
  member.healthy = false;
  member.unhealthy_cause = why;
  react_now(group.name);
}

void AutoScalingEngine::instance_changed(const std::string& instance, const std::string& state) {
  // What does not run answers no load balancer either.
  elb_.set_failing(instance, state != "running" || sick_.contains(instance));
  auto [group, member] = find_member(instance);
  if (member == nullptr || state == "running" || state == "pending") return;
  later(*group, *member, jittered(lags_.health), &AutoScalingEngine::check_instance);
}

void AutoScalingEngine::check_instance(Group& group, Member& member) {
  const Ec2Instance* instance = ec2_.find(member.id);
  if (instance != nullptr && instance->state == "running") return;  // started again meanwhile
  if (group.is_suspended("HealthCheck")) return;
  if (member.is_in("Pending")) {
    return abandon_launch(group, member,
                          "Instance became unhealthy while waiting for instance to be in InService "
                          "state. Termination Reason: Client.UserInitiatedShutdown: User initiated "
                          "shutdown");
  }
  if (member.state != "InService") return;
  set_unhealthy(group, member, "an EC2 health check indicating it has been terminated or stopped");
}

void AutoScalingEngine::target_changed(const std::string& instance) {
  auto [group, member] = find_member(instance);
  if (member == nullptr || group->health_check_type.find("ELB") == std::string::npos) return;
  base::Duration wait = jittered(lags_.health);
  if (member->in_service_since) {
    const auto graced = std::chrono::ceil<base::Duration>(*member->in_service_since + group->grace -
                                                          world_.clock().now());
    wait = std::max(wait, graced);
  }
  later(*group, *member, wait, &AutoScalingEngine::check_targets);
}

void AutoScalingEngine::check_targets(Group& group, Member& member) {
  if (member.state != "InService" || !member.healthy || group.is_suspended("HealthCheck")) return;
  for (const auto& pool : member.pools) {
    if (elb_.health(pool, member.id) == "unhealthy") {
      return set_unhealthy(group, member, "an ELB system health check failure");
    }
  }
}

}  // namespace sim
