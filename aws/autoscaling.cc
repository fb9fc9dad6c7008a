#include "aws/autoscaling.h"

#include "aws/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace aws {

namespace {

constexpr int kRecordsPerPage = 100;  // AWS's maximum for DescribeAutoScalingGroups

QueryCall make_call(std::string operation) {
  return {.service = "autoscaling", .version = "2011-01-01", .operation = std::move(operation)};
}

QueryCall make_call(std::string operation, const base::GroupName& group) {
  QueryCall call = make_call(std::move(operation));
  call.add("AutoScalingGroupName", group.value);
  return call;
}

std::vector<std::string> read_strings(const XmlElement& parent, const char* name) {
  std::vector<std::string> values;
  for (const XmlElement& element : parent.list(name, "member")) values.push_back(element.value());
  return values;
}

LaunchTemplateSpecification read_specification(const XmlElement& element) {
  LaunchTemplateSpecification specification;
  specification.id = element.text_or("LaunchTemplateId");
  specification.name = element.text_or("LaunchTemplateName");
  specification.version = element.text_or("Version");
  return specification;
}

std::optional<LaunchTemplateSpecification> read_specification_if(const XmlElement& parent,
                                                                 const char* name) {
  const auto element = parent.child_if(name);
  if (!element) return std::nullopt;
  return read_specification(*element);
}

GroupInstance read_instance(const XmlElement& element) {
  GroupInstance instance;
  instance.id = base::InstanceId(element.text("InstanceId"));
  instance.availability_zone = element.text_or("AvailabilityZone");
  instance.lifecycle_state = element.text("LifecycleState");
  instance.health_status = element.text_or("HealthStatus");
  instance.instance_type = element.text_or("InstanceType");
  instance.protected_from_scale_in = element.flag("ProtectedFromScaleIn");
  instance.launch_template = read_specification_if(element, "LaunchTemplate");
  instance.launch_configuration_name = element.text_or("LaunchConfigurationName");
  instance.weighted_capacity = element.number_or("WeightedCapacity", 1);
  return instance;
}

MixedInstancesPolicy read_mixed_policy(const XmlElement& element) {
  MixedInstancesPolicy policy;
  const XmlElement templates = element.child("LaunchTemplate");
  policy.launch_template = read_specification(templates.child("LaunchTemplateSpecification"));
  for (const XmlElement& member : templates.list("Overrides", "member")) {
    MixedInstancesOverride& entry = policy.overrides.emplace_back();
    entry.instance_type = member.text_or("InstanceType");
    entry.weighted_capacity = member.number_or("WeightedCapacity", 1);
    entry.launch_template = read_specification_if(member, "LaunchTemplateSpecification");
  }
  return policy;
}

void add_once(std::vector<std::string>& values, const std::string& value) {
  if (std::ranges::find(values, value) == values.end()) values.push_back(value);
}

void read_load_balancing(const XmlElement& element, AutoScalingGroup& group) {
  group.load_balancer_names = read_strings(element, "LoadBalancerNames");
  group.target_group_arns = read_strings(element, "TargetGroupARNs");
  // The newer way to attach the same two kinds; others (VPC Lattice) have no health to ask for
  // here.
  for (const XmlElement& source : element.list("TrafficSources", "member")) {
    const std::string type = source.text_or("Type");
    if (type == "elbv2") add_once(group.target_group_arns, source.text("Identifier"));
    if (type == "elb") add_once(group.load_balancer_names, source.text("Identifier"));
  }
}

AutoScalingGroup read_group(const XmlElement& element) {
  AutoScalingGroup group;
  group.name = base::GroupName(element.text("AutoScalingGroupName"));
  group.arn = element.text_or("AutoScalingGroupARN");
  group.min_size = element.number("MinSize");
  group.max_size = element.number("MaxSize");
  group.desired_capacity = element.number("DesiredCapacity");
  group.health_check_type = element.text_or("HealthCheckType");
  group.health_check_grace_period =
      std::chrono::seconds(element.number_or("HealthCheckGracePeriod", 0));
  group.status = element.text_or("Status");
  group.new_instances_protected_from_scale_in = element.flag("NewInstancesProtectedFromScaleIn");
  group.launch_template = read_specification_if(element, "LaunchTemplate");
  group.launch_configuration_name = element.text_or("LaunchConfigurationName");
  if (const auto policy = element.child_if("MixedInstancesPolicy")) {
    group.mixed_instances_policy = read_mixed_policy(*policy);
  }
  group.availability_zones = read_strings(element, "AvailabilityZones");
  read_load_balancing(element, group);
  const std::vector<XmlElement> instances = element.list("Instances", "member");
  // Kept for as long as a run waits, so no more than that.
  group.instances.reserve(instances.size());
  for (const XmlElement& member : instances) group.instances.push_back(read_instance(member));
  for (const XmlElement& member : element.list("SuspendedProcesses", "member")) {
    group.suspended_processes.push_back(
        {member.text("ProcessName"), member.text_or("SuspensionReason")});
  }
  for (const XmlElement& member : element.list("Tags", "member")) {
    group.tags.insert_or_assign(member.text("Key"), member.text_or("Value"));
  }
  group.has_warm_pool = element.child_if("WarmPoolConfiguration").has_value();
  return group;
}

QueryCall describe_groups_call(const DescribeAutoScalingGroupsOptions& options) {
  QueryCall call = make_call("DescribeAutoScalingGroups");
  std::vector<std::string> names;
  for (const base::GroupName& name : options.names) names.push_back(name.value);
  call.add_list("AutoScalingGroupNames.member", names);
  int filter = 0;
  const auto add_filter = [&](const char* name, const std::vector<std::string>& values) {
    if (values.empty()) return;
    const std::string prefix = fmt::format("Filters.member.{}.", ++filter);
    call.add(prefix + "Name", name);
    call.add_list(prefix + "Values.member", values);
  };
  add_filter("tag-key", options.tag_keys);
  add_filter("tag-value", options.tag_values);
  if (!options.include_instances) call.add("IncludeInstances", "false");
  call.add("MaxRecords", kRecordsPerPage);
  return call;
}

void add_tag(QueryCall& call, int position, const base::GroupName& group, const std::string& key) {
  const std::string prefix = fmt::format("Tags.member.{}.", position);
  call.add(prefix + "ResourceId", group.value);
  call.add(prefix + "ResourceType", "auto-scaling-group");
  call.add(prefix + "Key", key);
}

QueryCall processes_call(std::string operation, const base::GroupName& group,
                         const std::vector<std::string>& processes) {
  QueryCall call = make_call(std::move(operation), group);
  call.add_list("ScalingProcesses.member", processes);
  return call;
}

// Statuses that are not known here count as running: not to interfere is the safe side.
bool has_ended(const std::string& refresh_status) {
  constexpr std::array<std::string_view, 5> kEnded = {"Successful", "Failed", "Cancelled",
                                                      "RollbackFailed", "RollbackSuccessful"};
  return std::ranges::find(kEnded, refresh_status) != kEnded.end();
}

ScalingActivity read_activity(const XmlElement& element) {
  ScalingActivity activity;
  activity.id = element.text("ActivityId");
  activity.status_code = element.text("StatusCode");
  activity.status_message = element.text_or("StatusMessage");
  activity.description = element.text_or("Description");
  activity.cause = element.text_or("Cause");
  activity.start_time = element.time("StartTime");
  activity.progress = element.number_or("Progress", 0);
  return activity;
}

}  // namespace

boost::asio::awaitable<base::Result<std::vector<AutoScalingGroup>>>
AutoScaling::describe_auto_scaling_groups(DescribeAutoScalingGroupsOptions options) {
  std::vector<AutoScalingGroup> groups;
  std::string token;
  for (int page = 0; page < kQueryPagesMax; ++page) {
    QueryCall call = describe_groups_call(options);
    if (!token.empty()) call.add("NextToken", token);
    const auto answer = co_await send_query(caller_, std::move(call));
    if (!answer) co_return answer.error();
    const XmlElement result = answer->result();
    for (const XmlElement& member : result.list("AutoScalingGroups", "member")) {
      groups.push_back(read_group(member));
    }
    if (auto problem = answer->problem()) co_return *std::move(problem);
    token = result.text_or("NextToken");
    if (token.empty()) co_return groups;
  }
  co_return base::fatal(
      fmt::format("DescribeAutoScalingGroups did not end after {} pages", kQueryPagesMax));
}

boost::asio::awaitable<base::Result<void>> AutoScaling::update_auto_scaling_group(
    UpdateAutoScalingGroupOptions options) {
  QueryCall call = make_call("UpdateAutoScalingGroup", options.group);
  if (options.min_size) call.add("MinSize", *options.min_size);
  if (options.max_size) call.add("MaxSize", *options.max_size);
  if (options.desired_capacity) call.add("DesiredCapacity", *options.desired_capacity);
  if (const auto& wanted = options.launch_template) {
    // AWS takes one of the two, not both.
    call.add(wanted->id.empty() ? "LaunchTemplate.LaunchTemplateName"
                                : "LaunchTemplate.LaunchTemplateId",
             wanted->id.empty() ? wanted->name : wanted->id);
    call.add("LaunchTemplate.Version", wanted->version);
  }
  co_return co_await send_query_command(caller_, std::move(call));
}

boost::asio::awaitable<base::Result<void>> AutoScaling::set_desired_capacity(base::GroupName group,
                                                                             int desired) {
  QueryCall call = make_call("SetDesiredCapacity", group);
  call.add("DesiredCapacity", desired);
  co_return co_await send_query_command(caller_, std::move(call));
}

boost::asio::awaitable<base::Result<void>> AutoScaling::terminate_instance_in_auto_scaling_group(
    base::InstanceId instance, bool should_decrement_desired_capacity) {
  QueryCall call = make_call("TerminateInstanceInAutoScalingGroup");
  call.add("InstanceId", instance.value);
  call.add("ShouldDecrementDesiredCapacity", should_decrement_desired_capacity ? "true" : "false");
  // Sent twice it would still end one instance only, but the second answer is an error that hides
  // the first one's success.
  call.idempotent = false;
  co_return co_await send_query_command(caller_, std::move(call));
}

boost::asio::awaitable<base::Result<void>> AutoScaling::suspend_processes(
    base::GroupName group, std::vector<std::string> processes) {
  co_return co_await send_query_command(caller_,
                                        processes_call("SuspendProcesses", group, processes));
}

boost::asio::awaitable<base::Result<void>> AutoScaling::resume_processes(
    base::GroupName group, std::vector<std::string> processes) {
  // Without a list AWS would resume everything, also what operators suspended.
  if (processes.empty()) co_return base::invalid("ResumeProcesses needs the processes' names");
  co_return co_await send_query_command(caller_,
                                        processes_call("ResumeProcesses", group, processes));
}

boost::asio::awaitable<base::Result<void>> AutoScaling::set_instance_protection(
    base::GroupName group, std::vector<base::InstanceId> instances, bool protect) {
  QueryCall call = make_call("SetInstanceProtection", group);
  std::vector<std::string> ids;
  for (base::InstanceId& instance : instances) ids.push_back(std::move(instance.value));
  call.add_list("InstanceIds.member", ids);
  call.add("ProtectedFromScaleIn", protect ? "true" : "false");
  co_return co_await send_query_command(caller_, std::move(call));
}

boost::asio::awaitable<base::Result<void>> AutoScaling::create_or_update_tags(
    base::GroupName group, std::map<std::string, std::string> tags) {
  QueryCall call = make_call("CreateOrUpdateTags");
  int position = 0;
  for (const auto& [key, value] : tags) {
    add_tag(call, ++position, group, key);
    const std::string prefix = fmt::format("Tags.member.{}.", position);
    call.add(prefix + "Value", value);
    call.add(prefix + "PropagateAtLaunch", "false");
  }
  co_return co_await send_query_command(caller_, std::move(call));
}

boost::asio::awaitable<base::Result<void>> AutoScaling::delete_tags(base::GroupName group,
                                                                    std::vector<std::string> keys) {
  QueryCall call = make_call("DeleteTags");
  int position = 0;
  for (const std::string& key : keys) add_tag(call, ++position, group, key);
  // Whoever finds them gone may set tags of these keys at once: those are not to be deleted.
  call.idempotent = false;
  co_return co_await send_query_command(caller_, std::move(call));
}

boost::asio::awaitable<base::Result<std::optional<InstanceRefresh>>>
AutoScaling::describe_running_refresh(base::GroupName group) {
  QueryCall call = make_call("DescribeInstanceRefreshes", group);
  call.add("MaxRecords", 1);
  const auto answer = co_await send_query(caller_, std::move(call));
  if (!answer) co_return answer.error();
  std::optional<InstanceRefresh> running;
  for (const XmlElement& member : answer->result().list("InstanceRefreshes", "member")) {
    InstanceRefresh refresh;
    refresh.id = member.text("InstanceRefreshId");
    refresh.status = member.text("Status");
    refresh.percentage_complete = member.number_or("PercentageComplete", 0);
    if (!has_ended(refresh.status)) running = std::move(refresh);
  }
  co_return answer->finish(std::move(running));
}

boost::asio::awaitable<base::Result<std::vector<ScalingActivity>>>
AutoScaling::describe_scaling_activities(base::GroupName group, int records_max) {
  QueryCall call = make_call("DescribeScalingActivities", group);
  call.add("MaxRecords", records_max);
  const auto answer = co_await send_query(caller_, std::move(call));
  if (!answer) co_return answer.error();
  std::vector<ScalingActivity> activities;
  for (const XmlElement& member : answer->result().list("Activities", "member")) {
    activities.push_back(read_activity(member));
  }
  co_return answer->finish(std::move(activities));
}

}  // namespace aws
