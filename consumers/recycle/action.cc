#include "consumers/recycle/action.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace consumers::recycle {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

std::string details(const WriteJournal& write) {
  std::string text = fmt::format("journal phase={}", to_string(write.journal.phase));
  if (write.journal.hold) text += " hold=true";
  if (write.journal.paused_at) text += " paused=true";
  if (!write.journal.pin.empty()) text += fmt::format(" pin={}", write.journal.pin);
  if (!write.journal.victims.empty()) {
    text += " next=";
    for (const Victim& victim : write.journal.victims) {
      text += (text.back() == '=' ? "" : ",") + victim.id.value;
    }
  }
  if (!write.journal.victim.empty()) text += fmt::format(" victim={}", write.journal.victim.value);
  if (!write.journal.failure.empty()) text += fmt::format(" failure=\"{}\"", write.journal.failure);
  return text;
}

std::string details(const SetBounds& bounds) {
  std::string text;
  const auto add = [&](std::string_view name, const std::optional<int>& value) {
    if (value) text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, *value);
  };
  add("min", bounds.min_size);
  add("max", bounds.max_size);
  add("desired", bounds.desired_capacity);
  return text;
}

std::string details(const SetLaunchTemplate& set) {
  const aws::LaunchTemplateSpecification& to = set.launch_template;
  return fmt::format("launch-template={}:{}", to.id.empty() ? to.name : to.id, to.version);
}

std::string details(const ProtectInstances& protect) {
  std::string text = protect.protect ? "protect=true" : "protect=false";
  for (const base::InstanceId& instance : protect.instances) text += " " + instance.value;
  return text;
}

std::string details(const RemoveJournal& remove) {
  return remove.failure.empty() ? "journal" : fmt::format("journal failure=\"{}\"", remove.failure);
}

std::string details(const TerminateInstance& terminate) {
  return fmt::format("{} decrement={}", terminate.instance.value, terminate.decrement_desired);
}

std::string details(const SuspendProcesses& suspend) {
  return fmt::format("{}", fmt::join(suspend.processes, " "));
}

std::string details(const ResumeProcesses& resume) {
  return fmt::format("{}", fmt::join(resume.processes, " "));
}

std::string details(const RunHook& hook) {
  std::string text = fmt::format("{} {}", to_string(hook.point), hook.name);
  if (!hook.instance.empty()) text += " " + hook.instance.value;
  return text;
}

}  // namespace

std::string describe(const Action& action) {
  return operation_name(action) + " " +
         std::visit([](const auto& one) { return details(one); }, action);
}

std::string operation_name(const Action& action) {
  return std::visit(
      Overloaded{
          [](const WriteJournal&) { return "CreateOrUpdateTags"; },
          [](const RemoveJournal&) { return "DeleteTags"; },
          [](const SuspendProcesses&) { return "SuspendProcesses"; },
          [](const ResumeProcesses&) { return "ResumeProcesses"; },
          [](const SetBounds&) { return "UpdateAutoScalingGroup"; },
          [](const SetLaunchTemplate&) { return "UpdateAutoScalingGroup"; },
          [](const TerminateInstance&) { return "TerminateInstanceInAutoScalingGroup"; },
          [](const ProtectInstances&) { return "SetInstanceProtection"; },
          [](const RunHook&) { return "RunHook"; },
      },
      action);
}

}  // namespace consumers::recycle
