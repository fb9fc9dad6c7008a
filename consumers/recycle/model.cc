#include "consumers/recycle/model.h"

#include "consumers/recycle/control.h"
#include "consumers/recycle/suspension.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace consumers::recycle {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

bool counts(const aws::GroupInstance& instance) {
  return !is_leaving(instance) && !is_standby(instance);
}

int units_of(const aws::GroupInstance& instance) { return std::max(1, instance.weighted_capacity); }

// In capacity units, as the desired capacity is.
int capacity(const aws::AutoScalingGroup& group) {
  int units = 0;
  for (const auto& instance : group.instances) units += counts(instance) ? units_of(instance) : 0;
  return units;
}

// Of the instances that are launched: the policy's first override, as AWS prefers them in order.
int weight_of_launches(const aws::AutoScalingGroup& group) {
  const auto& policy = group.mixed_instances_policy;
  return policy && !policy->overrides.empty() ? std::max(1, policy->overrides[0].weighted_capacity)
                                              : 1;
}

// The zone with the fewest instances, the first of those by name.
std::string emptiest_zone(const aws::AutoScalingGroup& group) {
  std::map<std::string, int> zones;
  for (const std::string& zone : group.availability_zones) zones[zone] = 0;
  for (const auto& instance : group.instances) {
    if (counts(instance)) ++zones[instance.availability_zone];
  }
  if (zones.empty()) return {};
  return std::min_element(zones.begin(), zones.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

// "i-new-1", "i-new-2": the lowest number that no instance has.
base::InstanceId new_id(const Snapshot& snapshot) {
  for (int number = 1;; ++number) {
    base::InstanceId id(fmt::format("i-new-{}", number));
    const bool taken = snapshot.facts.contains(id) ||
                       std::any_of(snapshot.group.instances.begin(), snapshot.group.instances.end(),
                                   [&](const auto& instance) { return instance.id == id; });
    if (!taken) return id;
  }
}

// Launches what desired asks for.
void launch_missing(Snapshot& snapshot) {
  aws::AutoScalingGroup& group = snapshot.group;
  if (is_suspended(group, "Launch")) return;
  const int weight = weight_of_launches(group);
  for (int missing = group.desired_capacity - capacity(group); missing > 0; missing -= weight) {
    aws::GroupInstance instance;
    instance.weighted_capacity = weight;
    instance.id = new_id(snapshot);
    instance.availability_zone = emptiest_zone(group);
    instance.lifecycle_state = "InService";
    instance.health_status = "Healthy";
    if (!snapshot.target.launch_templates.empty()) {
      instance.launch_template = snapshot.target.launch_templates.front();
    }
    instance.launch_configuration_name = snapshot.target.launch_configuration_name;
    snapshot.facts[instance.id] = InstanceFacts{};
    group.instances.push_back(std::move(instance));
  }
}

base::Result<void> apply_bounds(Snapshot& snapshot, const SetBounds& bounds) {
  aws::AutoScalingGroup& group = snapshot.group;
  const int low = bounds.min_size.value_or(group.min_size);
  const int high = bounds.max_size.value_or(group.max_size);
  if (low > high) {
    return base::invalid(
        fmt::format("Max bound, {}, must be greater than or equal to min bound, {}", high, low));
  }
  // Without a desired capacity of its own the call moves the current one into the bounds.
  const int desired =
      bounds.desired_capacity.value_or(std::clamp(group.desired_capacity, low, high));
  if (desired < low || desired > high) {
    return base::invalid(
        fmt::format("Desired capacity:{} must be between the specified min size:{} "
                    "and max size:{}",
                    desired, low, high));
  }
  const int present = capacity(group);
  if (desired < present && desired < group.desired_capacity) {
    return base::invalid(fmt::format(
        "desired {} would let the termination policy choose among {} instances", desired, present));
  }
  group.min_size = low;
  group.max_size = high;
  group.desired_capacity = desired;
  return {};
}

base::Result<void> apply_terminate(Snapshot& snapshot, const TerminateInstance& terminate) {
  aws::AutoScalingGroup& group = snapshot.group;
  const auto found =
      std::find_if(group.instances.begin(), group.instances.end(),
                   [&](const auto& instance) { return instance.id == terminate.instance; });
  if (found == group.instances.end()) {
    return base::invalid(
        fmt::format("Instance Id not found - No managed instance found for instance ID: {}",
                    terminate.instance.value));
  }
  if (terminate.decrement_desired) {
    if (group.desired_capacity - units_of(*found) < group.min_size) {
      return base::invalid(fmt::format(
          "Currently, desiredSize equals minSize ({}). Terminating instance without replacement "
          "will violate group's min size constraint.",
          group.min_size));
    }
    group.desired_capacity -= units_of(*found);
  }
  snapshot.facts.erase(terminate.instance);
  group.instances.erase(found);
  return {};
}

base::Result<void> set_launch_template(Snapshot& snapshot, const SetLaunchTemplate& action) {
  snapshot.group.launch_template = action.launch_template;
  snapshot.target.launch_templates = {action.launch_template};
  return {};
}

base::Result<void> remove_journal(Snapshot& snapshot) {
  snapshot.group.tags.erase(std::string(kTagControl));
  for (const std::string& key : journal_keys(snapshot.group.tags)) snapshot.group.tags.erase(key);
  return {};
}

base::Result<void> write_journal(Snapshot& snapshot, const Journal& journal) {
  auto removed = remove_journal(snapshot);
  snapshot.group.tags.merge(to_tags(journal));
  return removed;
}

base::Result<void> suspend(aws::AutoScalingGroup& group, const SuspendProcesses& action) {
  for (const std::string& process : action.processes) {
    if (is_suspended(group, process)) continue;
    group.suspended_processes.push_back({.name = process, .reason = "User suspended"});
  }
  return {};
}

base::Result<void> resume(aws::AutoScalingGroup& group, const ResumeProcesses& action) {
  std::erase_if(group.suspended_processes, [&](const auto& suspended) {
    return std::find(action.processes.begin(), action.processes.end(), suspended.name) !=
           action.processes.end();
  });
  return {};
}

base::Result<void> protect(aws::AutoScalingGroup& group, const ProtectInstances& action) {
  for (auto& instance : group.instances) {
    const auto& ids = action.instances;
    if (std::find(ids.begin(), ids.end(), instance.id) != ids.end()) {
      instance.protected_from_scale_in = action.protect;
    }
  }
  return {};
}

// What waiting brings: launches end well, terminations end. False if there was nothing to wait for.
bool settle(Snapshot& snapshot) {
  bool changed = !snapshot.still_terminating.empty();
  snapshot.still_terminating.clear();
  changed |= std::erase_if(snapshot.group.instances, is_leaving) > 0;
  for (auto& instance : snapshot.group.instances) {
    if (is_standby(instance) || is_ready(snapshot, instance)) continue;
    instance.lifecycle_state = "InService";
    instance.health_status = "Healthy";
    snapshot.facts[instance.id].serving = true;
    changed = true;
  }
  const auto before = snapshot.group.instances.size();
  launch_missing(snapshot);
  return changed || snapshot.group.instances.size() != before;
}

// Carries a wait on; the error says why it would never end.
base::Result<void> wait(Snapshot& snapshot, const Wait& step, base::TimePoint& now,
                        std::vector<PlannedStep>& steps) {
  if (step.not_before && *step.not_before > now) {
    now = *step.not_before;
    const bool again =
        !steps.empty() && steps.back().operation == "wait" && steps.back().why == step.why;
    if (again) steps.pop_back();  // one wait, looked at again and again
    steps.push_back({.operation = "wait",
                     .what = "until " + base::format_rfc3339(*step.not_before),
                     .why = step.why});
    return {};
  }
  if (settle(snapshot)) return {};
  return base::invalid("the plan would wait for ever: " + step.why);
}

}  // namespace

base::Result<void> apply(Snapshot& snapshot, const Action& action) {
  aws::AutoScalingGroup& group = snapshot.group;
  auto result = std::visit(
      Overloaded{
          [&](const WriteJournal& one) { return write_journal(snapshot, one.journal); },
          [&](const RemoveJournal&) { return remove_journal(snapshot); },
          [&](const SuspendProcesses& one) { return suspend(group, one); },
          [&](const ResumeProcesses& one) { return resume(group, one); },
          [&](const SetBounds& one) { return apply_bounds(snapshot, one); },
          [&](const SetLaunchTemplate& one) { return set_launch_template(snapshot, one); },
          [&](const TerminateInstance& one) { return apply_terminate(snapshot, one); },
          [&](const ProtectInstances& one) { return protect(group, one); },
          [&](const RunHook& one) { return write_journal(snapshot, one.done); },
      },
      action);
  if (result) launch_missing(snapshot);
  return result;
}

base::Result<std::vector<PlannedStep>> plan(Snapshot snapshot, std::optional<Journal> journal,
                                            const Policy& policy, const RunContext& given,
                                            base::TimePoint now, int steps_max) {
  std::vector<PlannedStep> steps;
  RunContext context = given;
  if (!context.requested_at) context.requested_at = now;
  const auto control = control_from_tags(snapshot.group.tags);
  if (!control || *control == Control::kPause) {  // what follows is the plan for afterwards
    snapshot.group.tags.erase(std::string(kTagControl));
    steps.push_back({.operation = "wait",
                     .what = fmt::format("until the tag {} is deleted", kTagControl),
                     .why = control ? "paused by an operator" : control.error().message});
  }
  for (int turn = 0; turn < steps_max; ++turn) {
    const Step step = next(snapshot, journal, policy, context, now);
    if (const auto* finished = std::get_if<Finished>(&step)) {
      steps.push_back({.operation = "finished", .what = finished->result, .why = ""});
      return steps;
    }
    if (const auto* abort = std::get_if<Abort>(&step)) {
      steps.push_back({.operation = "abort", .what = abort->why, .why = ""});
      return steps;
    }
    if (const auto* waiting = std::get_if<Wait>(&step)) {
      if (auto result = wait(snapshot, *waiting, now, steps); !result) return result.error();
      continue;
    }
    const auto& mutate = std::get<Mutate>(step);
    steps.push_back({.operation = operation_name(mutate.action),
                     .what = describe(mutate.action),
                     .why = mutate.why});
    if (auto applied = apply(snapshot, mutate.action); !applied) return applied.error();
    if (const auto* write = std::get_if<WriteJournal>(&mutate.action)) journal = write->journal;
    if (const auto* hook = std::get_if<RunHook>(&mutate.action)) journal = hook->done;
    if (std::holds_alternative<RemoveJournal>(mutate.action)) journal.reset();
    if (const auto ended = ends_with(mutate.action)) {
      steps.push_back({.operation = "abort", .what = ended->why, .why = ""});
      return steps;
    }
  }
  return base::invalid(fmt::format("the plan does not end within {} steps", steps_max));
}

}  // namespace consumers::recycle
