// Warm pools: instances that are launched, stopped and kept, so that a scale-out finds them ready.
// They may be of an older version than the group launches now.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-warm-pools.html
#include "sim/autoscaling_operations.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim {

void AutoScalingEngine::warm(const std::string& group, const std::string& instance) {
  Group* found = find(group);
  if (found == nullptr) return;
  for (auto& member : found->warm) {
    if (member.id != instance || member.state != "Warmed:Pending") continue;
    const bool stopped = !found->warm_pool || found->warm_pool->state == "Stopped";
    ec2_.set_state(instance, stopped ? "stopped" : "running");
    member.state = stopped ? "Warmed:Stopped" : "Warmed:Running";
    if (Activity* activity = find_activity(*found, member.activity)) {
      activity->status = "Successful";
      activity->progress = 100;
      activity->end = world_.clock().now();
    }
  }
}

void AutoScalingEngine::maintain_warm_pool(Group& group) {
  if (!group.warm_pool && group.warm.empty()) return;
  int size = 0;
  if (group.warm_pool) {
    const int prepared = group.warm_pool->max_prepared.value_or(group.max);
    size = std::max({0, group.warm_pool->min_size, prepared - group.desired});
  }
  while (static_cast<int>(group.warm.size()) > size) {
    ec2_.set_state(group.warm.back().id, "terminated");
    group.warm.pop_back();
  }
  if (group.is_suspended("Launch")) return;
  while (static_cast<int>(group.warm.size()) < size) {
    if (!launch_warm(group)) return;
  }
}

bool AutoScalingEngine::take_from_warm_pool(Group& group, const std::string& cause) {
  const auto ready = std::find_if(group.warm.begin(), group.warm.end(), [](const Member& member) {
    return member.state != "Warmed:Pending";
  });
  if (ready == group.warm.end()) return false;
  group.members.splice(group.members.end(), group.warm, ready);
  Member& member = group.members.back();
  ec2_.set_state(member.id, "pending");
  member.state = "Pending";
  Activity& activity =
      start_activity(group, "Launching a new EC2 instance from warm pool: " + member.id, cause);
  activity.status = "PreInService";
  activity.progress = 30;
  activity.details = details_of(member.zone);
  member.activity = activity.id;
  later(group, member, jittered(lags_.launch), &AutoScalingEngine::launched);
  return true;
}

namespace autoscaling {

namespace {
constexpr ErrorStyle kStyle = ErrorStyle::kAutoScaling;
}

ApiOutcome put_warm_pool(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Group& group = *std::get<Group*>(found);
  Arguments args(call.arguments, kStyle);
  WarmPool pool;
  const auto prepared = args.integer("MaxGroupPreparedCapacity");
  pool.min_size = static_cast<int>(args.integer_or("MinSize", 0));
  pool.state = args.text_or("PoolState", "Stopped");
  if (args.error()) return *args.error();
  if (pool.state != "Stopped" && pool.state != "Running") {
    return validation_error(fmt::format(
        "1 validation error detected: Value '{}' at 'poolState' failed to satisfy constraint: "
        "Member must satisfy enum value set: [Stopped, Running]",
        pool.state));
  }
  // -1 takes an earlier limit back.
  if (prepared && *prepared >= 0) pool.max_prepared = static_cast<int>(*prepared);
  group.warm_pool = pool;
  engine.react(group.name);
  return ApiAnswer{};
}

ApiOutcome describe_warm_pool(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  const Group& group = *std::get<Group*>(found);
  ApiAnswer answer;
  if (group.warm_pool) answer.result["WarmPoolConfiguration"] = render(*group.warm_pool);
  answer.result["Instances"] = Json::array();
  for (const auto& member : group.warm) {
    answer.result["Instances"].push_back(render_warm(engine, group, member));
  }
  return answer;
}

ApiOutcome delete_warm_pool(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Group& group = *std::get<Group*>(found);
  Arguments args(call.arguments, kStyle);
  const bool force = args.boolean_or("ForceDelete", false);
  if (args.error()) return *args.error();
  if (!force && !group.warm.empty()) {
    return api_error("ResourceInUse",
                     "The warm pool still has instances: delete it with ForceDelete.");
  }
  group.warm_pool.reset();
  engine.maintain_warm_pool(group);
  return ApiAnswer{};
}

}  // namespace autoscaling
}  // namespace sim
