// What the API does to instances of a group.
#include "sim/autoscaling_operations.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim::autoscaling {
namespace {

constexpr ErrorStyle kStyle = ErrorStyle::kAutoScaling;
constexpr std::size_t kTerminateMax = 100;
constexpr std::size_t kMoveMax = 20;
constexpr std::size_t kProtectMax = 50;

using Members = std::vector<Member*>;

ApiError not_managed(const std::string& id) {
  return validation_error(
      fmt::format("Instance Id not found - No managed instance found for instance ID: {}", id));
}

ApiError too_many(std::size_t count, std::size_t most) {
  return validation_error(
      fmt::format("1 validation error detected: Value at 'instanceIds' failed to satisfy "
                  "constraint: Member must have length less than or equal to {} (got {})",
                  most, count));
}

// The members of one group that InstanceIds names.
std::variant<Members, ApiError> members_of(Group& group, const ApiCall& call, std::size_t most) {
  Arguments args(call.arguments, kStyle);
  const std::vector<std::string> ids = args.required_texts("InstanceIds");
  if (args.error()) return *args.error();
  if (ids.size() > most) return too_many(ids.size(), most);
  Members members;
  for (const auto& id : ids) {
    Member* member = group.find(id);
    if (member == nullptr) {
      return validation_error(
          fmt::format("The instance {} is not part of Auto Scaling group {}.", id, group.name));
    }
    members.push_back(member);
  }
  return members;
}

int weight_of(const Members& members) {
  int sum = 0;
  for (const auto* member : members) sum += member->weight;
  return sum;
}

ApiError sizes_forbid(const Group& group, const std::string& what) {
  return validation_error(fmt::format(
      "AutoScalingGroup {} has min-size={}, max-size={}, and desired-size={}. To {}, please update "
      "the AutoScalingGroup sizes appropriately.",
      group.name, group.min, group.max, group.desired, what));
}

Json rendered(const Group& group, const Activity& activity) {
  Json shown = render(group, activity);
  shown["StatusCode"] = "InProgress";
  return shown;
}

std::string taken_out(AutoScalingEngine& engine, const Group& group, const Member& member,
                      bool decrement) {
  std::string what =
      fmt::format("instance {} was taken out of service in response to a user request", member.id);
  if (decrement) {
    what += fmt::format(", shrinking the capacity from {} to {}", group.capacity(),
                        group.capacity() - member.weight);
  }
  return engine.at_now(what);
}

// The instances that TerminateInstanceInAutoScalingGroup names: one by InstanceId in any group, or
// up to 100 by InstanceIds in the named one.
std::variant<std::pair<Group*, Members>, ApiError> victims_of(AutoScalingEngine& engine,
                                                              const ApiCall& call) {
  Arguments args(call.arguments, kStyle);
  if (!args.has("InstanceIds")) {
    const std::string id = args.required_text("InstanceId");
    if (args.error()) return *args.error();
    auto [group, member] = engine.find_member(id);
    if (member == nullptr) return not_managed(id);
    return std::pair{group, Members{member}};
  }
  if (args.has("InstanceId")) {
    return validation_error(
        "Valid requests must contain either InstanceId or InstanceIds, not both");
  }
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  const std::vector<std::string> ids = args.texts("InstanceIds");
  if (args.error()) return *args.error();
  if (ids.size() > kTerminateMax) return too_many(ids.size(), kTerminateMax);
  Group* group = std::get<Group*>(found);
  Members members;
  for (const auto& id : ids) {
    Member* member = group->find(id);
    if (member == nullptr) return not_managed(id);
    if (std::find(members.begin(), members.end(), member) == members.end()) {
      members.push_back(member);
    }
  }
  return std::pair{group, std::move(members)};
}

}  // namespace

ApiOutcome terminate_instance(AutoScalingEngine& engine, const ApiCall& call) {
  Arguments args(call.arguments, kStyle);
  const std::optional<bool> asked = args.boolean("ShouldDecrementDesiredCapacity");
  if (args.error()) return *args.error();
  if (!asked) {
    return validation_error(
        "1 validation error detected: Value null at 'shouldDecrementDesiredCapacity' failed to "
        "satisfy constraint: Member must not be null");
  }
  auto victims = victims_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&victims)) return *error;
  auto& [group, members] = std::get<std::pair<Group*, Members>>(victims);

  int units = 0;  // standby instances are not in the desired capacity already
  for (const auto* member : members) {
    if (member->is_in("Terminating")) {
      return api_error("ScalingActivityInProgress",
                       fmt::format("Activity {} is in progress.", member->activity));
    }
    if (member->counts()) units += member->weight;
  }
  const bool decrement = *asked;
  if (decrement && group->desired - units < group->min) {
    return validation_error(fmt::format(
        "Currently, desiredSize equals minSize ({}). Terminating instance without replacement will "
        "violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to "
        "false or lower group's min size.",
        group->min));
  }
  Json activities = Json::array();
  for (auto* member : members) {
    const bool counted = member->counts();
    const int weight = member->weight;
    const std::string cause = taken_out(engine, *group, *member, decrement && counted);
    activities.push_back(rendered(*group, engine.terminate(*group, *member, cause)));
    if (decrement && counted) {
      group->desired -= weight;
      group->last_scaling = engine.world().clock().now();
    }
  }
  ApiAnswer answer;
  answer.result["Activity"] = activities.empty() ? Json::object() : activities.front();
  if (args.has("InstanceIds")) answer.result["Activities"] = std::move(activities);
  return answer;
}

ApiOutcome set_instance_protection(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Group& group = *std::get<Group*>(found);
  auto members = members_of(group, call, kProtectMax);
  if (const auto* error = std::get_if<ApiError>(&members)) return *error;
  Arguments args(call.arguments, kStyle);
  const bool protect = args.boolean_or("ProtectedFromScaleIn", false);
  if (args.error()) return *args.error();
  // One in the wrong state refuses the whole batch.
  for (const auto* member : std::get<Members>(members)) {
    if (member->state != "InService" && !member->is_in("EnteringStandby") &&
        !member->is_in("Standby")) {
      return validation_error(fmt::format(
          "The instance {} is not in InService or EnteringStandby or Standby.", member->id));
    }
  }
  for (auto* member : std::get<Members>(members)) member->is_protected = protect;
  if (!protect) engine.react(group.name);
  return ApiAnswer{};
}

ApiOutcome set_instance_health(AutoScalingEngine& engine, const ApiCall& call) {
  Arguments args(call.arguments, kStyle);
  const std::string id = args.required_text("InstanceId");
  const std::string status = args.required_text("HealthStatus");
  const bool respect_grace = args.boolean_or("ShouldRespectGracePeriod", true);
  if (args.error()) return *args.error();
  auto [group, member] = engine.find_member(id);
  if (member == nullptr) return not_managed(id);
  if (status != "Healthy" && status != "Unhealthy") {
    return validation_error(
        fmt::format("Invalid HealthStatus: {}. Valid values are Healthy and Unhealthy", status));
  }
  if (status == "Healthy") {
    member->healthy = true;
    return ApiAnswer{};
  }
  const bool in_grace = member->in_service_since &&
                        engine.world().clock().now() < *member->in_service_since + group->grace;
  if (respect_grace && in_grace) return ApiAnswer{};
  engine.set_unhealthy(*group, *member, "a user health-check");
  return ApiAnswer{};
}

ApiOutcome enter_standby(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Group& group = *std::get<Group*>(found);
  auto chosen = members_of(group, call, kMoveMax);
  if (const auto* error = std::get_if<ApiError>(&chosen)) return *error;
  const Members& members = std::get<Members>(chosen);
  Arguments args(call.arguments, kStyle);
  const bool decrement = args.boolean_or("ShouldDecrementDesiredCapacity", false);
  if (args.error()) return *args.error();
  for (const auto* member : members) {
    if (member->state != "InService") {
      return validation_error(fmt::format("The instance {} is not in InService.", member->id));
    }
  }
  if (decrement && group.desired - weight_of(members) < group.min) {
    return sizes_forbid(group, fmt::format("place into standby {} instance(s)", members.size()));
  }
  Json activities = Json::array();
  for (auto* member : members) {
    std::string what =
        fmt::format("instance {} was moved to standby in response to a user request", member->id);
    if (decrement) {
      what += fmt::format(", shrinking the capacity from {} to {}", group.desired,
                          group.desired - member->weight);
      group.desired -= member->weight;
    }
    activities.push_back(
        rendered(group, engine.enter_standby(group, *member, engine.at_now(what))));
  }
  ApiAnswer answer;
  answer.result["Activities"] = std::move(activities);
  return answer;
}

ApiOutcome exit_standby(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Group& group = *std::get<Group*>(found);
  auto chosen = members_of(group, call, kMoveMax);
  if (const auto* error = std::get_if<ApiError>(&chosen)) return *error;
  const Members& members = std::get<Members>(chosen);
  for (const auto* member : members) {
    if (member->state != "Standby") {
      return validation_error(fmt::format("The instance {} is not in Standby.", member->id));
    }
  }
  if (group.is_suspended("Launch")) {
    return validation_error(
        fmt::format("The Launch process is suspended for AutoScalingGroup {}.", group.name));
  }
  if (group.desired + weight_of(members) > group.max) {
    return sizes_forbid(group, fmt::format("move {} instance(s) out of standby", members.size()));
  }
  Json activities = Json::array();
  for (auto* member : members) {
    const std::string what = fmt::format(
        "instance {} was moved out of standby in response to a user request, increasing the "
        "capacity from {} to {}",
        member->id, group.desired, group.desired + member->weight);
    group.desired += member->weight;
    Json shown = render(group, engine.exit_standby(group, *member, engine.at_now(what)));
    activities.push_back(std::move(shown));
  }
  ApiAnswer answer;
  answer.result["Activities"] = std::move(activities);
  return answer;
}

ApiOutcome detach_instances(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Group& group = *std::get<Group*>(found);
  auto chosen = members_of(group, call, kMoveMax);
  if (const auto* error = std::get_if<ApiError>(&chosen)) return *error;
  const Members& members = std::get<Members>(chosen);
  Arguments args(call.arguments, kStyle);
  const bool decrement = args.boolean_or("ShouldDecrementDesiredCapacity", false);
  if (args.error()) return *args.error();
  for (const auto* member : members) {
    if (member->state != "InService" && member->state != "Standby") {
      return validation_error(
          fmt::format("The instance {} is not in InService or Standby.", member->id));
    }
  }
  int units = 0;
  for (const auto* member : members) units += member->counts() ? member->weight : 0;
  if (decrement && group.desired - units < group.min) {
    return sizes_forbid(group, fmt::format("detach {} instance(s)", members.size()));
  }
  Json activities = Json::array();
  for (auto* member : members) {
    std::string what =
        fmt::format("instance {} was detached in response to a user request", member->id);
    if (decrement && member->counts()) {
      what += fmt::format(", shrinking the capacity from {} to {}", group.desired,
                          group.desired - member->weight);
      group.desired -= member->weight;
    }
    activities.push_back(rendered(group, engine.detach(group, *member, engine.at_now(what))));
  }
  ApiAnswer answer;
  answer.result["Activities"] = std::move(activities);
  return answer;
}

ApiOutcome attach_instances(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = group_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  Group& group = *std::get<Group*>(found);
  Arguments args(call.arguments, kStyle);
  const std::vector<std::string> ids = args.required_texts("InstanceIds");
  if (args.error()) return *args.error();
  if (ids.size() > kMoveMax) return too_many(ids.size(), kMoveMax);
  for (const auto& id : ids) {
    const Ec2Instance* instance = engine.ec2().find(id);
    if (instance == nullptr) return validation_error(fmt::format("Invalid Instance ID: {}", id));
    if (instance->state != "running") {
      return validation_error(fmt::format(
          "Instance {} is not in correct state. Instance(s) must be in 'running' state.", id));
    }
    if (engine.find_member(id).second != nullptr) {
      return validation_error(
          fmt::format("Instance {} is already part of an AutoScalingGroup.", id));
    }
  }
  if (group.is_suspended("Launch")) {
    return validation_error(
        fmt::format("The Launch process is suspended for AutoScalingGroup {}.", group.name));
  }
  if (group.desired + static_cast<int>(ids.size()) > group.max) {
    return sizes_forbid(group, fmt::format("attach {} more instance(s)", ids.size()));
  }
  for (const auto& id : ids) {
    const std::string what = fmt::format(
        "an instance was attached in response to a user request, increasing the capacity from {} "
        "to "
        "{}",
        group.desired, group.desired + 1);
    ++group.desired;
    engine.attach(group, id, engine.at_now(what));
  }
  return ApiAnswer{};
}

}  // namespace sim::autoscaling
