// ELBv2: target groups.
#include "sim/ec2_support.h"
#include "sim/elb_service.h"
#include "sim/faults.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim {
namespace {

constexpr const char* kDelayAttribute = "deregistration_delay.timeout_seconds";

ApiError no_such_target_group() {
  return api_error("TargetGroupNotFound", "One or more target groups not found");
}

struct HealthText {
  const char* reason;
  const char* description;
};

HealthText text_of(const std::string& state) {
  if (state == "initial") {
    return {"Elb.RegistrationInProgress", "Target registration is in progress"};
  }
  if (state == "unhealthy") return {"Target.FailedHealthChecks", "Health checks failed"};
  if (state == "draining") {
    return {"Target.DeregistrationInProgress", "Target deregistration is in progress"};
  }
  if (state == "unused") {
    return {"Target.NotRegistered", "Target is not registered to the target group"};
  }
  return {"", ""};
}

}  // namespace

ElbService::Pool* ElbService::target_group_of(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  const auto found = pools_.find(args.text_or("TargetGroupArn", ""));
  return found == pools_.end() || found->second.arn.empty() ? nullptr : &found->second;
}

ApiOutcome ElbService::create_target_group(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  Pool pool;
  pool.name = args.required_text("Name");
  pool.port = args.text_or("Port", "80");
  const std::string protocol = args.text_or("Protocol", "HTTP");
  if (args.error()) return *args.error();
  for (auto& [arn, other] : pools_) {
    if (other.arn.empty() || other.name != pool.name) continue;
    if (other.port != pool.port || other.described.value("Protocol", "") != protocol) {
      return api_error("DuplicateTargetGroupName",
                       fmt::format("A target group with the same name '{}' exists, but with "
                                   "different settings",
                                   pool.name));
    }
    ApiAnswer same;
    same.result["TargetGroups"] = Json::array({other.described});
    return same;
  }
  pool.arn = world_.arn("elasticloadbalancing",
                        fmt::format("targetgroup/{}/{}", pool.name, world_.random().hex(16)));
  pool.described = {{"TargetGroupArn", pool.arn},
                    {"TargetGroupName", pool.name},
                    {"Protocol", protocol},
                    {"Port", parse_integer(pool.port).value_or(80)},
                    {"VpcId", args.text_or("VpcId", "vpc-00000000000000001")},
                    {"HealthCheckProtocol", args.text_or("HealthCheckProtocol", "HTTP")},
                    {"HealthCheckPort", args.text_or("HealthCheckPort", "traffic-port")},
                    {"HealthCheckEnabled", true},
                    {"HealthCheckPath", args.text_or("HealthCheckPath", "/")},
                    {"TargetType", args.text_or("TargetType", "instance")},
                    {"LoadBalancerArns", Json::array()}};
  ApiAnswer answer;
  answer.result["TargetGroups"] = Json::array({pool.described});
  pools_[pool.arn] = std::move(pool);
  return answer;
}

ApiOutcome ElbService::describe_target_groups(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  const std::vector<std::string> arns = args.texts("TargetGroupArns");
  const std::vector<std::string> names = args.texts("Names");
  if (args.error()) return *args.error();
  Json list = Json::array();
  for (const auto& [arn, pool] : pools_) {
    if (pool.arn.empty()) continue;
    const bool by_arn = std::find(arns.begin(), arns.end(), arn) != arns.end();
    const bool by_name = std::find(names.begin(), names.end(), pool.name) != names.end();
    if ((arns.empty() && names.empty()) || by_arn || by_name) list.push_back(pool.described);
  }
  if (list.size() < arns.size() + names.size()) return no_such_target_group();
  ApiAnswer answer;
  answer.result["TargetGroups"] = std::move(list);
  return answer;
}

ApiOutcome ElbService::delete_target_group(const ApiCall& call) {
  Pool* pool = target_group_of(call);
  if (pool != nullptr) pools_.erase(std::string(pool->arn));  // deleting what is not there succeeds
  return ApiAnswer{};
}

ApiOutcome ElbService::modify_target_group_attributes(const ApiCall& call) {
  Pool* pool = target_group_of(call);
  if (pool == nullptr) return no_such_target_group();
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  const std::map<std::string, std::string> given = args.text_map("Attributes");
  if (args.error()) return *args.error();
  for (const auto& [key, value] : given) {
    if (key == kDelayAttribute) {
      const std::int64_t seconds = parse_integer(value).value_or(-1);
      if (seconds < 0 || seconds > 3600) {
        return validation_error(
            fmt::format("'{}' value must be between 0 and 3600 inclusive", key));
      }
    }
  }
  Json shown = Json::array();
  for (const auto& [key, value] : given) {
    pool->attributes[key] = value;
    shown.push_back({{"Key", key}, {"Value", value}});
  }
  ApiAnswer answer;
  answer.result["Attributes"] = std::move(shown);
  return answer;
}

ApiOutcome ElbService::describe_target_group_attributes(const ApiCall& call) {
  const Pool* pool = target_group_of(call);
  if (pool == nullptr) return no_such_target_group();
  std::map<std::string, std::string> attributes = pool->attributes;
  const auto delay = std::chrono::duration_cast<std::chrono::seconds>(delay_of(*pool));
  attributes[kDelayAttribute] = std::to_string(delay.count());
  Json shown = Json::array();
  for (const auto& [key, value] : attributes) shown.push_back({{"Key", key}, {"Value", value}});
  ApiAnswer answer;
  answer.result["Attributes"] = std::move(shown);
  return answer;
}

ApiOutcome ElbService::register_targets(const ApiCall& call) {
  Pool* pool = target_group_of(call);
  if (pool == nullptr) return no_such_target_group();
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  for (const auto& target : args.objects("Targets")) {
    Arguments target_args(target, ErrorStyle::kAutoScaling);
    const std::string id = target_args.required_text("Id");
    if (target_args.error()) return *target_args.error();
    add_to_pool(pool->arn, id);
    pool->targets[id].port = target_args.text_or("Port", "");
  }
  return ApiAnswer{};
}

ApiOutcome ElbService::deregister_targets(const ApiCall& call) {
  Pool* pool = target_group_of(call);
  if (pool == nullptr) return no_such_target_group();
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  for (const auto& target : args.objects("Targets")) {
    Arguments target_args(target, ErrorStyle::kAutoScaling);
    const std::string id = target_args.required_text("Id");
    if (target_args.error()) return *target_args.error();
    remove_from_pool(pool->arn, id);
  }
  return ApiAnswer{};
}

Json ElbService::render_health(const std::string& instance, const Pool& pool,
                               base::Duration ago) const {
  const auto found = pool.targets.find(instance);
  std::string state = found == pool.targets.end() ? "" : state_of(found->second, ago);
  if (state.empty()) state = "unused";
  const bool own_port = found != pool.targets.end() && !found->second.port.empty();
  const std::string port = own_port ? found->second.port : pool.port;
  Json health = {{"State", state}};
  const HealthText text = text_of(state);
  if (*text.reason != '\0') {
    health["Reason"] = text.reason;
    health["Description"] = text.description;
  }
  return {{"Target", {{"Id", instance}, {"Port", parse_integer(port).value_or(80)}}},
          {"HealthCheckPort", port},
          {"TargetHealth", std::move(health)}};
}

ApiOutcome ElbService::describe_target_health(const ApiCall& call) {
  const Pool* pool = target_group_of(call);
  if (pool == nullptr) return no_such_target_group();
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  Json list = Json::array();
  if (args.has("Targets")) {
    for (const auto& target : args.objects("Targets")) {
      Arguments target_args(target, ErrorStyle::kAutoScaling);
      list.push_back(render_health(target_args.text_or("Id", ""), *pool));
    }
  } else {
    const base::Duration age = world_.faults().read_age();
    for (const auto& [instance, target] : pool->targets) {
      if (state_of(target, age).empty()) continue;
      list.push_back(render_health(instance, *pool, age));
    }
  }
  if (args.error()) return *args.error();
  ApiAnswer answer;
  answer.result["TargetHealthDescriptions"] = std::move(list);
  return answer;
}

}  // namespace sim
