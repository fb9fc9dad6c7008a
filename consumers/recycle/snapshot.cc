#include "consumers/recycle/snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

namespace consumers::recycle {
namespace {

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

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
  return instance.lifecycle_state == "Standby" || instance.lifecycle_state == "EnteringStandby";
}

bool is_ready(const Snapshot& snapshot, const aws::GroupInstance& instance, std::string* why) {
  const auto facts = snapshot.facts.find(instance.id);
  const bool in_service = instance.lifecycle_state == "InService";
  const bool healthy = equals_ignoring_case(instance.health_status, "Healthy");
  const bool serving = facts == snapshot.facts.end() || facts->second.serving;
  if (in_service && healthy && serving) return true;
  if (!why) return false;
  if (!in_service) {
    *why = fmt::format("{} is {}", instance.id.value, instance.lifecycle_state);
  } else if (!healthy) {
    *why = fmt::format("{} is {}", instance.id.value, instance.health_status);
  } else {
    const std::string& because = facts->second.not_serving_because;
    *why = fmt::format("{}: {}", instance.id.value, because.empty() ? "not serving" : because);
  }
  return false;
}

}  // namespace consumers::recycle
