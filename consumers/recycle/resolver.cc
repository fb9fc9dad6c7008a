#include "consumers/recycle/resolver.h"

#include <algorithm>
#include <string>

namespace consumers::recycle {

namespace {

bool is_number(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::vector<aws::LaunchTemplateSpecification> launch_templates_of(
    const aws::AutoScalingGroup& group) {
  std::vector<aws::LaunchTemplateSpecification> found;
  const auto add = [&](const aws::LaunchTemplateSpecification& specification) {
    if (std::ranges::find(found, specification) == found.end()) found.push_back(specification);
  };
  if (group.launch_template) add(*group.launch_template);
  if (group.mixed_instances_policy) {
    add(group.mixed_instances_policy->launch_template);
    for (const aws::MixedInstancesOverride& entry : group.mixed_instances_policy->overrides) {
      if (entry.launch_template) add(*entry.launch_template);
    }
  }
  return found;
}

bool uses_launch_template(const aws::AutoScalingGroup& group,
                          const messages::LaunchTemplateChanged& change) {
  return std::ranges::any_of(launch_templates_of(group), [&](const auto& specification) {
    if (!change.template_id.empty() && !specification.id.empty()) {
      return specification.id == change.template_id;
    }
    return !change.template_name.empty() && specification.name == change.template_name;
  });
}

bool is_resolved(const aws::LaunchTemplateSpecification& specification) {
  return !specification.id.empty() && is_number(specification.version);
}

aws::LaunchTemplateSpecification resolved(aws::LaunchTemplateSpecification specification,
                                          const aws::LaunchTemplate& launch_template) {
  specification.id = launch_template.id;
  if (!launch_template.name.empty()) specification.name = launch_template.name;
  if (specification.version == "$Latest") {
    specification.version = std::to_string(launch_template.latest_version);
  } else if (!is_number(specification.version)) {
    specification.version = std::to_string(launch_template.default_version);
  }
  return specification;
}

}  // namespace consumers::recycle
