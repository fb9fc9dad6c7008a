// Groups, members and activities as the API shows them.
#include "sim/autoscaling_operations.h"

namespace sim::autoscaling {
namespace {

Json render(const LaunchTemplateReference& reference) {
  Json rendered = Json::object();
  if (!reference.id.empty()) rendered["LaunchTemplateId"] = reference.id;
  if (!reference.name.empty()) rendered["LaunchTemplateName"] = reference.name;
  if (!reference.version.empty()) rendered["Version"] = reference.version;
  return rendered;
}

Json render(const MixedPolicy& policy) {
  Json overrides = Json::array();
  for (const auto& chosen : policy.overrides) {
    Json item = Json::object();
    if (!chosen.type.empty()) item["InstanceType"] = chosen.type;
    if (chosen.weight != 1) item["WeightedCapacity"] = std::to_string(chosen.weight);
    if (!chosen.launch_template.empty()) {
      item["LaunchTemplateSpecification"] = render(chosen.launch_template);
    }
    overrides.push_back(std::move(item));
  }
  return {{"LaunchTemplate",
           {{"LaunchTemplateSpecification", render(policy.launch_template)},
            {"Overrides", std::move(overrides)}}},
          {"InstancesDistribution", policy.distribution}};
}

bool has_weights(const Group& group) {
  if (!group.mixed) return false;
  for (const auto& chosen : group.mixed->overrides) {
    if (chosen.weight != 1) return true;
  }
  return false;
}

// What DescribeAutoScalingGroups and DescribeAutoScalingInstances say alike.
Json render_member(const AutoScalingEngine& engine, const Group& group, const Member& member) {
  Json rendered = {{"InstanceId", member.id},
                   {"InstanceType", member.type},
                   {"AvailabilityZone", member.zone},
                   {"LifecycleState", member.state},
                   {"HealthStatus", member.healthy ? "Healthy" : "Unhealthy"},
                   {"ProtectedFromScaleIn", member.is_protected}};
  if (!member.launch_template.empty()) rendered["LaunchTemplate"] = render(member.launch_template);
  // A deleted launch configuration leaves its instances without one.
  if (engine.has_launch_configuration(member.launch_configuration)) {
    rendered["LaunchConfigurationName"] = member.launch_configuration;
  }
  if (has_weights(group)) rendered["WeightedCapacity"] = std::to_string(member.weight);
  return rendered;
}

}  // namespace

Json render(const WarmPool& pool) {
  Json rendered = {{"MinSize", pool.min_size}, {"PoolState", pool.state}};
  if (pool.max_prepared) rendered["MaxGroupPreparedCapacity"] = *pool.max_prepared;
  return rendered;
}

Json render_warm(const AutoScalingEngine& engine, const Group& group, const Member& member) {
  return render_member(engine, group, member);
}

Json render_for_instances(const AutoScalingEngine& engine, const Group& group,
                          const Member& member) {
  Json rendered = render_member(engine, group, member);
  rendered["AutoScalingGroupName"] = group.name;
  rendered["HealthStatus"] = member.healthy ? "HEALTHY" : "UNHEALTHY";  // AWS shouts here
  return rendered;
}

Json render(const Group& group, const std::string& key, const GroupTag& tag) {
  return {{"ResourceId", group.name},
          {"ResourceType", "auto-scaling-group"},
          {"Key", key},
          {"Value", tag.value},
          {"PropagateAtLaunch", tag.propagate}};
}

Json render(const AutoScalingEngine& engine, const Group& group, bool with_instances) {
  Json instances = Json::array();
  if (with_instances) {
    for (const auto& member : group.members) {
      instances.push_back(render_member(engine, group, member));
    }
  }
  Json tags = Json::array();
  for (const auto& [key, tag] : group.tags) tags.push_back(render(group, key, tag));
  Json suspended = Json::array();
  for (const auto& [process, reason] : group.suspended) {
    suspended.push_back({{"ProcessName", process}, {"SuspensionReason", reason}});
  }
  Json rendered = {{"AutoScalingGroupName", group.name},
                   {"AutoScalingGroupARN", group.arn},
                   {"MinSize", group.min},
                   {"MaxSize", group.max},
                   {"DesiredCapacity", group.desired},
                   {"DefaultCooldown", group.cooldown},
                   {"AvailabilityZones", group.zones},
                   {"LoadBalancerNames", group.load_balancers},
                   {"TargetGroupARNs", group.target_groups},
                   {"HealthCheckType", group.health_check_type},
                   {"HealthCheckGracePeriod", group.grace.count()},
                   {"Instances", std::move(instances)},
                   {"CreatedTime", wire_time(group.created)},
                   {"SuspendedProcesses", std::move(suspended)},
                   {"VPCZoneIdentifier", group.subnets},
                   {"EnabledMetrics", Json::array()},
                   {"Tags", std::move(tags)},
                   {"TerminationPolicies", group.termination_policies},
                   {"NewInstancesProtectedFromScaleIn", group.protect_new},
                   {"TrafficSources", Json::array()}};
  if (!group.status.empty()) rendered["Status"] = group.status;
  if (group.warm_pool) {
    rendered["WarmPoolConfiguration"] = render(*group.warm_pool);
    rendered["WarmPoolSize"] = group.warm.size();
  }
  if (!group.launch_configuration.empty()) {
    rendered["LaunchConfigurationName"] = group.launch_configuration;
  }
  if (!group.launch_template.empty()) rendered["LaunchTemplate"] = render(group.launch_template);
  if (group.mixed) rendered["MixedInstancesPolicy"] = render(*group.mixed);
  rendered.update(group.extras);
  return rendered;
}

Json render(const Group& group, const Activity& activity) {
  Json rendered = {{"ActivityId", activity.id},
                   {"AutoScalingGroupName", group.name},
                   {"AutoScalingGroupARN", group.arn},
                   {"Description", activity.description},
                   {"Cause", activity.cause},
                   {"StartTime", wire_time(activity.start)},
                   {"StatusCode", activity.status},
                   {"Progress", activity.progress},
                   {"Details", activity.details.empty() ? "{}" : activity.details}};
  if (activity.end) rendered["EndTime"] = wire_time(*activity.end);
  if (!activity.message.empty()) rendered["StatusMessage"] = activity.message;
  return rendered;
}

}  // namespace sim::autoscaling
