// Classic load balancers.
#include "sim/ec2_support.h"
#include "sim/elb_service.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim {
namespace {

ApiError no_such_load_balancer(const std::string& name) {
  return api_error("LoadBalancerNotFound",
                   fmt::format("There is no ACTIVE Load Balancer named '{}'", name));
}

std::string name_of(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  return args.text_or("LoadBalancerName", "");
}

// Instances.member.N.InstanceId
std::vector<std::string> instance_ids(Arguments& args) {
  std::vector<std::string> ids;
  for (const auto& instance : args.objects("Instances")) {
    Arguments instance_args(instance, ErrorStyle::kAutoScaling);
    ids.push_back(instance_args.required_text("InstanceId"));
    args.take_error(instance_args);
  }
  return ids;
}

}  // namespace

ElbService::Pool* ElbService::load_balancer_of(const ApiCall& call) {
  const auto found = pools_.find(name_of(call));
  return found == pools_.end() || !found->second.arn.empty() ? nullptr : &found->second;
}

ApiOutcome ElbService::create_load_balancer(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  Pool pool;
  pool.name = args.required_text("LoadBalancerName");
  if (args.error()) return *args.error();
  if (pools_.contains(pool.name)) {
    return api_error(
        "DuplicateLoadBalancerName",
        fmt::format("The specified load balancer name '{}' already exists.", pool.name));
  }
  const std::string dns = fmt::format("{}.{}.elb.amazonaws.com", pool.name, world_.config().region);
  pool.described = {{"LoadBalancerName", pool.name},
                    {"DNSName", dns},
                    {"CreatedTime", wire_time(world_.clock().now())},
                    {"AvailabilityZones", args.texts("AvailabilityZones")},
                    {"Subnets", args.texts("Subnets")},
                    {"Scheme", args.text_or("Scheme", "internet-facing")}};
  pools_[pool.name] = std::move(pool);
  ApiAnswer answer;
  answer.result["DNSName"] = dns;
  return answer;
}

ApiOutcome ElbService::delete_load_balancer(const ApiCall& call) {
  if (const Pool* pool = load_balancer_of(call)) pools_.erase(std::string(pool->name));
  return ApiAnswer{};
}

ApiOutcome ElbService::describe_load_balancers(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  const std::vector<std::string> names = args.texts("LoadBalancerNames");
  if (args.error()) return *args.error();
  for (const auto& name : names) {
    const auto found = pools_.find(name);
    if (found == pools_.end() || !found->second.arn.empty()) return no_such_load_balancer(name);
  }
  Json list = Json::array();
  for (const auto& [name, pool] : pools_) {
    if (!pool.arn.empty()) continue;
    if (!names.empty() && std::find(names.begin(), names.end(), name) == names.end()) continue;
    Json described = pool.described;
    Json instances = Json::array();
    for (const auto& [instance, target] : pool.targets) {
      instances.push_back({{"InstanceId", instance}});
    }
    described["Instances"] = std::move(instances);
    list.push_back(std::move(described));
  }
  ApiAnswer answer;
  answer.result["LoadBalancerDescriptions"] = std::move(list);
  return answer;
}

ApiOutcome ElbService::register_instances(const ApiCall& call) {
  Pool* pool = load_balancer_of(call);
  if (pool == nullptr) return no_such_load_balancer(name_of(call));
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  const std::vector<std::string> ids = instance_ids(args);
  if (args.error()) return *args.error();
  for (const auto& id : ids) add_to_pool(pool->name, id);
  Json left = Json::array();
  for (const auto& [instance, target] : pool->targets) left.push_back({{"InstanceId", instance}});
  ApiAnswer answer;
  answer.result["Instances"] = std::move(left);
  return answer;
}

ApiOutcome ElbService::deregister_instances(const ApiCall& call) {
  Pool* pool = load_balancer_of(call);
  if (pool == nullptr) return no_such_load_balancer(name_of(call));
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  const std::vector<std::string> ids = instance_ids(args);
  if (args.error()) return *args.error();
  for (const auto& id : ids) remove_from_pool(pool->name, id);
  Json left = Json::array();
  for (const auto& [instance, target] : pool->targets) {
    if (target.state != "draining") left.push_back({{"InstanceId", instance}});
  }
  ApiAnswer answer;
  answer.result["Instances"] = std::move(left);
  return answer;
}

ApiOutcome ElbService::describe_instance_health(const ApiCall& call) {
  const Pool* pool = load_balancer_of(call);
  if (pool == nullptr) return no_such_load_balancer(name_of(call));
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  std::vector<std::string> ids = instance_ids(args);
  if (args.error()) return *args.error();
  if (!args.has("Instances")) {
    for (const auto& [instance, target] : pool->targets) ids.push_back(instance);
  }
  Json list = Json::array();
  for (const auto& id : ids) {
    const auto found = pool->targets.find(id);
    if (found == pool->targets.end()) {
      return api_error("InvalidInstance", fmt::format("Could not find EC2 instance {}.", id));
    }
    const std::string& state = found->second.state;
    Json item = {{"InstanceId", id},
                 {"State", state == "healthy" ? "InService" : "OutOfService"},
                 {"ReasonCode", "N/A"},
                 {"Description", "N/A"}};
    if (state == "initial") {
      item["ReasonCode"] = "ELB";
      item["Description"] = "Instance registration is still in progress.";
    } else if (state == "unhealthy") {
      item["ReasonCode"] = "Instance";
      item["Description"] =
          "Instance has failed at least the UnhealthyThreshold number of health checks "
          "consecutively.";
    } else if (state == "draining") {
      item["State"] = "InService";
      item["Description"] = "Instance deregistration currently in progress.";
    }
    list.push_back(std::move(item));
  }
  ApiAnswer answer;
  answer.result["InstanceStates"] = std::move(list);
  return answer;
}

}  // namespace sim
