// Creating, changing and deleting groups.
#include "sim/autoscaling_operations.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim::autoscaling {
namespace {

constexpr ErrorStyle kStyle = ErrorStyle::kAutoScaling;

constexpr const char* kProcesses[] = {
    "Launch",      "Terminate",       "AddToLoadBalancer", "AlarmNotification", "AZRebalance",
    "HealthCheck", "InstanceRefresh", "ReplaceUnhealthy",  "ScheduledActions"};

std::optional<ApiError> check_bounds(const Group& group) {
  if (group.min < 0 || group.max < 0 || group.desired < 0) {
    return validation_error("Size bounds and desired capacity must not be negative.");
  }
  if (group.max < group.min) {
    return validation_error(fmt::format(
        "Max bound, {}, must be greater than or equal to min bound, {}", group.max, group.min));
  }
  return std::nullopt;
}

std::optional<ApiError> check_desired(const Group& group) {
  if (group.desired >= group.min && group.desired <= group.max) return std::nullopt;
  return validation_error(
      fmt::format("Desired capacity:{} must be between the specified min size:{} and max size:{}",
                  group.desired, group.min, group.max));
}

// The names in ScalingProcesses; none given means all.
std::variant<std::vector<std::string>, ApiError> processes_of(const ApiCall& call) {
  Arguments args(call.arguments, kStyle);
  std::vector<std::string> names = args.texts("ScalingProcesses");
  if (args.error()) return *args.error();
  for (const auto& name : names) {
    if (std::find(std::begin(kProcesses), std::end(kProcesses), name) == std::end(kProcesses)) {
      return validation_error(fmt::format("Invalid process type: {}", name));
    }
  }
  if (names.empty()) names.assign(std::begin(kProcesses), std::end(kProcesses));
  return names;
}

// CloudTrail's view of the settings: typed, where Query has only texts.
Json trail_of(const ApiCall& call) {
  static const char* const kIntegers[] = {"MinSize", "MaxSize", "DesiredCapacity",
                                          "DefaultCooldown", "HealthCheckGracePeriod"};
  Arguments args(call.arguments, kStyle);
  Json trail = Json::object();
  for (const auto& [name, value] : call.arguments.items()) {
    Json shown;
    if (std::find(std::begin(kIntegers), std::end(kIntegers), name) != std::end(kIntegers)) {
      shown = args.integer_or(name, 0);
    } else if (name == "NewInstancesProtectedFromScaleIn" || name == "CapacityRebalance" ||
               name == "HonorCooldown") {
      shown = args.boolean_or(name, false);
    } else {
      shown = lower_names(value);
    }
    trail[lower_first(name)] = std::move(shown);
  }
  return trail;
}

void propagate_pools(AutoScalingEngine& engine, Group& group) {
  for (auto& member : group.members) engine.register_in_pools(group, member);
}

}  // namespace

std::string not_found_text(const std::string& group) {
  return fmt::format("AutoScalingGroup name not found - AutoScalingGroup '{}' not found", group);
}

std::variant<Group*, ApiError> group_of(AutoScalingEngine& engine, const ApiCall& call) {
  Arguments args(call.arguments, kStyle);
  const std::string name = args.required_text("AutoScalingGroupName");
  if (args.error()) return *args.error();
  Group* group = engine.find(name);
  if (group == nullptr) return validation_error(not_found_text(name));
  return group;
}

ApiOutcome create_auto_scaling_group(AutoScalingEngine& engine, const ApiCall& call) {
  Arguments args(call.arguments, kStyle);
  Group group;
  group.name = args.required_text("AutoScalingGroupName");
  args.required_integer("MinSize");
  args.required_integer("MaxSize");
  if (args.error()) return *args.error();
  if (engine.find(group.name) != nullptr) {
    return api_error("AlreadyExists",
                     fmt::format("AutoScalingGroup by this name already exists - A "
                                 "group with the name {} already exists",
                                 group.name));
  }
  if (auto error = read_settings(engine, call, group)) return *error;
  if (auto error = read_pools(engine, call, group)) return *error;
  if (auto error = read_tags(call.arguments, group)) return *error;
  if (group.launch_template.empty() && group.launch_configuration.empty() && !group.mixed) {
    return validation_error(
        "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or "
        "MixedInstancesPolicy parameter.");
  }
  if (group.zones.empty()) {
    return validation_error("At least one Availability Zone or VPC Subnet is required.");
  }
  if (!args.has("DesiredCapacity")) group.desired = group.min;
  if (auto error = check_bounds(group)) return *error;
  if (auto error = check_desired(group)) return *error;
  engine.add(std::move(group));
  ApiAnswer answer;
  answer.trail_request = trail_of(call);
  return answer;
}

ApiOutcome update_auto_scaling_group(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Group& group = *std::get<Group*>(found);
  if (!group.status.empty()) {
    return api_error("ScalingActivityInProgress",
                     fmt::format("AutoScalingGroup {} is pending delete", group.name));
  }
  Group changed = group;
  if (auto error = read_settings(engine, call, changed)) return *error;
  if (auto error = check_bounds(changed)) return *error;
  if (call.arguments.contains("DesiredCapacity")) {
    if (auto error = check_desired(changed)) return *error;
  }
  // Bounds move the desired capacity along.
  const int desired = std::clamp(changed.desired, changed.min, changed.max);
  const int before = group.desired;
  group = std::move(changed);
  group.desired = before;
  engine.set_desired(
      group, desired,
      fmt::format("a user request update of AutoScalingGroup constraints to min: {}, "
                  "max: {}, desired: {}",
                  group.min, group.max, desired));
  ApiAnswer answer;
  answer.trail_request = trail_of(call);
  return answer;
}

ApiOutcome delete_auto_scaling_group(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Group& group = *std::get<Group*>(found);
  Arguments args(call.arguments, kStyle);
  const bool force = args.boolean_or("ForceDelete", false);
  if (args.error()) return *args.error();
  if (!force && !group.members.empty()) {
    return api_error(
        "ResourceInUse",
        "You cannot delete an AutoScalingGroup while there are instances or pending Spot "
        "instance request(s) still in the group.");
  }
  engine.remove_with_instances(group);
  return ApiAnswer{};
}

ApiOutcome set_desired_capacity(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Group& group = *std::get<Group*>(found);
  Arguments args(call.arguments, kStyle);
  const std::int64_t desired = args.required_integer("DesiredCapacity");
  const bool honor_cooldown = args.boolean_or("HonorCooldown", false);
  if (args.error()) return *args.error();
  if (desired > group.max || desired < group.min) {
    const bool above = desired > group.max;
    return validation_error(fmt::format(
        "New SetDesiredCapacity value {} is {} {} value {} for the AutoScalingGroup.", desired,
        above ? "above" : "below", above ? "max" : "min", above ? group.max : group.min));
  }
  if (honor_cooldown && group.last_scaling &&
      engine.world().clock().now() < *group.last_scaling + std::chrono::seconds(group.cooldown)) {
    return api_error("ScalingActivityInProgress",
                     fmt::format("Scaling activity {} is in progress and blocks this action",
                                 group.last_scaling_activity));
  }
  engine.set_desired(group, static_cast<int>(desired),
                     "a user request explicitly set group desired capacity");
  ApiAnswer answer;
  answer.trail_request = {{"autoScalingGroupName", group.name},
                          {"desiredCapacity", desired},
                          {"honorCooldown", honor_cooldown}};
  return answer;
}

ApiOutcome suspend_processes(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  auto names = processes_of(call);
  if (const auto* error = std::get_if<ApiError>(&names)) return *error;
  Group& group = *std::get<Group*>(found);
  const std::string reason = "User suspended at " + prose_time(engine.world().clock().now());
  for (const auto& name : std::get<std::vector<std::string>>(names)) {
    group.suspended.try_emplace(name, reason);
  }
  return ApiAnswer{};
}

ApiOutcome resume_processes(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  auto names = processes_of(call);
  if (const auto* error = std::get_if<ApiError>(&names)) return *error;
  Group& group = *std::get<Group*>(found);
  for (const auto& name : std::get<std::vector<std::string>>(names)) group.suspended.erase(name);
  engine.react_now(group.name);
  return ApiAnswer{};
}

ApiOutcome attach_target_groups(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Group& group = *std::get<Group*>(found);
  Arguments args(call.arguments, kStyle);
  const std::vector<std::string> arns = args.required_texts("TargetGroupARNs");
  if (args.error()) return *args.error();
  for (const auto& arn : arns) {
    if (!engine.elb().has_pool(arn)) {
      return validation_error(
          "Provided Target Groups may not be valid. Please ensure they exist and try again.");
    }
  }
  for (const auto& arn : arns) {
    if (std::find(group.target_groups.begin(), group.target_groups.end(), arn) ==
        group.target_groups.end()) {
      group.target_groups.push_back(arn);
    }
  }
  propagate_pools(engine, group);
  return ApiAnswer{};
}

ApiOutcome detach_target_groups(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Group& group = *std::get<Group*>(found);
  Arguments args(call.arguments, kStyle);
  const std::vector<std::string> arns = args.required_texts("TargetGroupARNs");
  if (args.error()) return *args.error();
  for (const auto& arn : arns) {
    if (std::erase(group.target_groups, arn) == 0) {
      return validation_error("Trying to remove Target Groups that are not part of the group");
    }
    for (auto& member : group.members) {
      if (member.pools.erase(arn) > 0) engine.elb().remove_from_pool(arn, member.id);
    }
  }
  return ApiAnswer{};
}

}  // namespace sim::autoscaling
