#include "sim/elb_service.h"

#include "sim/ec2_support.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim {
namespace {

constexpr const char* kDelayAttribute = "deregistration_delay.timeout_seconds";

}  // namespace

ElbService::ElbService(World& world) : world_(world) {}

const std::map<std::string, ElbService::Operation>& ElbService::target_group_operations() {
  static const std::map<std::string, Operation> kOperations = {
      {"CreateTargetGroup", &ElbService::create_target_group},
      {"DescribeTargetGroups", &ElbService::describe_target_groups},
      {"DeleteTargetGroup", &ElbService::delete_target_group},
      {"ModifyTargetGroupAttributes", &ElbService::modify_target_group_attributes},
      {"DescribeTargetGroupAttributes", &ElbService::describe_target_group_attributes},
      {"RegisterTargets", &ElbService::register_targets},
      {"DeregisterTargets", &ElbService::deregister_targets},
      {"DescribeTargetHealth", &ElbService::describe_target_health},
  };
  return kOperations;
}

const std::map<std::string, ElbService::Operation>& ElbService::classic_operations() {
  static const std::map<std::string, Operation> kOperations = {
      {"CreateLoadBalancer", &ElbService::create_load_balancer},
      {"DeleteLoadBalancer", &ElbService::delete_load_balancer},
      {"DescribeLoadBalancers", &ElbService::describe_load_balancers},
      {"RegisterInstancesWithLoadBalancer", &ElbService::register_instances},
      {"DeregisterInstancesFromLoadBalancer", &ElbService::deregister_instances},
      {"DescribeInstanceHealth", &ElbService::describe_instance_health},
  };
  return kOperations;
}

boost::asio::awaitable<ApiOutcome> ElbService::handle(ApiCall call) {
  const auto& operations =
      call.api_version == "2012-06-01" ? classic_operations() : target_group_operations();
  const auto found = operations.find(call.operation);
  if (found == operations.end()) {
    co_return api_error("InvalidAction", fmt::format("Could not find operation {} for version {}",
                                                     call.operation, call.api_version));
  }
  co_return (this->*found->second)(call);
}

bool ElbService::has_pool(const std::string& pool) const { return pools_.contains(pool); }

base::Duration ElbService::delay_of(const Pool& pool) const {
  const auto found = pool.attributes.find(kDelayAttribute);
  // A classic load balancer drains only where that was switched on.
  if (found == pool.attributes.end()) {
    return pool.arn.empty() ? base::Duration(0) : deregistration_delay_;
  }
  return std::chrono::seconds(parse_integer(found->second).value_or(0));
}

void ElbService::add_to_pool(const std::string& pool, const std::string& instance) {
  const auto found = pools_.find(pool);
  if (found == pools_.end()) return;
  Target& target = found->second.targets[instance];
  // Registering what serves already changes nothing; what drains comes back.
  if (!target.state.empty() && target.state != "draining") return;
  enter(target, "initial");
  target.generation = ++registrations_;
  world_.after(healthy_lag_, [this, pool, instance, generation = target.generation] {
    const auto same = pools_.find(pool);
    if (same == pools_.end()) return;
    const auto registered = same->second.targets.find(instance);
    if (registered == same->second.targets.end()) return;
    if (registered->second.generation != generation || registered->second.state != "initial")
      return;
    settle(pool, instance);
  });
}

// Gives the target the health that its instance has.
void ElbService::settle(const std::string& pool, const std::string& instance) {
  Target& target = pools_.at(pool).targets.at(instance);
  const std::string state = failing_.contains(instance) ? "unhealthy" : "healthy";
  if (target.state == state) return;
  enter(target, state);
  for (const auto& listener : listeners_) listener(instance);
}

base::Duration ElbService::remove_from_pool(const std::string& pool, const std::string& instance) {
  const auto found = pools_.find(pool);
  if (found == pools_.end()) return base::Duration(0);
  const auto registered = found->second.targets.find(instance);
  if (registered == found->second.targets.end()) return base::Duration(0);
  Target& target = registered->second;
  const base::Duration delay = delay_of(found->second);
  if (target.state == "draining") return delay;
  enter(target, "draining");
  target.generation = ++registrations_;
  world_.after(delay, [this, pool, instance, generation = target.generation] {
    const auto same = pools_.find(pool);
    if (same == pools_.end()) return;
    const auto drained = same->second.targets.find(instance);
    if (drained == same->second.targets.end() || drained->second.generation != generation) return;
    same->second.targets.erase(drained);
  });
  return delay;
}

std::string ElbService::health(const std::string& pool, const std::string& instance) const {
  const auto found = pools_.find(pool);
  if (found == pools_.end()) return "";
  const auto registered = found->second.targets.find(instance);
  return registered == found->second.targets.end() ? "" : registered->second.state;
}

void ElbService::enter(Target& target, const std::string& state) {
  target.previous = target.state;
  target.state = state;
  target.since = world_.clock().now();
}

// Empty: it was not registered then.
std::string ElbService::state_of(const Target& target, base::Duration ago) const {
  return target.since > world_.clock().now() - ago ? target.previous : target.state;
}

std::map<std::string, std::string> ElbService::states_of(const std::string& pool,
                                                         base::Duration ago) const {
  std::map<std::string, std::string> states;
  const auto found = pools_.find(pool);
  if (found == pools_.end()) return states;
  for (const auto& [instance, target] : found->second.targets) {
    const std::string state = state_of(target, ago);
    if (!state.empty()) states[instance] = state;
  }
  return states;
}

void ElbService::set_failing(const std::string& instance, bool failing) {
  if (failing) {
    failing_.insert(instance);
  } else {
    failing_.erase(instance);
  }
  for (auto& [key, pool] : pools_) {
    const auto registered = pool.targets.find(instance);
    if (registered == pool.targets.end()) continue;
    if (registered->second.state != "healthy" && registered->second.state != "unhealthy") continue;
    settle(key, instance);
  }
}

void ElbService::on_health_change(std::function<void(const std::string&)> listener) {
  listeners_.push_back(std::move(listener));
}

}  // namespace sim
