// The kinds of message: a bounded set, because a kind is a metrics label.
#pragma once

#include <array>
#include <string_view>

namespace messages::kind {

inline constexpr std::string_view kRecycleRequest = "recycle-request";
inline constexpr std::string_view kOncallJobRequest = "oncall-job-request";
inline constexpr std::string_view kUpdateAutoScalingGroup = "update-auto-scaling-group";
inline constexpr std::string_view kCreateOrUpdateTags = "create-or-update-tags";
inline constexpr std::string_view kDeleteTags = "delete-tags";
inline constexpr std::string_view kSetDesiredCapacity = "set-desired-capacity";
// A call on a group that cannot make its instances outdated: created, deleted, suspended ...
inline constexpr std::string_view kOtherGroupCall = "other-group-call";
inline constexpr std::string_view kCreateLaunchTemplateVersion = "create-launch-template-version";
inline constexpr std::string_view kModifyLaunchTemplate = "modify-launch-template";
inline constexpr std::string_view kInstanceRetirement = "instance-retirement";
inline constexpr std::string_view kInstanceLaunchSuccessful = "instance-launch-successful";
inline constexpr std::string_view kInstanceLaunchUnsuccessful = "instance-launch-unsuccessful";
inline constexpr std::string_view kInstanceTerminateSuccessful = "instance-terminate-successful";
inline constexpr std::string_view kInstanceTerminateUnsuccessful =
    "instance-terminate-unsuccessful";
inline constexpr std::string_view kInstanceLaunchLifecycle = "instance-launch-lifecycle-action";
inline constexpr std::string_view kInstanceTerminateLifecycle =
    "instance-terminate-lifecycle-action";
inline constexpr std::string_view kInstanceRefresh = "instance-refresh";
inline constexpr std::string_view kTestNotification = "test-notification";
inline constexpr std::string_view kSnsConfirmation = "sns-confirmation";
// Well formed, but not in any table.
inline constexpr std::string_view kUnknownEvent = "unknown-event";

// Every kind that decode() can return.
inline constexpr std::array kAll = {
    kRecycleRequest,
    kOncallJobRequest,
    kUpdateAutoScalingGroup,
    kCreateOrUpdateTags,
    kDeleteTags,
    kSetDesiredCapacity,
    kOtherGroupCall,
    kCreateLaunchTemplateVersion,
    kModifyLaunchTemplate,
    kInstanceRetirement,
    kInstanceLaunchSuccessful,
    kInstanceLaunchUnsuccessful,
    kInstanceTerminateSuccessful,
    kInstanceTerminateUnsuccessful,
    kInstanceLaunchLifecycle,
    kInstanceTerminateLifecycle,
    kInstanceRefresh,
    kTestNotification,
    kSnsConfirmation,
    kUnknownEvent,
};

}  // namespace messages::kind
