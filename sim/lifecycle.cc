// Lifecycle hooks: an instance waits in each hook of its transition in turn, until somebody
// completes the action or its heartbeat runs out.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html
#include "sim/autoscaling_engine.h"
#include "sim/ec2_support.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim {
namespace {

constexpr std::chrono::hours kWaitMax{48};
constexpr int kHeartbeatsMax = 100;

bool is_launch(const Member& member) { return member.is_in("Pending"); }

}  // namespace

void AutoScalingEngine::enter_hooks(Group& group, Member& member, const std::string& transition) {
  member.hooks_left.clear();
  for (const auto& hook : group.hooks) {
    if (hook.transition == transition) member.hooks_left.push_back(hook.name);
  }
  next_hook(group, member);
}

void AutoScalingEngine::next_hook(Group& group, Member& member) {
  const bool launch = is_launch(member);
  while (!member.hooks_left.empty()) {
    const LifecycleHook* hook = group.find_hook(member.hooks_left.front());
    member.hooks_left.erase(member.hooks_left.begin());
    if (hook == nullptr) continue;
    const base::TimePoint now = world_.clock().now();
    const auto limit =
        std::min<std::chrono::seconds>(kWaitMax, hook->heartbeat_timeout * kHeartbeatsMax);
    member.state = launch ? "Pending:Wait" : "Terminating:Wait";
    member.action = LifecycleAction{.hook = hook->name,
                                    .token = world_.random().uuid(),
                                    .deadline = now + hook->heartbeat_timeout,
                                    .limit = now + limit};
    if (Activity* activity = find_activity(group, member.activity)) {
      activity->status = "MidLifecycleAction";
      activity->progress = launch ? 40 : 60;
    }
    notify(group, member, *hook);
    return watch_deadline(group, member);
  }
  if (member.is_in("Pending:") || member.is_in("Terminating:")) {
    member.state = launch ? "Pending:Proceed" : "Terminating:Proceed";
  }
  member.action.reset();
  if (launch) return enter_service(group, member);
  shut_down(group, member);
}

void AutoScalingEngine::watch_deadline(Group& group, Member& member) {
  const auto wait =
      std::chrono::ceil<base::Duration>(member.action->deadline - world_.clock().now());
  run_later(wait, [this, name = group.name, id = member.id, token = member.action->token] {
    Group* same_group = find(name);
    Member* same = same_group != nullptr ? same_group->find(id) : nullptr;
    if (same == nullptr || !same->action || same->action->token != token) return;
    // Heartbeats moved the deadline: wait for the rest.
    if (world_.clock().now() < same->action->deadline) return watch_deadline(*same_group, *same);
    const LifecycleHook* hook = same_group->find_hook(same->action->hook);
    complete_action(*same_group, *same, hook != nullptr ? hook->default_result : "ABANDON",
                    "Heartbeat Timeout");
  });
}

void AutoScalingEngine::complete_action(Group& group, Member& member, const std::string& result,
                                        const std::string& reason) {
  const std::string token = member.action ? member.action->token : "";
  member.action.reset();
  if (result == "CONTINUE") return next_hook(group, member);
  if (is_launch(member)) {
    return abandon_launch(
        group, member,
        fmt::format("Instance failed to complete user's Lifecycle Action: Lifecycle Action with "
                    "token {} was abandoned: {}",
                    token, reason));
  }
  member.hooks_left.clear();  // an abandoned termination skips what is left of its hooks
  next_hook(group, member);
}

void AutoScalingEngine::heartbeat(Group& group, Member& member) {
  const LifecycleHook* hook = member.action ? group.find_hook(member.action->hook) : nullptr;
  if (hook == nullptr) return;
  member.action->deadline =
      std::min(world_.clock().now() + hook->heartbeat_timeout, member.action->limit);
}

void AutoScalingEngine::remove_hook(Group& group, const std::string& name) {
  std::erase_if(group.hooks, [&](const auto& hook) { return hook.name == name; });
  for (auto& member : group.members) {
    std::erase(member.hooks_left, name);
    if (!member.action || member.action->hook != name) continue;
    complete_action(group, member, is_launch(member) ? "ABANDON" : "CONTINUE",
                    "Lifecycle Hook Deleted");
  }
}

void AutoScalingEngine::notify(const Group& group, const Member& member,
                               const LifecycleHook& hook) {
  const bool launch = is_launch(member);
  Json detail = {{"LifecycleActionToken", member.action->token},
                 {"AutoScalingGroupName", group.name},
                 {"LifecycleHookName", hook.name},
                 {"EC2InstanceId", member.id},
                 {"LifecycleTransition", hook.transition}};
  if (!hook.metadata.empty()) detail["NotificationMetadata"] = hook.metadata;
  if (notify_ && !hook.notification_target.empty()) {
    Json message = {{"Service", "AWS Auto Scaling"},
                    {"Time", wire_time(world_.clock().now())},
                    {"RequestId", member.activity},
                    {"AccountId", world_.config().account}};
    message.update(detail);
    notify_(hook.notification_target, message);
  }
  detail["Origin"] = launch ? "EC2" : "AutoScalingGroup";
  detail["Destination"] = launch ? "AutoScalingGroup" : "EC2";
  world_.emit({{"source", "aws.autoscaling"},
               {"detail-type", launch ? "EC2 Instance-launch Lifecycle Action"
                                      : "EC2 Instance-terminate Lifecycle Action"},
               {"resources", Json::array({group.arn})},
               {"detail", std::move(detail)}});
}

void AutoScalingEngine::send_test_notification(const Group& group, const LifecycleHook& hook) {
  if (!notify_ || hook.notification_target.empty()) return;
  notify_(hook.notification_target, {{"AccountId", world_.config().account},
                                     {"RequestId", world_.random().uuid()},
                                     {"AutoScalingGroupARN", group.arn},
                                     {"AutoScalingGroupName", group.name},
                                     {"Service", "AWS Auto Scaling"},
                                     {"Event", "autoscaling:TEST_NOTIFICATION"},
                                     {"Time", wire_time(world_.clock().now())}});
}

}  // namespace sim
