// What else moves a group's desired capacity: simple scaling policies that somebody (an alarm)
// executes, and scheduled actions that happen once.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutScalingPolicy.html
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutScheduledUpdateGroupAction.html
#include "sim/autoscaling_operations.h"
#include "sim/ec2_support.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim::autoscaling {
namespace {

constexpr ErrorStyle kStyle = ErrorStyle::kAutoScaling;

int adjusted(const Group& group, const ScalingPolicy& policy) {
  if (policy.adjustment_type == "ExactCapacity") return policy.adjustment;
  if (policy.adjustment_type == "ChangeInCapacity") return group.desired + policy.adjustment;
  // Rounded towards zero, but never to nothing.
  int change = group.desired * policy.adjustment / 100;
  if (change == 0 && policy.adjustment != 0) change = policy.adjustment > 0 ? 1 : -1;
  return group.desired + change;
}

void carry_out(AutoScalingEngine& engine, Group& group, const ScheduledAction& action) {
  if (!group.status.empty() || group.is_suspended("ScheduledActions")) return;
  const int min = action.min.value_or(group.min);
  const int max = action.max.value_or(group.max);
  if (min > max) return;
  group.min = min;
  group.max = max;
  const int desired = std::clamp(action.desired.value_or(group.desired), min, max);
  engine.set_desired(group, desired,
                     fmt::format("a scheduled action update of AutoScalingGroup constraints to "
                                 "min: {}, max: {}, desired: {}",
                                 min, max, desired));
}

std::optional<int> number_of(Arguments& args, const char* name) {
  const auto given = args.integer(name);
  return given ? std::optional<int>(static_cast<int>(*given)) : std::nullopt;
}

}  // namespace

ApiOutcome put_scaling_policy(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Group& group = *std::get<Group*>(found);
  Arguments args(call.arguments, kStyle);
  ScalingPolicy policy;
  policy.name = args.required_text("PolicyName");
  policy.adjustment_type = args.required_text("AdjustmentType");
  policy.adjustment = static_cast<int>(args.required_integer("ScalingAdjustment"));
  const std::string type = args.text_or("PolicyType", "SimpleScaling");
  if (args.error()) return *args.error();
  if (type != "SimpleScaling") {
    return validation_error(fmt::format("PolicyType {} is not simulated", type));
  }
  if (policy.adjustment_type != "ExactCapacity" && policy.adjustment_type != "ChangeInCapacity" &&
      policy.adjustment_type != "PercentChangeInCapacity") {
    return validation_error(fmt::format("Invalid adjustment type: {}", policy.adjustment_type));
  }
  policy.arn = engine.world().arn(
      "autoscaling", fmt::format("scalingPolicy:{}:autoScalingGroupName/{}:policyName/{}",
                                 engine.world().random().uuid(), group.name, policy.name));
  ApiAnswer answer;
  answer.result["PolicyARN"] = policy.arn;
  group.policies[policy.name] = std::move(policy);
  return answer;
}

ApiOutcome describe_policies(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  const Group& group = *std::get<Group*>(found);
  Json list = Json::array();
  for (const auto& [name, policy] : group.policies) {
    list.push_back({{"AutoScalingGroupName", group.name},
                    {"PolicyName", name},
                    {"PolicyARN", policy.arn},
                    {"PolicyType", "SimpleScaling"},
                    {"AdjustmentType", policy.adjustment_type},
                    {"ScalingAdjustment", policy.adjustment},
                    {"Enabled", true}});
  }
  ApiAnswer answer;
  answer.result["ScalingPolicies"] = std::move(list);
  return answer;
}

ApiOutcome execute_policy(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Group& group = *std::get<Group*>(found);
  Arguments args(call.arguments, kStyle);
  const std::string name = args.required_text("PolicyName");
  const bool honor_cooldown = args.boolean_or("HonorCooldown", false);
  if (args.error()) return *args.error();
  const auto policy = group.policies.find(name);
  if (policy == group.policies.end()) {
    return validation_error(fmt::format("PolicyName {} not found for {}", name, group.name));
  }
  if (honor_cooldown && group.last_scaling &&
      engine.world().clock().now() < *group.last_scaling + std::chrono::seconds(group.cooldown)) {
    return api_error("ScalingActivityInProgress",
                     fmt::format("Scaling activity {} is in progress and blocks this action",
                                 group.last_scaling_activity));
  }
  if (group.is_suspended("AlarmNotification")) return ApiAnswer{};
  engine.set_desired(group, std::clamp(adjusted(group, policy->second), group.min, group.max),
                     fmt::format("a user request executed policy {}", name));
  return ApiAnswer{};
}

ApiOutcome delete_policy(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Arguments args(call.arguments, kStyle);
  const std::string name = args.required_text("PolicyName");
  if (args.error()) return *args.error();
  std::get<Group*>(found)->policies.erase(name);
  return ApiAnswer{};
}

ApiOutcome put_scheduled_action(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Group& group = *std::get<Group*>(found);
  Arguments args(call.arguments, kStyle);
  ScheduledAction action;
  action.name = args.required_text("ScheduledActionName");
  const std::string start = args.text_or("StartTime", "");
  action.min = number_of(args, "MinSize");
  action.max = number_of(args, "MaxSize");
  action.desired = number_of(args, "DesiredCapacity");
  if (args.error()) return *args.error();
  if (args.has("Recurrence")) return validation_error("Recurrence is not simulated");
  const base::TimePoint now = engine.world().clock().now();
  const auto at = start.empty() ? base::Result<base::TimePoint>(now) : base::parse_rfc3339(start);
  if (!at) return validation_error(fmt::format("Invalid StartTime: {}", start));
  if (*at < now) return validation_error("Given start time is in the past");
  action.start = *at;
  group.schedules[action.name] = action;
  engine.run_later(std::chrono::ceil<base::Duration>(*at - now),
                   [&engine, name = group.name, key = action.name, start_time = *at] {
                     Group* same = engine.find(name);
                     if (same == nullptr) return;
                     const auto due = same->schedules.find(key);
                     if (due == same->schedules.end() || due->second.start != start_time) return;
                     const ScheduledAction once = due->second;
                     same->schedules.erase(due);
                     carry_out(engine, *same, once);
                   });
  return ApiAnswer{};
}

ApiOutcome describe_scheduled_actions(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  const Group& group = *std::get<Group*>(found);
  Json list = Json::array();
  for (const auto& [name, action] : group.schedules) {
    Json shown = {{"AutoScalingGroupName", group.name},
                  {"ScheduledActionName", name},
                  {"StartTime", wire_time(action.start)}};
    if (action.min) shown["MinSize"] = *action.min;
    if (action.max) shown["MaxSize"] = *action.max;
    if (action.desired) shown["DesiredCapacity"] = *action.desired;
    list.push_back(std::move(shown));
  }
  ApiAnswer answer;
  answer.result["ScheduledUpdateGroupActions"] = std::move(list);
  return answer;
}

ApiOutcome delete_scheduled_action(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Arguments args(call.arguments, kStyle);
  const std::string name = args.required_text("ScheduledActionName");
  if (args.error()) return *args.error();
  if (std::get<Group*>(found)->schedules.erase(name) == 0) {
    return validation_error(fmt::format("Scheduled action name not found - {}", name));
  }
  return ApiAnswer{};
}

}  // namespace sim::autoscaling
