// Reading a group's settings out of CreateAutoScalingGroup and UpdateAutoScalingGroup.
#include "sim/autoscaling_operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace sim::autoscaling {
namespace {

constexpr ErrorStyle kStyle = ErrorStyle::kAutoScaling;

// Stored and echoed: they change nothing that is simulated.
constexpr const char* kEchoedTexts[] = {"PlacementGroup", "Context", "DesiredCapacityType"};
constexpr const char* kEchoedIntegers[] = {"MaxInstanceLifetime", "DefaultInstanceWarmup"};

LaunchTemplateReference read_reference(const Json& json, Arguments& parent) {
  Arguments args(json, kStyle);
  LaunchTemplateReference reference{.id = args.text_or("LaunchTemplateId", ""),
                                    .name = args.text_or("LaunchTemplateName", ""),
                                    .version = args.text_or("Version", "")};
  if (reference.empty()) {
    args.fail(validation_error(
        "Valid requests must contain either launchTemplateId or LaunchTemplateName"));
  }
  parent.take_error(args);
  return reference;
}

MixedPolicy read_mixed(const Json& json, Arguments& parent) {
  MixedPolicy policy;
  Arguments args(json, kStyle);
  const Json* launch_template = args.object("LaunchTemplate");
  if (launch_template == nullptr) {
    parent.fail(validation_error("MixedInstancesPolicy must contain a LaunchTemplate"));
    return policy;
  }
  Arguments template_args(*launch_template, kStyle);
  if (const Json* specification = template_args.object("LaunchTemplateSpecification")) {
    policy.launch_template = read_reference(*specification, parent);
  } else {
    parent.fail(validation_error("LaunchTemplate must contain a LaunchTemplateSpecification"));
  }
  for (const auto& item : template_args.objects("Overrides")) {
    Arguments override_args(item, kStyle);
    MixedOverride chosen;
    chosen.type = override_args.text_or("InstanceType", "");
    chosen.weight = static_cast<int>(
        std::clamp<std::int64_t>(override_args.integer_or("WeightedCapacity", 1), 1, 999));
    if (const Json* own = override_args.object("LaunchTemplateSpecification")) {
      chosen.launch_template = read_reference(*own, parent);
    }
    parent.take_error(override_args);
    policy.overrides.push_back(std::move(chosen));
  }
  if (const Json* distribution = args.object("InstancesDistribution")) {
    policy.distribution = *distribution;
  }
  parent.take_error(template_args);
  parent.take_error(args);
  return policy;
}

// A template is looked up when a group takes it up, and shown with both its names from then on.
void check_template(AutoScalingEngine& engine, LaunchTemplateReference& reference,
                    Arguments& args) {
  if (args.error() || reference.empty()) return;
  const auto resolved = engine.ec2().resolve(reference);
  if (const auto* error = std::get_if<ApiError>(&resolved)) return args.fail(*error);
  reference.id = std::get<ResolvedTemplate>(resolved).id;
  reference.name = std::get<ResolvedTemplate>(resolved).name;
}

void read_launch_source(AutoScalingEngine& engine, Arguments& args, Group& group) {
  if (const Json* json = args.object("LaunchTemplate")) {
    group.launch_template = read_reference(*json, args);
    check_template(engine, group.launch_template, args);
    group.launch_configuration.clear();
    group.mixed.reset();
  } else if (const Json* mixed = args.object("MixedInstancesPolicy")) {
    group.mixed = read_mixed(*mixed, args);
    check_template(engine, group.mixed->launch_template, args);
    for (auto& chosen : group.mixed->overrides) {
      check_template(engine, chosen.launch_template, args);
    }
    group.launch_configuration.clear();
    group.launch_template = {};
  } else if (args.has("LaunchConfigurationName")) {
    group.launch_configuration = args.required_text("LaunchConfigurationName");
    if (!args.error() && !engine.has_launch_configuration(group.launch_configuration)) {
      args.fail(validation_error("Launch configuration name not found - null"));
    }
    group.launch_template = {};
    group.mixed.reset();
  }
}

void read_places(AutoScalingEngine& engine, Arguments& args, Group& group) {
  if (args.has("VPCZoneIdentifier")) {
    group.subnets = args.text_or("VPCZoneIdentifier", "");
    group.zones.clear();
    std::istringstream list(group.subnets);
    for (std::string subnet; std::getline(list, subnet, ',');) {
      std::erase(subnet, ' ');
      const Zone* zone = engine.ec2().find_zone(subnet);
      if (zone == nullptr || !subnet.starts_with("subnet-")) {
        return args.fail(
            validation_error(fmt::format("The subnet ID '{}' does not exist", subnet)));
      }
      if (std::find(group.zones.begin(), group.zones.end(), zone->name) == group.zones.end()) {
        group.zones.push_back(zone->name);
      }
    }
  } else if (args.has("AvailabilityZones")) {
    group.zones = args.texts("AvailabilityZones");
    for (const auto& name : group.zones) {
      const Zone* zone = engine.ec2().find_zone(name);
      if (zone == nullptr || zone->name != name) {
        return args.fail(validation_error("Invalid availability zones: [" + name + "]"));
      }
    }
  }
}

int bounded(std::optional<std::int64_t> given, int fallback) {
  return static_cast<int>(std::clamp<std::int64_t>(given.value_or(fallback), -1, 100'000));
}

}  // namespace

std::optional<ApiError> read_settings(AutoScalingEngine& engine, const ApiCall& call,
                                      Group& group) {
  Arguments args(call.arguments, kStyle);
  group.min = bounded(args.integer("MinSize"), group.min);
  group.max = bounded(args.integer("MaxSize"), group.max);
  group.desired = bounded(args.integer("DesiredCapacity"), group.desired);
  group.cooldown = bounded(args.integer("DefaultCooldown"), group.cooldown);
  group.health_check_type = args.text_or("HealthCheckType", group.health_check_type);
  group.grace =
      std::chrono::seconds(args.integer_or("HealthCheckGracePeriod", group.grace.count()));
  group.protect_new = args.boolean_or("NewInstancesProtectedFromScaleIn", group.protect_new);
  if (args.has("TerminationPolicies")) {
    group.termination_policies = args.texts("TerminationPolicies");
  }
  read_launch_source(engine, args, group);
  read_places(engine, args, group);
  for (const char* name : kEchoedTexts) {
    if (args.has(name)) group.extras[name] = args.text_or(name, "");
  }
  for (const char* name : kEchoedIntegers) {
    if (args.has(name)) group.extras[name] = args.integer_or(name, 0);
  }
  if (args.has("CapacityRebalance")) {
    group.extras["CapacityRebalance"] = args.boolean_or("CapacityRebalance", false);
  }
  return args.error();
}

std::optional<ApiError> read_pools(AutoScalingEngine& engine, const ApiCall& call, Group& group) {
  Arguments args(call.arguments, kStyle);
  group.target_groups = args.texts("TargetGroupARNs");
  group.load_balancers = args.texts("LoadBalancerNames");
  if (args.error()) return args.error();
  for (const auto& arn : group.target_groups) {
    if (!engine.elb().has_pool(arn)) {
      return validation_error(
          "Provided Target Groups may not be valid. Please ensure they exist and try again.");
    }
  }
  for (const auto& name : group.load_balancers) {
    if (!engine.elb().has_pool(name)) {
      return validation_error(
          "Provided Load Balancers may not be valid. Please ensure they exist and try again.");
    }
  }
  return std::nullopt;
}

std::optional<ApiError> read_tags(const Json& tags, Group& group) {
  Arguments args(tags, kStyle);
  for (const auto& tag : args.objects("Tags")) {
    Arguments tag_args(tag, kStyle);
    const std::string key = tag_args.required_text("Key");
    group.tags[key] = {.value = tag_args.text_or("Value", ""),
                       .propagate = tag_args.boolean_or("PropagateAtLaunch", false)};
    args.take_error(tag_args);
  }
  return args.error();
}

}  // namespace sim::autoscaling
