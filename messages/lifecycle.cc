// An instance waits in a lifecycle hook: from EventBridge, or sent by the hook straight to SQS.
//
//   "detail":{"LifecycleActionToken":"8765..","AutoScalingGroupName":"web",
//     "LifecycleHookName":"ready","EC2InstanceId":"i-0abc",
//     "LifecycleTransition":"autoscaling:EC2_INSTANCE_LAUNCHING","Destination":"AutoScalingGroup"}
//   {"Service":"AWS Auto Scaling","Time":"..","RequestId":"..", and the same fields}
//
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/prepare-for-lifecycle-notifications.html
#include "messages/decoders.h"
#include "messages/kinds.h"

namespace messages {
namespace {

constexpr std::string_view kLaunching = "autoscaling:EC2_INSTANCE_LAUNCHING";
constexpr std::string_view kTerminating = "autoscaling:EC2_INSTANCE_TERMINATING";

base::Result<LifecycleAction> lifecycle_action(const Field& detail) {
  LifecycleAction action;
  const Field transition = detail["LifecycleTransition"];
  const std::string_view name = transition.text_if_any();
  if (name != kLaunching && name != kTerminating) {
    return transition.refuse(std::string(kLaunching) + " or " + std::string(kTerminating));
  }
  action.transition = name == kLaunching ? LifecycleAction::Transition::kLaunching
                                         : LifecycleAction::Transition::kTerminating;
  const auto group = detail["AutoScalingGroupName"].group_name();
  if (!group) {
    return group.error();
  }
  const auto instance = detail["EC2InstanceId"].text();
  if (!instance) {
    return instance.error();
  }
  const auto hook = detail["LifecycleHookName"].text();
  if (!hook) {
    return hook.error();
  }
  // Completing an action works by instance id as well.
  const auto token = detail["LifecycleActionToken"].optional_text();
  if (!token) {
    return token.error();
  }
  action.group = *group;
  action.instance = base::InstanceId(std::string(*instance));
  action.hook_name = *hook;
  action.action_token = *token;
  action.warm_pool = detail["Origin"].text_if_any() == "WarmPool" ||
                     detail["Destination"].text_if_any() == "WarmPool";
  return action;
}

}  // namespace

base::Result<Payload> decode_lifecycle_action(const Field& event) {
  auto action = lifecycle_action(event["detail"]);
  if (!action) {
    return action.error();
  }
  const bool launch_type =
      event["detail-type"].text_if_any().find("-launch ") != std::string_view::npos;
  if (launch_type != (action->transition == LifecycleAction::Transition::kLaunching)) {
    return event["detail"]["LifecycleTransition"].refuse("the transition of the detail-type");
  }
  return Payload(std::move(*action));
}

bool is_hook_message(const Field& root) { return root["LifecycleTransition"].present(); }

base::Result<Message> decode_hook_message(const Field& root) {
  auto action = lifecycle_action(root);
  if (!action) {
    return action.error();
  }
  const auto time = root["Time"].optional_time();
  if (!time) {
    return time.error();
  }
  Message message;
  message.kind = action->transition == LifecycleAction::Transition::kLaunching
                     ? kind::kInstanceLaunchLifecycle
                     : kind::kInstanceTerminateLifecycle;
  message.id = root["RequestId"].text_if_any();
  message.time = *time;
  message.payload = std::move(*action);
  return message;
}

}  // namespace messages
