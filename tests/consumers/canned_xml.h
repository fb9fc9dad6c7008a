// Answers of AWS's Query services made from values, for tests that need no simulated region.
#pragma once

#include "aws/autoscaling.h"
#include "aws/ec2.h"

#include <fmt/format.h>

#include <string>
#include <vector>

namespace test {

inline std::string element(const std::string& name, const std::string& text) {
  return fmt::format("<{0}>{1}</{0}>", name, text);
}

inline std::string member_list(const std::string& name, const std::vector<std::string>& texts) {
  std::string members;
  for (const std::string& text : texts) members += element("member", text);
  return element(name, members);
}

inline std::string specification_xml(const std::string& name,
                                     const aws::LaunchTemplateSpecification& specification) {
  return element(name, element("LaunchTemplateId", specification.id) +
                           element("LaunchTemplateName", specification.name) +
                           element("Version", specification.version));
}

inline std::string instance_xml(const aws::GroupInstance& instance) {
  std::string xml = element("InstanceId", instance.id.value) +
                    element("AvailabilityZone", instance.availability_zone) +
                    element("LifecycleState", instance.lifecycle_state) +
                    element("HealthStatus", instance.health_status);
  if (instance.launch_template) {
    xml += specification_xml("LaunchTemplate", *instance.launch_template);
  }
  return xml;
}

inline std::string mixed_policy_xml(const aws::MixedInstancesPolicy& policy) {
  std::vector<std::string> overrides;
  for (const aws::MixedInstancesOverride& entry : policy.overrides) {
    overrides.push_back(element("InstanceType", entry.instance_type) +
                        (entry.launch_template ? specification_xml("LaunchTemplateSpecification",
                                                                   *entry.launch_template)
                                               : std::string()));
  }
  return element("MixedInstancesPolicy",
                 element("LaunchTemplate",
                         specification_xml("LaunchTemplateSpecification", policy.launch_template) +
                             member_list("Overrides", overrides)));
}

inline std::string group_xml(const aws::AutoScalingGroup& group) {
  std::string xml = element("AutoScalingGroupName", group.name.value) +
                    element("MinSize", std::to_string(group.min_size)) +
                    element("MaxSize", std::to_string(group.max_size)) +
                    element("DesiredCapacity", std::to_string(group.desired_capacity)) +
                    element("Status", group.status);
  if (group.launch_template) xml += specification_xml("LaunchTemplate", *group.launch_template);
  if (group.mixed_instances_policy) xml += mixed_policy_xml(*group.mixed_instances_policy);
  xml += member_list("TargetGroupARNs", group.target_group_arns);
  xml += member_list("LoadBalancerNames", group.load_balancer_names);
  std::vector<std::string> instances;
  for (const aws::GroupInstance& instance : group.instances) {
    instances.push_back(instance_xml(instance));
  }
  xml += member_list("Instances", instances);
  std::vector<std::string> tags;
  for (const auto& [key, value] : group.tags) {
    tags.push_back(element("Key", key) + element("Value", value));
  }
  return xml + member_list("Tags", tags);
}

inline std::string answer_xml(const std::string& operation, const std::string& result) {
  return element(operation + "Response", element(operation + "Result", result));
}

inline std::string groups_xml(const std::vector<aws::AutoScalingGroup>& groups,
                              const std::string& next_token = "") {
  std::vector<std::string> members;
  for (const aws::AutoScalingGroup& group : groups) members.push_back(group_xml(group));
  return answer_xml("DescribeAutoScalingGroups",
                    member_list("AutoScalingGroups", members) + element("NextToken", next_token));
}

inline std::string templates_xml(const std::vector<aws::LaunchTemplate>& templates) {
  std::string items;
  for (const aws::LaunchTemplate& one : templates) {
    items += element("item",
                     element("launchTemplateId", one.id) + element("launchTemplateName", one.name) +
                         element("defaultVersionNumber", std::to_string(one.default_version)) +
                         element("latestVersionNumber", std::to_string(one.latest_version)));
  }
  return element("DescribeLaunchTemplatesResponse", element("launchTemplates", items));
}

inline std::string template_xml(const std::string& id, int latest, int standard = 1) {
  return templates_xml(
      {{.id = id, .name = "web", .latest_version = latest, .default_version = standard}});
}

struct Ec2State {
  std::string id;
  std::string state;
};

inline std::string instances_xml(const std::vector<Ec2State>& instances) {
  std::string items;
  for (const Ec2State& instance : instances) {
    items += element("item", element("instanceId", instance.id) +
                                 element("instanceState", element("name", instance.state)) +
                                 element("launchTime", "2026-01-02T03:00:00.000Z"));
  }
  return element("DescribeInstancesResponse",
                 element("reservationSet", element("item", element("instancesSet", items))));
}

struct TargetState {
  std::string id;
  std::string state;
  std::string reason;
};

inline std::string target_health_xml(const std::vector<TargetState>& targets) {
  std::vector<std::string> members;
  for (const TargetState& target : targets) {
    members.push_back(
        element("Target", element("Id", target.id)) +
        element("TargetHealth", element("State", target.state) + element("Reason", target.reason)));
  }
  return answer_xml("DescribeTargetHealth", member_list("TargetHealthDescriptions", members));
}

}  // namespace test
