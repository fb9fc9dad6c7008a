#include "tests/recycle_proof/direct_clients.h"

#include "sim/autoscaling_engine.h"
#include "sim/autoscaling_operations.h"
#include "sim/autoscaling_service.h"
#include "sim/ec2_service.h"
#include "sim/elb_service.h"

#include <algorithm>

namespace proof {

namespace {

using sim::Json;

aws::LaunchTemplateSpecification as_aws(const sim::LaunchTemplateReference& reference) {
  return {reference.id, reference.name, reference.version};
}

std::optional<aws::LaunchTemplateSpecification> as_aws_if(
    const sim::LaunchTemplateReference& reference) {
  if (reference.empty()) return std::nullopt;
  return as_aws(reference);
}

bool has_weights(const sim::Group& group) {
  return group.mixed && std::ranges::any_of(group.mixed->overrides,
                                            [](const auto& one) { return one.weight != 1; });
}

aws::GroupInstance as_aws(const sim::AutoScalingEngine& engine, const sim::Member& member,
                          bool weighted) {
  aws::GroupInstance instance;
  instance.id = base::InstanceId(member.id);
  instance.availability_zone = member.zone;
  instance.lifecycle_state = member.state;
  instance.health_status = member.healthy ? "Healthy" : "Unhealthy";
  instance.instance_type = member.type;
  instance.protected_from_scale_in = member.is_protected;
  instance.launch_template = as_aws_if(member.launch_template);
  if (engine.has_launch_configuration(member.launch_configuration)) {
    instance.launch_configuration_name = member.launch_configuration;
  }
  if (weighted) instance.weighted_capacity = member.weight;
  return instance;
}

aws::AutoScalingGroup as_aws(const sim::AutoScalingEngine& engine, const sim::Group& group,
                             bool with_instances) {
  aws::AutoScalingGroup shown;
  shown.name = base::GroupName(group.name);
  shown.arn = group.arn;
  shown.min_size = group.min;
  shown.max_size = group.max;
  shown.desired_capacity = group.desired;
  shown.health_check_type = group.health_check_type;
  shown.health_check_grace_period = group.grace;
  shown.status = group.status;
  shown.new_instances_protected_from_scale_in = group.protect_new;
  shown.launch_template = as_aws_if(group.launch_template);
  shown.launch_configuration_name = group.launch_configuration;
  if (group.mixed) {
    aws::MixedInstancesPolicy& policy = shown.mixed_instances_policy.emplace();
    policy.launch_template = as_aws(group.mixed->launch_template);
    for (const auto& one : group.mixed->overrides) {
      policy.overrides.push_back({one.type, one.weight, as_aws_if(one.launch_template)});
    }
  }
  shown.availability_zones = group.zones;
  shown.load_balancer_names = group.load_balancers;
  shown.target_group_arns = group.target_groups;
  if (with_instances) {
    const bool weighted = has_weights(group);
    for (const auto& member : group.members) {
      shown.instances.push_back(as_aws(engine, member, weighted));
    }
  }
  for (const auto& [process, reason] : group.suspended) {
    shown.suspended_processes.push_back({process, reason});
  }
  for (const auto& [key, tag] : group.tags) shown.tags[key] = tag.value;
  shown.has_warm_pool = group.warm_pool.has_value();
  return shown;
}

bool wanted(const sim::Group& group, const aws::DescribeAutoScalingGroupsOptions& options) {
  if (!options.names.empty() &&
      std::ranges::find(options.names, base::GroupName(group.name)) == options.names.end()) {
    return false;
  }
  const auto passes = [&](const std::vector<std::string>& values, auto of_tag) {
    return values.empty() || std::ranges::any_of(group.tags, [&](const auto& tag) {
             return std::ranges::find(values, of_tag(tag)) != values.end();
           });
  };
  return passes(options.tag_keys, [](const auto& tag) { return tag.first; }) &&
         passes(options.tag_values, [](const auto& tag) { return tag.second.value; });
}

Json texts(const std::vector<std::string>& values) {
  Json list = Json::array();
  for (const auto& value : values) list.push_back(value);
  return list;
}

Json tag(const base::GroupName& group, const std::string& key) {
  return {{"ResourceId", group.value}, {"ResourceType", "auto-scaling-group"}, {"Key", key}};
}

template <class T>
using Answer = boost::asio::awaitable<base::Result<T>>;

}  // namespace

Answer<std::vector<aws::AutoScalingGroup>> DirectAutoScaling::describe_auto_scaling_groups(
    aws::DescribeAutoScalingGroupsOptions options) {
  using Groups = std::vector<aws::AutoScalingGroup>;
  std::function<base::Result<Groups>()> read = [this, &options] {
    const sim::AutoScalingEngine& engine = region_.auto_scaling().engine();
    const auto groups = region_.auto_scaling().engine().groups_as_read();
    if (groups.get() != &region_.auto_scaling().engine().groups()) {
      ++line_.exchange().met.old_answers;
    }
    Groups shown;
    for (const auto& [name, group] : *groups) {
      if (wanted(group, options)) shown.push_back(as_aws(engine, group, options.include_instances));
    }
    return base::Result<Groups>(std::move(shown));
  };
  co_return co_await line_.carry<Groups>("autoscaling", "DescribeAutoScalingGroups",
                                         std::move(read));
}

Answer<void> DirectAutoScaling::mutate(std::string operation, Json arguments) {
  auto call = std::make_shared<sim::ApiCall>();
  call->service = "autoscaling";
  call->operation = operation;
  call->arguments = std::move(arguments);
  std::function<base::Result<void>()> perform = [this, call]() -> base::Result<void> {
    const sim::ApiOutcome outcome = region_.auto_scaling().carry_out(*call);
    if (const auto* error = std::get_if<sim::ApiError>(&outcome)) {
      return as_error(*error).while_doing(call->operation);
    }
    return {};
  };
  co_return co_await line_.carry<void>("autoscaling", std::move(operation), std::move(perform),
                                       call);
}

Answer<void> DirectAutoScaling::update_auto_scaling_group(
    aws::UpdateAutoScalingGroupOptions options) {
  Json arguments = {{"AutoScalingGroupName", options.group.value}};
  if (options.min_size) arguments["MinSize"] = std::to_string(*options.min_size);
  if (options.max_size) arguments["MaxSize"] = std::to_string(*options.max_size);
  if (options.desired_capacity) {
    arguments["DesiredCapacity"] = std::to_string(*options.desired_capacity);
  }
  if (const auto& wanted = options.launch_template) {
    Json named = Json::object();
    named[wanted->id.empty() ? "LaunchTemplateName" : "LaunchTemplateId"] =
        wanted->id.empty() ? wanted->name : wanted->id;
    named["Version"] = wanted->version;
    arguments["LaunchTemplate"] = std::move(named);
  }
  co_return co_await mutate("UpdateAutoScalingGroup", std::move(arguments));
}

Answer<void> DirectAutoScaling::set_desired_capacity(base::GroupName group, int desired) {
  Json arguments = {{"AutoScalingGroupName", group.value},
                    {"DesiredCapacity", std::to_string(desired)}};
  co_return co_await mutate("SetDesiredCapacity", std::move(arguments));
}

Answer<void> DirectAutoScaling::terminate_instance_in_auto_scaling_group(
    base::InstanceId instance, bool should_decrement_desired_capacity) {
  Json arguments = {
      {"InstanceId", instance.value},
      {"ShouldDecrementDesiredCapacity", should_decrement_desired_capacity ? "true" : "false"}};
  co_return co_await mutate("TerminateInstanceInAutoScalingGroup", std::move(arguments));
}

Answer<void> DirectAutoScaling::suspend_processes(base::GroupName group,
                                                  std::vector<std::string> processes) {
  Json arguments = {{"AutoScalingGroupName", group.value}, {"ScalingProcesses", texts(processes)}};
  co_return co_await mutate("SuspendProcesses", std::move(arguments));
}

Answer<void> DirectAutoScaling::resume_processes(base::GroupName group,
                                                 std::vector<std::string> processes) {
  if (processes.empty()) co_return base::invalid("ResumeProcesses needs the processes' names");
  Json arguments = {{"AutoScalingGroupName", group.value}, {"ScalingProcesses", texts(processes)}};
  co_return co_await mutate("ResumeProcesses", std::move(arguments));
}

Answer<void> DirectAutoScaling::set_instance_protection(base::GroupName group,
                                                        std::vector<base::InstanceId> instances,
                                                        bool protect) {
  Json ids = Json::array();
  for (const auto& id : instances) ids.push_back(id.value);
  Json arguments = {{"AutoScalingGroupName", group.value},
                    {"InstanceIds", std::move(ids)},
                    {"ProtectedFromScaleIn", protect ? "true" : "false"}};
  co_return co_await mutate("SetInstanceProtection", std::move(arguments));
}

Answer<void> DirectAutoScaling::create_or_update_tags(base::GroupName group,
                                                      std::map<std::string, std::string> tags) {
  Json list = Json::array();
  for (const auto& [key, value] : tags) {
    Json one = tag(group, key);
    one["Value"] = value;
    one["PropagateAtLaunch"] = "false";
    list.push_back(std::move(one));
  }
  Json arguments = {{"Tags", std::move(list)}};
  co_return co_await mutate("CreateOrUpdateTags", std::move(arguments));
}

Answer<void> DirectAutoScaling::delete_tags(base::GroupName group, std::vector<std::string> keys) {
  Json list = Json::array();
  for (const auto& key : keys) list.push_back(tag(group, key));
  Json arguments = {{"Tags", std::move(list)}};
  co_return co_await mutate("DeleteTags", std::move(arguments));
}

Answer<std::optional<aws::InstanceRefresh>> DirectAutoScaling::describe_running_refresh(
    base::GroupName group) {
  using Running = std::optional<aws::InstanceRefresh>;
  std::function<base::Result<Running>()> read = [this, &group]() -> base::Result<Running> {
    const sim::Group* found = region_.auto_scaling().engine().find(group.value);
    if (found == nullptr) {
      return base::Error{base::ErrorKind::kInvalid,
                         "ValidationError",
                         sim::autoscaling::not_found_text(group.value),
                         {}};
    }
    if (found->refreshes.empty() || !found->refreshes.front().is_active()) return Running();
    const sim::InstanceRefresh& newest = found->refreshes.front();
    return Running(aws::InstanceRefresh{newest.id, newest.status, newest.percentage});
  };
  co_return co_await line_.carry<Running>("autoscaling", "DescribeInstanceRefreshes",
                                          std::move(read));
}

Answer<std::vector<aws::LaunchTemplate>> DirectEc2::describe_launch_templates(
    aws::DescribeLaunchTemplatesOptions options) {
  using Templates = std::vector<aws::LaunchTemplate>;
  std::function<base::Result<Templates>()> read = [this, &options]() -> base::Result<Templates> {
    Templates found;
    const auto add = [&](const std::string& id, const std::string& name) -> base::Result<void> {
      const auto latest = region_.ec2().resolve({id, name, "$Latest"});
      if (const auto* error = std::get_if<sim::ApiError>(&latest)) return as_error(*error);
      const auto& one = std::get<sim::ResolvedTemplate>(latest);
      const auto standard = region_.ec2().resolve({one.id, "", "$Default"});
      const auto* is_default = std::get_if<sim::ResolvedTemplate>(&standard);
      found.push_back({one.id, one.name, one.version, is_default ? is_default->version : 0});
      return {};
    };
    for (const std::string& id : options.ids) {
      if (auto added = add(id, ""); !added) return added.error();
    }
    for (const std::string& name : options.names) {
      if (auto added = add("", name); !added) return added.error();
    }
    return found;
  };
  co_return co_await line_.carry<Templates>("ec2", "DescribeLaunchTemplates", std::move(read));
}

Answer<std::vector<aws::Ec2Instance>> DirectEc2::describe_instances(
    std::vector<base::InstanceId> ids) {
  using Instances = std::vector<aws::Ec2Instance>;
  if (ids.empty()) co_return Instances();
  std::function<base::Result<Instances>()> read = [this, &ids] {
    Instances found;
    const base::Duration age = region_.faults().read_age();
    std::ranges::sort(ids);
    for (const auto& id : ids) {
      const sim::Ec2Instance* instance = region_.ec2().find(id.value);
      if (instance == nullptr) continue;
      const std::string state = region_.ec2().state_of(*instance, age);
      if (state.empty()) continue;
      aws::Ec2Instance& shown = found.emplace_back();
      shown.id = id;
      shown.state = state;
      shown.private_ip = instance->private_ip;
      shown.launch_time = std::chrono::floor<std::chrono::milliseconds>(instance->launched);
    }
    return base::Result<Instances>(std::move(found));
  };
  co_return co_await line_.carry<Instances>("ec2", "DescribeInstances", std::move(read));
}

Answer<std::vector<aws::TargetHealth>> DirectElb::describe_target_health(
    std::string target_group_arn) {
  using Targets = std::vector<aws::TargetHealth>;
  std::function<base::Result<Targets>()> read = [this,
                                                 &target_group_arn]() -> base::Result<Targets> {
    if (!region_.elb().has_pool(target_group_arn)) {
      return base::Error{base::ErrorKind::kNotFound,
                         "TargetGroupNotFound",
                         "One or more target groups not found",
                         {}};
    }
    Targets found;
    for (const auto& [instance, state] :
         region_.elb().states_of(target_group_arn, region_.faults().read_age())) {
      std::string reason;
      if (state == "initial") reason = "Elb.RegistrationInProgress";
      if (state == "unhealthy") reason = "Target.FailedHealthChecks";
      if (state == "draining") reason = "Target.DeregistrationInProgress";
      found.push_back({base::InstanceId(instance), state, std::move(reason)});
    }
    return found;
  };
  co_return co_await line_.carry<Targets>("elasticloadbalancing", "DescribeTargetHealth",
                                          std::move(read));
}

}  // namespace proof
