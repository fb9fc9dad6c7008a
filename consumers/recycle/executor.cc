#include "consumers/recycle/executor.h"

#include "consumers/recycle/control.h"
#include "consumers/recycle/suspension.h"

#include <algorithm>

namespace consumers::recycle {

namespace {

using Outcome = boost::asio::awaitable<base::Result<void>>;

// "ValidationError: Instance Id not found - No managed instance found for instance ID: i-0abc" and
// ScalingActivityInProgress ("... is already in progress") mean that somebody was faster. All other
// meanings of ValidationError (it would go below min, for one) stay errors.
bool says_already_gone(const base::Error& error, const base::InstanceId& instance) {
  if (error.code == "ScalingActivityInProgress" || error.code == "ScalingActivityInProgressFault") {
    return true;
  }
  return error.code == "ValidationError" &&
         error.message.find("Instance Id not found") != std::string::npos &&
         error.message.find(instance.value) != std::string::npos;
}

Outcome nothing(base::Result<void> result) { co_return result; }

Outcome remove_journal(Services services, const aws::AutoScalingGroup& group) {
  std::vector<std::string> keys = journal_keys(group.tags);
  const std::string control(kTagControl);
  if (keys.empty() && !group.tags.contains(control)) return nothing({});
  // Also unseen: an operator may have set it since the group was read, and it must not outlive what
  // it was meant for. Deleting a tag that is not there is no error.
  keys.push_back(control);
  return services.auto_scaling.delete_tags(group.name, std::move(keys));
}

Outcome terminate(Services services, TerminateInstance action) {
  const auto ended = co_await services.auto_scaling.terminate_instance_in_auto_scaling_group(
      action.instance, action.decrement_desired);
  if (!ended && says_already_gone(ended.error(), action.instance)) {
    co_return base::Result<void>();
  }
  co_return ended;
}

Outcome set_bounds(Services services, const base::GroupName& group, const SetBounds& action) {
  aws::UpdateAutoScalingGroupOptions options;
  options.group = group;
  options.min_size = action.min_size;
  options.max_size = action.max_size;
  options.desired_capacity = action.desired_capacity;
  return services.auto_scaling.update_auto_scaling_group(std::move(options));
}

Outcome set_launch_template(Services services, const base::GroupName& group,
                            const SetLaunchTemplate& action) {
  aws::UpdateAutoScalingGroupOptions options;
  options.group = group;
  options.launch_template = action.launch_template;
  return services.auto_scaling.update_auto_scaling_group(std::move(options));
}

const aws::GroupInstance* find_instance(const aws::AutoScalingGroup& group,
                                        const base::InstanceId& id) {
  const auto found = std::ranges::find(group.instances, id, &aws::GroupInstance::id);
  return found == group.instances.end() ? nullptr : &*found;
}

struct Visible {
  const aws::AutoScalingGroup& before;
  const aws::AutoScalingGroup& now;

  static bool changed(const std::optional<int>& set, int was, int is) {
    return !set || *set == is || is != was;
  }

  bool operator()(const WriteJournal& action) const {
    const auto journal = journal_from_tags(now.tags);
    return journal && *journal && is_same(**journal, action.journal);
  }
  bool operator()(const RunHook& action) const {
    return (*this)(WriteJournal{.journal = action.done});
  }
  bool operator()(const RemoveJournal&) const {
    const auto journal = journal_from_tags(now.tags);  // others may claim the group by now
    return journal && !*journal && !now.tags.contains(std::string(kTagControl));
  }
  bool operator()(const SuspendProcesses& action) const {
    return std::ranges::all_of(action.processes,
                               [&](const std::string& p) { return is_suspended(now, p); });
  }
  bool operator()(const ResumeProcesses& action) const {
    return std::ranges::none_of(action.processes,
                                [&](const std::string& p) { return is_suspended(now, p); });
  }
  bool operator()(const SetBounds& action) const {
    return changed(action.min_size, before.min_size, now.min_size) &&
           changed(action.max_size, before.max_size, now.max_size) &&
           changed(action.desired_capacity, before.desired_capacity, now.desired_capacity);
  }
  bool operator()(const SetLaunchTemplate&) const {
    return now.launch_template != before.launch_template;
  }
  bool operator()(const TerminateInstance& action) const {
    const aws::GroupInstance* instance = find_instance(now, action.instance);
    return instance == nullptr || instance->lifecycle_state.starts_with("Terminat");
  }
  bool operator()(const ProtectInstances& action) const {
    return std::ranges::all_of(action.instances, [&](const base::InstanceId& id) {
      const aws::GroupInstance* instance = find_instance(now, id);
      return instance == nullptr || instance->protected_from_scale_in == action.protect;
    });
  }
};

}  // namespace

// No coroutine itself: its frame and a copy of the group were most of what a run held while a call
// was under way.
Outcome execute(Services services, const aws::AutoScalingGroup& group, const Action& action) {
  aws::AutoScaling& auto_scaling = services.auto_scaling;
  const base::GroupName& name = group.name;
  if (const auto* write = std::get_if<WriteJournal>(&action)) {
    // Parts of a longer journal from before stay where they are: they do not count, and go at the
    // end.
    return auto_scaling.create_or_update_tags(name, to_tags(write->journal));
  }
  // The run turns a hook into the journal to write once it has run it (gates/hook_runner.h).
  if (const auto* hook = std::get_if<RunHook>(&action)) {
    return nothing(base::invalid("hook " + hook->name + " cannot be run here"));
  }
  if (std::holds_alternative<RemoveJournal>(action)) return remove_journal(services, group);
  if (const auto* suspend = std::get_if<SuspendProcesses>(&action)) {
    return auto_scaling.suspend_processes(name, suspend->processes);
  }
  if (const auto* resume = std::get_if<ResumeProcesses>(&action)) {
    return auto_scaling.resume_processes(name, resume->processes);
  }
  if (const auto* bounds = std::get_if<SetBounds>(&action)) {
    return set_bounds(services, name, *bounds);
  }
  if (const auto* pin = std::get_if<SetLaunchTemplate>(&action)) {
    return set_launch_template(services, name, *pin);
  }
  if (const auto* ending = std::get_if<TerminateInstance>(&action)) {
    return terminate(services, *ending);
  }
  const auto& protection = std::get<ProtectInstances>(action);
  return auto_scaling.set_instance_protection(name, protection.instances, protection.protect);
}

bool is_visible(const Action& action, const aws::AutoScalingGroup& before,
                const aws::AutoScalingGroup& now) {
  return std::visit(Visible{before, now}, action);
}

}  // namespace consumers::recycle
