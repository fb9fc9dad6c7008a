// Instance refresh, as far as somebody beside it meets it: one at a time, it terminates what was
// launched before it and lets the group launch replacements, within MinHealthyPercentage.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-instance-refresh.html
#include "sim/autoscaling_operations.h"
#include "sim/ec2_support.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim::autoscaling {
namespace {

constexpr ErrorStyle kStyle = ErrorStyle::kAutoScaling;
constexpr std::size_t kRefreshesMax = 100;
constexpr std::chrono::seconds kStep{5};
constexpr std::chrono::hours kStalledAfter{1};

void tell(AutoScalingEngine& engine, const Group& group, const InstanceRefresh& refresh,
          const std::string& what) {
  engine.world().emit(
      {{"source", "aws.autoscaling"},
       {"detail-type", "EC2 Auto Scaling Instance Refresh " + what},
       {"resources", Json::array({group.arn})},
       {"detail", {{"InstanceRefreshId", refresh.id}, {"AutoScalingGroupName", group.name}}}});
}

void finish(AutoScalingEngine& engine, const Group& group, InstanceRefresh& refresh,
            const std::string& status, const std::string& reason) {
  refresh.status = status;
  refresh.reason = reason;
  refresh.end = engine.world().clock().now();
  tell(engine, group, refresh, status == "Successful" ? "Succeeded" : status);
}

std::string target_version(AutoScalingEngine& engine, const Group& group) {
  const auto resolved =
      engine.ec2().resolve(group.mixed ? group.mixed->launch_template : group.launch_template);
  const auto* found = std::get_if<ResolvedTemplate>(&resolved);
  return found != nullptr ? std::to_string(found->version) : "";
}

std::vector<Member*> to_replace(AutoScalingEngine& engine, Group& group,
                                const InstanceRefresh& refresh) {
  const std::string version = target_version(engine, group);
  std::vector<Member*> found;
  for (auto& member : group.members) {
    if (!member.counts() || member.launched >= refresh.start) continue;
    if (refresh.skip_matching && member.launch_template.version == version) continue;
    found.push_back(&member);
  }
  return found;
}

void take_step(AutoScalingEngine& engine, Group& group, InstanceRefresh& refresh) {
  if (refresh.status == "Pending") {
    refresh.status = "InProgress";
    tell(engine, group, refresh, "Started");
  }
  if (group.is_suspended("InstanceRefresh")) return;
  const base::TimePoint now = engine.world().clock().now();
  const std::vector<Member*> old = to_replace(engine, group, refresh);
  const auto in_service = std::count_if(group.members.begin(), group.members.end(), [](auto& one) {
    return one.state == "InService" && one.healthy;
  });
  const int left = static_cast<int>(old.size());
  const int percentage =
      refresh.to_update == 0 ? 100 : 100 * (refresh.to_update - left) / refresh.to_update;
  if (percentage != refresh.percentage) refresh.last_progress = now;
  refresh.percentage = percentage;
  if (old.empty() && in_service >= group.desired) {
    return finish(engine, group, refresh, "Successful", "");
  }
  if (now - refresh.last_progress >= kStalledAfter) {
    return finish(engine, group, refresh, "Failed",
                  "The instance refresh has made no progress for an hour.");
  }
  // At least one at a time, whatever the percentage rounds to.
  const int healthy = static_cast<int>(in_service);
  const int low = std::min((group.desired * refresh.min_healthy + 99) / 100, group.desired - 1);
  int room = healthy - std::max(0, low);
  for (Member* member : old) {
    if (room <= 0) return;
    if (member->state != "InService" || member->is_protected) continue;
    engine.terminate(group, *member,
                     engine.at_now("an instance was taken out of service in response to an "
                                   "instance refresh"));
    --room;
  }
}

void schedule_step(AutoScalingEngine& engine, const std::string& group, const std::string& id) {
  engine.run_later(kStep, [&engine, group, id] {
    Group* found = engine.find(group);
    if (found == nullptr || found->refreshes.empty()) return;
    InstanceRefresh& refresh = found->refreshes.front();
    if (refresh.id != id || !refresh.is_active()) return;
    take_step(engine, *found, refresh);
    if (refresh.is_active()) schedule_step(engine, group, id);
  });
}

Json render(const Group& group, const InstanceRefresh& refresh) {
  Json rendered = {
      {"InstanceRefreshId", refresh.id},
      {"AutoScalingGroupName", group.name},
      {"Status", refresh.status},
      {"StartTime", wire_time(refresh.start)},
      {"PercentageComplete", refresh.percentage},
      {"InstancesToUpdate", refresh.to_update * (100 - refresh.percentage) / 100},
      {"Preferences",
       {{"MinHealthyPercentage", refresh.min_healthy}, {"SkipMatching", refresh.skip_matching}}}};
  if (!refresh.reason.empty()) rendered["StatusReason"] = refresh.reason;
  if (refresh.end) rendered["EndTime"] = wire_time(*refresh.end);
  return rendered;
}

}  // namespace

ApiOutcome start_instance_refresh(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Group& group = *std::get<Group*>(found);
  Arguments args(call.arguments, kStyle);
  if (args.has("DesiredConfiguration")) {
    return validation_error("DesiredConfiguration is not simulated");
  }
  InstanceRefresh refresh;
  if (const Json* preferences = args.object("Preferences")) {
    Arguments wishes(*preferences, kStyle);
    refresh.min_healthy = static_cast<int>(wishes.integer_or("MinHealthyPercentage", 90));
    refresh.skip_matching = wishes.boolean_or("SkipMatching", false);
    args.take_error(wishes);
  }
  if (args.error()) return *args.error();
  if (refresh.min_healthy < 0 || refresh.min_healthy > 100) {
    return validation_error("MinHealthyPercentage must be between 0 and 100");
  }
  if (!group.refreshes.empty() && group.refreshes.front().is_active()) {
    return api_error("InstanceRefreshInProgress",
                     "An Instance Refresh is already in progress and blocks the execution of this "
                     "Instance Refresh.");
  }
  refresh.id = engine.world().random().uuid();
  refresh.start = refresh.last_progress = engine.world().clock().now();
  refresh.to_update = static_cast<int>(to_replace(engine, group, refresh).size());
  group.refreshes.push_front(refresh);
  if (group.refreshes.size() > kRefreshesMax) group.refreshes.pop_back();
  schedule_step(engine, group.name, refresh.id);
  ApiAnswer answer;
  answer.result["InstanceRefreshId"] = refresh.id;
  return answer;
}

ApiOutcome describe_instance_refreshes(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  const Group& group = *std::get<Group*>(found);
  Arguments args(call.arguments, kStyle);
  const std::vector<std::string> ids = args.texts("InstanceRefreshIds");
  const std::int64_t most = args.integer_or("MaxRecords", 50);
  if (args.error()) return *args.error();
  Json list = Json::array();
  for (const auto& refresh : group.refreshes) {
    if (!ids.empty() && std::find(ids.begin(), ids.end(), refresh.id) == ids.end()) continue;
    if (static_cast<std::int64_t>(list.size()) < most) list.push_back(render(group, refresh));
  }
  ApiAnswer answer;
  answer.result["InstanceRefreshes"] = std::move(list);
  return answer;
}

ApiOutcome cancel_instance_refresh(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Group& group = *std::get<Group*>(found);
  if (group.refreshes.empty() || !group.refreshes.front().is_active()) {
    return api_error("ActiveInstanceRefreshNotFound",
                     fmt::format("No in progress or pending Instance Refresh found for Auto "
                                 "Scaling group {}",
                                 group.name));
  }
  InstanceRefresh& refresh = group.refreshes.front();
  finish(engine, group, refresh, "Cancelled", "Cancelled due to user request.");
  ApiAnswer answer;
  answer.result["InstanceRefreshId"] = refresh.id;
  return answer;
}

}  // namespace sim::autoscaling
