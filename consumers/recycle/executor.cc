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

// Parts of a longer journal from before stay where they are: they do not count, and go at the end.
Outcome write_journal(Services services, base::GroupName group, Journal journal) {
  co_return co_await services.auto_scaling.create_or_update_tags(std::move(group),
                                                                 to_tags(journal));
}

Outcome remove_journal(Services services, aws::AutoScalingGroup group) {
  std::vector<std::string> keys = journal_keys(group.tags);
  const std::string control(kTagControl);
  if (keys.empty() && !group.tags.contains(control)) co_return base::Result<void>();
  // Also unseen: an operator may have set it since the group was read, and it must not outlive what
  // it was meant for. Deleting a tag that is not there is no error.
  keys.push_back(control);
  co_return co_await services.auto_scaling.delete_tags(group.name, std::move(keys));
}

Outcome terminate(Services services, TerminateInstance action) {
  const auto ended = co_await services.auto_scaling.terminate_instance_in_auto_scaling_group(
      action.instance, action.decrement_desired);
  if (!ended && says_already_gone(ended.error(), action.instance)) {
    co_return base::Result<void>();
  }
  co_return ended;
}

Outcome set_bounds(Services services, base::GroupName group, SetBounds action) {
  aws::UpdateAutoScalingGroupOptions options;
  options.group = std::move(group);
  options.min_size = action.min_size;
  options.max_size = action.max_size;
  options.desired_capacity = action.desired_capacity;
  co_return co_await services.auto_scaling.update_auto_scaling_group(std::move(options));
}

Outcome set_launch_template(Services services, base::GroupName group, SetLaunchTemplate action) {
  aws::UpdateAutoScalingGroupOptions options;
  options.group = std::move(group);
  options.launch_template = std::move(action.launch_template);
  co_return co_await services.auto_scaling.update_auto_scaling_group(std::move(options));
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
    return journal_keys(now.tags).empty() && !now.tags.contains(std::string(kTagControl));
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

boost::asio::awaitable<base::Result<void>> execute(Services services, aws::AutoScalingGroup group,
                                                   Action action) {
  const base::GroupName name = group.name;
  if (auto* write = std::get_if<WriteJournal>(&action)) {
    co_return co_await write_journal(services, name, std::move(write->journal));
  }
  // The run turns a hook into the journal to write once it has run it (gates/hook_runner.h).
  if (const auto* hook = std::get_if<RunHook>(&action)) {
    co_return base::invalid("hook " + hook->name + " cannot be run here");
  }
  if (std::holds_alternative<RemoveJournal>(action)) {
    co_return co_await remove_journal(services, std::move(group));
  }
  if (auto* suspend = std::get_if<SuspendProcesses>(&action)) {
    co_return co_await services.auto_scaling.suspend_processes(name, std::move(suspend->processes));
  }
  if (auto* resume = std::get_if<ResumeProcesses>(&action)) {
    co_return co_await services.auto_scaling.resume_processes(name, std::move(resume->processes));
  }
  if (auto* bounds = std::get_if<SetBounds>(&action)) {
    co_return co_await set_bounds(services, name, *bounds);
  }
  if (auto* pin = std::get_if<SetLaunchTemplate>(&action)) {
    co_return co_await set_launch_template(services, name, std::move(*pin));
  }
  if (auto* ending = std::get_if<TerminateInstance>(&action)) {
    co_return co_await terminate(services, std::move(*ending));
  }
  auto& protection = std::get<ProtectInstances>(action);
  co_return co_await services.auto_scaling.set_instance_protection(
      name, std::move(protection.instances), protection.protect);
}

bool is_visible(const Action& action, const aws::AutoScalingGroup& before,
                const aws::AutoScalingGroup& now) {
  return std::visit(Visible{before, now}, action);
}

}  // namespace consumers::recycle
