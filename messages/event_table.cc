#include "messages/decoders.h"
#include "messages/kinds.h"

#include <algorithm>
#include <array>

namespace messages {
namespace {

constexpr std::string_view kScaling = "aws.autoscaling";
constexpr std::string_view kEc2 = "aws.ec2";
constexpr std::string_view kCall = "AWS API Call via CloudTrail";

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/automating-ec2-auto-scaling-with-eventbridge.html
constexpr std::array kRows = {
    EventRow{kScaling, kCall, "UpdateAutoScalingGroup", kind::kUpdateAutoScalingGroup,
             decode_update_group},
    EventRow{kScaling, kCall, "CreateOrUpdateTags", kind::kCreateOrUpdateTags, decode_tags},
    EventRow{kScaling, kCall, "DeleteTags", kind::kDeleteTags, decode_tags},
    EventRow{kScaling, kCall, "SetDesiredCapacity", kind::kSetDesiredCapacity,
             decode_set_desired_capacity},
    EventRow{kScaling, kCall, "CreateAutoScalingGroup", kind::kOtherGroupCall,
             decode_other_group_call},
    EventRow{kScaling, kCall, "DeleteAutoScalingGroup", kind::kOtherGroupCall,
             decode_other_group_call},
    EventRow{kScaling, kCall, "SuspendProcesses", kind::kOtherGroupCall, decode_other_group_call},
    EventRow{kScaling, kCall, "ResumeProcesses", kind::kOtherGroupCall, decode_other_group_call},
    EventRow{kScaling, kCall, "TerminateInstanceInAutoScalingGroup", kind::kOtherGroupCall,
             decode_other_group_call},
    EventRow{kScaling, kCall, "SetInstanceProtection", kind::kOtherGroupCall,
             decode_other_group_call},
    EventRow{kScaling, kCall, "EnterStandby", kind::kOtherGroupCall, decode_other_group_call},
    EventRow{kScaling, kCall, "ExitStandby", kind::kOtherGroupCall, decode_other_group_call},
    EventRow{kEc2, kCall, "CreateLaunchTemplateVersion", kind::kCreateLaunchTemplateVersion,
             decode_template_version_created},
    EventRow{kEc2, kCall, "ModifyLaunchTemplate", kind::kModifyLaunchTemplate,
             decode_template_modified},
    EventRow{kScaling, "EC2 Instance Launch Successful", "", kind::kInstanceLaunchSuccessful,
             decode_instance_event},
    EventRow{kScaling, "EC2 Instance Launch Unsuccessful", "", kind::kInstanceLaunchUnsuccessful,
             decode_instance_event},
    EventRow{kScaling, "EC2 Instance Terminate Successful", "", kind::kInstanceTerminateSuccessful,
             decode_instance_event},
    EventRow{kScaling, "EC2 Instance Terminate Unsuccessful", "",
             kind::kInstanceTerminateUnsuccessful, decode_instance_event},
    EventRow{kScaling, "EC2 Instance-launch Lifecycle Action", "", kind::kInstanceLaunchLifecycle,
             decode_lifecycle_action},
    EventRow{kScaling, "EC2 Instance-terminate Lifecycle Action", "",
             kind::kInstanceTerminateLifecycle, decode_lifecycle_action},
    EventRow{kScaling, "EC2 Auto Scaling Instance Refresh *", "", kind::kInstanceRefresh,
             decode_instance_refresh},
};

bool fits(std::string_view pattern, std::string_view text) {
  if (pattern.ends_with('*')) {
    return text.starts_with(pattern.substr(0, pattern.size() - 1));
  }
  return text == pattern;
}

}  // namespace

const EventRow* find_event_row(std::string_view source, std::string_view detail_type,
                               std::string_view event_name) {
  const auto row = std::find_if(kRows.begin(), kRows.end(), [&](const EventRow& candidate) {
    return candidate.source == source && fits(candidate.detail_type, detail_type) &&
           candidate.event_name == event_name;
  });
  return row == kRows.end() ? nullptr : &*row;
}

}  // namespace messages
