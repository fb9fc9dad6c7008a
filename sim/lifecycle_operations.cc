// The API of lifecycle hooks.
#include "sim/autoscaling_operations.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim::autoscaling {
namespace {

constexpr ErrorStyle kStyle = ErrorStyle::kAutoScaling;
constexpr std::int64_t kTimeoutMin = 30;
constexpr std::int64_t kTimeoutMax = 7200;
constexpr std::size_t kHooksMax = 50;

Json render(const Group& group, const LifecycleHook& hook) {
  const auto heartbeat = hook.heartbeat_timeout.count();
  Json rendered = {{"LifecycleHookName", hook.name},
                   {"AutoScalingGroupName", group.name},
                   {"LifecycleTransition", hook.transition},
                   {"HeartbeatTimeout", heartbeat},
                   {"GlobalTimeout", std::min<std::int64_t>(heartbeat * 100, 172'800)},
                   {"DefaultResult", hook.default_result}};
  if (!hook.metadata.empty()) rendered["NotificationMetadata"] = hook.metadata;
  if (!hook.notification_target.empty()) {
    rendered["NotificationTargetARN"] = hook.notification_target;
  }
  if (!hook.role.empty()) rendered["RoleARN"] = hook.role;
  return rendered;
}

ApiError invalid_result(const std::string& result) {
  return validation_error(fmt::format(
      "Lifecycle action result or default result must be CONTINUE or ABANDON, not '{}'", result));
}

bool is_result(const std::string& result) { return result == "CONTINUE" || result == "ABANDON"; }

std::optional<ApiError> check(const LifecycleHook& hook) {
  if (hook.transition != "autoscaling:EC2_INSTANCE_LAUNCHING" &&
      hook.transition != "autoscaling:EC2_INSTANCE_TERMINATING") {
    return validation_error(fmt::format("Invalid Lifecycle Transition: '{}'", hook.transition));
  }
  if (!is_result(hook.default_result)) return invalid_result(hook.default_result);
  const auto seconds = hook.heartbeat_timeout.count();
  if (seconds < kTimeoutMin || seconds > kTimeoutMax) {
    return validation_error(fmt::format("Heartbeat timeout must be between {} and {} seconds.",
                                        kTimeoutMin, kTimeoutMax));
  }
  return std::nullopt;
}

// The member that waits in the named hook, by token or by instance id.
std::variant<std::pair<Group*, Member*>, ApiError> waiting_member(AutoScalingEngine& engine,
                                                                  const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Group* group = std::get<Group*>(found);
  Arguments args(call.arguments, kStyle);
  const std::string hook = args.required_text("LifecycleHookName");
  const std::string token = args.text_or("LifecycleActionToken", "");
  const std::string id = args.text_or("InstanceId", "");
  if (args.error()) return *args.error();
  if (token.empty() && id.empty()) {
    return validation_error("Either LifecycleActionToken or InstanceId must be given.");
  }
  for (auto& member : group->members) {
    if (!member.action || member.action->hook != hook) continue;
    if (token.empty() ? member.id == id : member.action->token == token) {
      return std::pair{group, &member};
    }
  }
  return validation_error(
      token.empty() ? fmt::format("No active Lifecycle Action found with instance ID {}", id)
                    : fmt::format("No active Lifecycle Action found with token {}", token));
}

}  // namespace

ApiOutcome put_lifecycle_hook(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Group& group = *std::get<Group*>(found);
  Arguments args(call.arguments, kStyle);
  const std::string name = args.required_text("LifecycleHookName");
  const LifecycleHook* known = group.find_hook(name);
  LifecycleHook hook = known != nullptr ? *known : LifecycleHook{};
  hook.name = name;
  hook.transition = args.text_or("LifecycleTransition", hook.transition);
  hook.heartbeat_timeout =
      std::chrono::seconds(args.integer_or("HeartbeatTimeout", hook.heartbeat_timeout.count()));
  hook.default_result = args.text_or("DefaultResult", hook.default_result);
  hook.metadata = args.text_or("NotificationMetadata", hook.metadata);
  hook.notification_target = args.text_or("NotificationTargetARN", hook.notification_target);
  hook.role = args.text_or("RoleARN", hook.role);
  if (args.error()) return *args.error();
  if (auto error = check(hook)) return *error;
  if (known == nullptr && group.hooks.size() >= kHooksMax) {
    return api_error("LimitExceeded", "Too many lifecycle hooks for this group.");
  }
  std::erase_if(group.hooks, [&](const auto& other) { return other.name == name; });
  engine.send_test_notification(group, hook);
  group.hooks.push_back(std::move(hook));
  return ApiAnswer{};
}

ApiOutcome describe_lifecycle_hooks(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  const Group& group = *std::get<Group*>(found);
  Arguments args(call.arguments, kStyle);
  const std::vector<std::string> names = args.texts("LifecycleHookNames");
  if (args.error()) return *args.error();
  Json list = Json::array();
  for (const auto& hook : group.hooks) {
    if (!names.empty() && std::find(names.begin(), names.end(), hook.name) == names.end()) continue;
    list.push_back(render(group, hook));
  }
  ApiAnswer answer;
  answer.result["LifecycleHooks"] = std::move(list);
  return answer;
}

ApiOutcome delete_lifecycle_hook(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Group& group = *std::get<Group*>(found);
  Arguments args(call.arguments, kStyle);
  const std::string name = args.required_text("LifecycleHookName");
  if (args.error()) return *args.error();
  if (group.find_hook(name) == nullptr) {
    return validation_error(fmt::format("No Lifecycle Hook found with name '{}'", name));
  }
  engine.remove_hook(group, name);
  return ApiAnswer{};
}

ApiOutcome complete_lifecycle_action(AutoScalingEngine& engine, const ApiCall& call) {
  Arguments args(call.arguments, kStyle);
  const std::string result = args.required_text("LifecycleActionResult");
  if (args.error()) return *args.error();
  if (!is_result(result)) return invalid_result(result);
  auto waiting = waiting_member(engine, call);
  if (const auto* error = std::get_if<ApiError>(&waiting)) return *error;
  auto [group, member] = std::get<std::pair<Group*, Member*>>(waiting);
  engine.complete_action(*group, *member, result,
                         fmt::format("Lifecycle Action Completed with {} Result", result));
  return ApiAnswer{};
}

ApiOutcome record_lifecycle_action_heartbeat(AutoScalingEngine& engine, const ApiCall& call) {
  auto waiting = waiting_member(engine, call);
  if (const auto* error = std::get_if<ApiError>(&waiting)) return *error;
  auto [group, member] = std::get<std::pair<Group*, Member*>>(waiting);
  engine.heartbeat(*group, *member);
  return ApiAnswer{};
}

}  // namespace sim::autoscaling
