// An instance was launched or terminated, or could not be: from EventBridge, or as the notification
// that a group sends to an SNS topic.
//
//   "detail":{"AutoScalingGroupName":"web","EC2InstanceId":"i-0abc","StatusCode":"InProgress",
//     "StatusMessage":"","Origin":"EC2","Destination":"AutoScalingGroup","Cause":"..."}
//   {"Event":"autoscaling:EC2_INSTANCE_LAUNCH_ERROR","AutoScalingGroupName":"web",
//    "StatusMessage":"...","EC2InstanceId":"i-0abc","Time":"2026-01-02T03:04:05Z"}
//
// Whether it worked is said by the detail-type: StatusCode reads InProgress on success too.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-event-reference.html
#include "messages/decoders.h"
#include "messages/kinds.h"

#include <fmt/format.h>

#include <array>

namespace messages {
namespace {

using Action = InstanceEvent::Action;

constexpr std::string_view kTestNotification = "autoscaling:TEST_NOTIFICATION";
constexpr std::string_view kNotificationPrefix = "autoscaling:";

struct NotificationRow {
  std::string_view event;
  std::string_view kind;
  Action action;
  bool successful;
};

constexpr std::array kNotifications = {
    NotificationRow{"autoscaling:EC2_INSTANCE_LAUNCH", kind::kInstanceLaunchSuccessful,
                    Action::kLaunch, true},
    NotificationRow{"autoscaling:EC2_INSTANCE_LAUNCH_ERROR", kind::kInstanceLaunchUnsuccessful,
                    Action::kLaunch, false},
    NotificationRow{"autoscaling:EC2_INSTANCE_TERMINATE", kind::kInstanceTerminateSuccessful,
                    Action::kTerminate, true},
    NotificationRow{"autoscaling:EC2_INSTANCE_TERMINATE_ERROR",
                    kind::kInstanceTerminateUnsuccessful, Action::kTerminate, false},
};

base::Result<Payload> instance_event(const Field& detail, Action action, bool successful) {
  InstanceEvent event;
  event.action = action;
  event.successful = successful;
  const auto group = detail["AutoScalingGroupName"].group_name();
  if (!group) {
    return group.error();
  }
  event.group = *group;
  // A launch that failed may have no instance to name.
  const Field id = detail["EC2InstanceId"];
  const auto instance = successful ? id.text() : id.optional_text();
  if (!instance) {
    return instance.error();
  }
  event.instance = base::InstanceId(std::string(*instance));
  const auto status = detail["StatusMessage"].optional_text();
  if (!status) {
    return status.error();
  }
  event.status_message = *status;
  event.warm_pool = detail["Origin"].text_if_any() == "WarmPool" ||
                    detail["Destination"].text_if_any() == "WarmPool";
  return Payload(std::move(event));
}

}  // namespace

base::Result<Payload> decode_instance_event(const Field& event) {
  const std::string_view type = event["detail-type"].text_if_any();
  const bool launch = type.find(" Launch ") != std::string_view::npos;
  return instance_event(event["detail"], launch ? Action::kLaunch : Action::kTerminate,
                        type.ends_with(" Successful"));
}

bool is_notification(const Field& root) {
  return root["Event"].text_if_any().starts_with(kNotificationPrefix);
}

base::Result<Message> decode_notification(const Field& root) {
  const std::string_view name = root["Event"].text_if_any();
  Message message;
  message.id = first_text(root["RequestId"], root["ActivityId"]);
  const auto time = root["Time"].optional_time();
  if (!time) {
    return time.error();
  }
  message.time = *time;
  if (name == kTestNotification) {
    message.kind = kind::kTestNotification;
    message.payload = Ignored{"a test of the notification's path"};
    return message;
  }
  for (const NotificationRow& row : kNotifications) {
    if (row.event == name) {
      auto payload = instance_event(root, row.action, row.successful);
      if (!payload) {
        return payload.error();
      }
      message.kind = row.kind;
      message.payload = std::move(*payload);
      return message;
    }
  }
  message.kind = kind::kUnknownEvent;
  message.payload = Ignored{fmt::format("no decoder for notification {}", shorten(name))};
  return message;
}

}  // namespace messages
