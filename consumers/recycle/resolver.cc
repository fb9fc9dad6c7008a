#include "consumers/recycle/resolver.h"

#include <fmt/format.h>

#include <algorithm>

namespace consumers::recycle {

namespace {

bool is_number(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string known_as(const aws::LaunchTemplateSpecification& specification) {
  return specification.id.empty() ? specification.name : specification.id;
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

std::optional<aws::LaunchTemplateSpecification> TargetResolver::known(
    const aws::LaunchTemplateSpecification& specification) const {
  if (!is_number(specification.version)) return std::nullopt;
  if (!specification.id.empty()) return specification;
  const auto known = numbered_.find({specification.name, specification.version});
  if (known == numbered_.end()) return std::nullopt;
  return known->second;
}

boost::asio::awaitable<base::Result<aws::LaunchTemplateSpecification>> TargetResolver::resolve_one(
    aws::LaunchTemplateSpecification specification) {
  if (specification.version.empty()) specification.version = "$Default";
  if (auto already = known(specification)) co_return *std::move(already);
  const Key key{known_as(specification), specification.version};

  const auto versions =
      co_await ec2_.describe_launch_template_versions(specification, {specification.version});
  if (!versions) {
    co_return versions.error().while_doing(
        fmt::format("resolving launch template {}:{}", key.first, key.second));
  }
  if (versions->empty()) {
    co_return base::Error{
        base::ErrorKind::kNotFound,
        "LaunchTemplateVersionNotFound",
        fmt::format("launch template {} has no version {}", key.first, key.second),
        {}};
  }
  specification.id = versions->front().template_id;
  if (!versions->front().template_name.empty()) {
    specification.name = versions->front().template_name;
  }
  specification.version = std::to_string(versions->front().version);
  if (is_number(key.second)) {
    if (numbered_.size() >= kNumberedMax) numbered_.clear();
    numbered_.emplace(key, specification);
  }
  co_return specification;
}

}  // namespace consumers::recycle
