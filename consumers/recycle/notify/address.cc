#include "consumers/recycle/notify/address.h"

#include "consumers/recycle/policy.h"

#include <algorithm>
#include <cctype>

namespace consumers::recycle {
namespace {

std::string tag(const aws::AutoScalingGroup& group, std::string_view key) {
  const auto found = group.tags.find(std::string(key));
  return found == group.tags.end() ? std::string() : found->second;
}

}  // namespace

void address(Progress& progress, const aws::AutoScalingGroup& group) {
  progress.group = group.name.value;
  progress.component = tag(group, kTagComponent);
  if (progress.component.empty()) progress.component = component_of(group.name.value);
  progress.team = tag(group, kTagTeam);
  progress.slack_channel = tag(group, kTagSlackChannel);
  std::string page = tag(group, kTagPagerDuty);
  std::ranges::transform(page, page.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  progress.notify_pager_duty = page == "true";
}

Progress refusal(const aws::AutoScalingGroup& group, std::string reason) {
  Progress progress;
  address(progress, group);
  progress.strategy = tag(group, kTagStrategy);
  progress.phase = "aborted";
  progress.step = std::move(reason);
  progress.moment = Moment::kFailed;
  return progress;
}

}  // namespace consumers::recycle
