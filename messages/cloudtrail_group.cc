// Calls on a group itself, as CloudTrail reports them, and the minimal event that a "recycle the
// group of this retiring instance" script sends in the same shape.
//
//   "detail":{"eventName":"UpdateAutoScalingGroup","requestParameters":{
//     "autoScalingGroupName":"web","launchTemplate":{"launchTemplateId":"lt-0abc",..},"maxSize":8}}
#include "messages/decoders.h"
#include "messages/kinds.h"

#include <fmt/format.h>

namespace messages {
namespace {

// What new instances are made from. Only the presence of a key counts: its value is a hint at best,
// the reader asks the group what it runs.
constexpr std::string_view kTargets[] = {"launchTemplate", "launchConfigurationName",
                                         "mixedInstancesPolicy"};

base::Result<Payload> group_of_parameters(const Field& parameters) {
  const auto group = parameters["autoScalingGroupName"].group_name();
  if (!group) {
    return group.error();
  }
  for (const std::string_view target : kTargets) {
    if (parameters[target].present()) {
      return Payload(GroupChanged{{*group}});
    }
  }
  return Payload(Ignored{
      fmt::format("unchanged launch template and launch configuration of group {}", group->value)});
}

}  // namespace

base::Result<Payload> decode_update_group(const Field& event) {
  const auto parameters = event["detail"]["requestParameters"].object();
  if (!parameters) {
    return parameters.error();
  }
  return group_of_parameters(*parameters);
}

base::Result<Payload> decode_set_desired_capacity(const Field& event) {
  const auto group = event["detail"]["requestParameters"]["autoScalingGroupName"].group_name();
  if (!group) {
    return group.error();
  }
  return Payload(Ignored{fmt::format("only the capacity of group {} changed", group->value)});
}

base::Result<Payload> decode_other_group_call(const Field& event) {
  return Payload(Ignored{fmt::format("{} makes no running instance outdated",
                                     event["detail"]["eventName"].text_if_any())});
}

bool is_retirement(const Field& root) { return root["detail"].present(); }

//   {"detail":{"requestParameters":{"autoScalingGroupName":"web","launchTemplate":"blah"}}}
base::Result<Message> decode_retirement(const Field& root) {
  const auto parameters = root["detail"]["requestParameters"].object();
  if (!parameters) {
    return parameters.error();
  }
  auto payload = group_of_parameters(*parameters);
  if (!payload) {
    return payload.error();
  }
  Message message;
  message.kind = kind::kInstanceRetirement;
  message.id = root["id"].text_if_any();
  if (const auto time = root["time"].optional_time()) {
    message.time = *time;
  }
  message.payload = std::move(*payload);
  return message;
}

}  // namespace messages
