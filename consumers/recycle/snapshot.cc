#include "consumers/recycle/snapshot.h"

#include "consumers/recycle/gates/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace consumers::recycle {
namespace {

// By id where both have one, else by name: AWS shows both, but a test or an old API may not.
bool same_template(const aws::LaunchTemplateSpecification& a,
                   const aws::LaunchTemplateSpecification& b) {
  if (a.version != b.version) return false;
  if (!a.id.empty() && !b.id.empty()) return a.id == b.id;
  return !a.name.empty() && a.name == b.name;
}

bool is_of_target(const Target& target, const aws::GroupInstance& instance) {
  if (!target.launch_templates.empty()) {
    return instance.launch_template &&
           std::any_of(target.launch_templates.begin(), target.launch_templates.end(),
                       [&](const auto& wanted) {
                         return same_template(wanted, *instance.launch_template);
                       });
  }
  return !instance.launch_template && !instance.launch_configuration_name.empty() &&
         instance.launch_configuration_name == target.launch_configuration_name;
}

}  // namespace

std::string Target::describe() const {
  if (launch_templates.empty()) return launch_configuration_name;
  std::string text;
  for (const auto& launch_template : launch_templates) {
    const std::string& name =
        launch_template.id.empty() ? launch_template.name : launch_template.id;
    text += fmt::format("{}{}:{}", text.empty() ? "" : ",", name, launch_template.version);
  }
  return text;
}

bool is_old(const Snapshot& snapshot, const aws::GroupInstance& instance,
            std::optional<base::TimePoint> force_before) {
  if (!is_of_target(snapshot.target, instance)) return true;
  if (!force_before) return false;
  const auto facts = snapshot.facts.find(instance.id);
  return facts != snapshot.facts.end() && facts->second.launch_time &&
         *facts->second.launch_time < *force_before;
}

bool is_leaving(const aws::GroupInstance& instance) {
  return instance.lifecycle_state.starts_with("Terminat") ||
         instance.lifecycle_state.starts_with("Detach");
}

bool is_standby(const aws::GroupInstance& instance) {
  const std::string_view state = instance.lifecycle_state;
  return state == "Standby" || state == "EnteringStandby";
}

bool is_ready(const Snapshot& snapshot, const aws::GroupInstance& instance, std::string* why) {
  if (!why) return !gate_before(snapshot, instance);
  auto hold = hold_of(snapshot, instance);
  if (hold) *why = std::move(hold->why);
  return !hold;
}

}  // namespace consumers::recycle
