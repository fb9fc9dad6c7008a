#include "sim/autoscaling_service.h"

#include "sim/autoscaling_engine.h"
#include "sim/autoscaling_operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sim {
namespace {

const std::map<std::string, autoscaling::Operation>& operations() {
  namespace as = autoscaling;
  static const std::map<std::string, as::Operation> kOperations = {
      {"CreateAutoScalingGroup", as::create_auto_scaling_group},
      {"UpdateAutoScalingGroup", as::update_auto_scaling_group},
      {"DeleteAutoScalingGroup", as::delete_auto_scaling_group},
      {"SetDesiredCapacity", as::set_desired_capacity},
      {"SuspendProcesses", as::suspend_processes},
      {"ResumeProcesses", as::resume_processes},
      {"AttachLoadBalancerTargetGroups", as::attach_target_groups},
      {"DetachLoadBalancerTargetGroups", as::detach_target_groups},
      {"DescribeAutoScalingGroups", as::describe_auto_scaling_groups},
      {"DescribeAutoScalingInstances", as::describe_auto_scaling_instances},
      {"DescribeScalingActivities", as::describe_scaling_activities},
      {"PutWarmPool", as::put_warm_pool},
      {"DescribeWarmPool", as::describe_warm_pool},
      {"DeleteWarmPool", as::delete_warm_pool},
      {"StartInstanceRefresh", as::start_instance_refresh},
      {"DescribeInstanceRefreshes", as::describe_instance_refreshes},
      {"CancelInstanceRefresh", as::cancel_instance_refresh},
      {"PutScalingPolicy", as::put_scaling_policy},
      {"DescribePolicies", as::describe_policies},
      {"ExecutePolicy", as::execute_policy},
      {"DeletePolicy", as::delete_policy},
      {"PutScheduledUpdateGroupAction", as::put_scheduled_action},
      {"DescribeScheduledActions", as::describe_scheduled_actions},
      {"DeleteScheduledAction", as::delete_scheduled_action},
      {"TerminateInstanceInAutoScalingGroup", as::terminate_instance},
      {"SetInstanceProtection", as::set_instance_protection},
      {"SetInstanceHealth", as::set_instance_health},
      {"EnterStandby", as::enter_standby},
      {"ExitStandby", as::exit_standby},
      {"AttachInstances", as::attach_instances},
      {"DetachInstances", as::detach_instances},
      {"CreateOrUpdateTags", as::create_or_update_tags},
      {"DeleteTags", as::delete_tags},
      {"DescribeTags", as::describe_tags},
      {"PutLifecycleHook", as::put_lifecycle_hook},
      {"DescribeLifecycleHooks", as::describe_lifecycle_hooks},
      {"DeleteLifecycleHook", as::delete_lifecycle_hook},
      {"CompleteLifecycleAction", as::complete_lifecycle_action},
      {"RecordLifecycleActionHeartbeat", as::record_lifecycle_action_heartbeat},
      {"CreateLaunchConfiguration", as::create_launch_configuration},
      {"DescribeLaunchConfigurations", as::describe_launch_configurations},
      {"DeleteLaunchConfiguration", as::delete_launch_configuration},
  };
  return kOperations;
}

std::optional<base::Duration> lag(const Json& options, const char* name) {
  const auto found = options.find(name);
  if (found == options.end() || !found->is_number()) return std::nullopt;
  return base::Duration(static_cast<std::int64_t>(std::clamp(found->get<double>(), 0.0, 1e12)));
}

bool intervene(AutoScalingEngine& engine, const std::string& name, const char* process, int desired,
               const std::string& cause) {
  Group* group = engine.find(name);
  if (group == nullptr || !group->status.empty() || group->is_suspended(process)) return false;
  const int bounded = std::clamp(desired, group->min, group->max);
  if (bounded == group->desired) return false;
  engine.set_desired(*group, bounded, cause);
  return true;
}

// The version that the group would launch now, or "" when it cannot be told.
std::string target_version(AutoScalingEngine& engine, const Group& group) {
  if (!group.launch_configuration.empty()) return group.launch_configuration;
  const auto resolved =
      engine.ec2().resolve(group.mixed ? group.mixed->launch_template : group.launch_template);
  const auto* found = std::get_if<ResolvedTemplate>(&resolved);
  return found != nullptr ? std::to_string(found->version) : "";
}

Json control_view(AutoScalingEngine& engine, const Member& member) {
  Json targets = Json::object();
  for (const auto& pool : member.pools) targets[pool] = engine.elb().health(pool, member.id);
  return {{"id", member.id},
          {"zone", member.zone},
          {"lifecycle", member.state},
          {"health", member.healthy ? "Healthy" : "Unhealthy"},
          {"version", member.launch_template.empty() ? member.launch_configuration
                                                     : member.launch_template.version},
          {"launched_at", wire_time(member.launched)},
          {"protected", member.is_protected},
          {"targets", std::move(targets)}};
}

}  // namespace

AutoScalingService::AutoScalingService(World& world, Ec2Service& ec2, ElbService& elb)
    : engine_(std::make_unique<AutoScalingEngine>(world, ec2, elb)) {}

AutoScalingService::~AutoScalingService() = default;

ApiOutcome AutoScalingService::carry_out(const ApiCall& call) {
  const auto found = operations().find(call.operation);
  if (found == operations().end()) {
    return api_error("InvalidAction", fmt::format("{} is not simulated", call.operation));
  }
  const bool changes = !call.operation.starts_with("Describe");
  if (changes) engine_->remember();  // what a stale read right after the call still sees
  ApiOutcome outcome = found->second(*engine_, call);
  if (changes) engine_->remember();
  return outcome;
}

boost::asio::awaitable<ApiOutcome> AutoScalingService::handle(ApiCall call) {
  co_return carry_out(call);
}

Json AutoScalingService::describe_for_control() const {
  Json list = Json::array();
  for (const auto& [name, group] : engine_->groups()) {
    Json instances = Json::array();
    for (const auto& member : group.members) instances.push_back(control_view(*engine_, member));
    Json suspended = Json::array();
    for (const auto& [process, reason] : group.suspended) suspended.push_back(process);
    Json tags = Json::object();
    for (const auto& [key, tag] : group.tags) tags[key] = tag.value;
    list.push_back({{"name", name},
                    {"min", group.min},
                    {"max", group.max},
                    {"desired", group.desired},
                    {"target_version", target_version(*engine_, group)},
                    {"instances", std::move(instances)},
                    {"suspended", std::move(suspended)},
                    {"tags", std::move(tags)},
                    {"status", group.status}});
  }
  return list;
}

void AutoScalingService::configure(const Json& options) {
  if (!options.is_object()) return;
  AutoScalingLags& lags = engine_->lags();
  const std::pair<const char*, base::Duration*> own[] = {
      {"reaction_lag_ms", &lags.reaction},   {"launch_lag_ms", &lags.launch},
      {"terminate_lag_ms", &lags.terminate}, {"rebalance_lag_ms", &lags.rebalance},
      {"health_lag_ms", &lags.health},       {"retry_lag_ms", &lags.retry}};
  for (const auto& [name, target] : own) {
    if (const auto given = lag(options, name)) *target = *given;
  }
  if (const auto given = lag(options, "target_healthy_lag_ms")) {
    engine_->elb().set_healthy_lag(*given);
  }
  if (const auto given = lag(options, "deregistration_delay_ms")) {
    engine_->elb().set_deregistration_delay(*given);
  }
  if (const auto given = lag(options, "terminate_lag_ms")) {
    engine_->ec2().set_terminate_lag(*given);
  }
  const auto jitter = options.find("jitter");
  if (jitter != options.end() && jitter->is_number()) {
    lags.jitter = std::clamp(jitter->get<double>(), 0.0, 1.0);
  }
  const auto zones = options.find("failed_zones");
  if (zones != options.end() && zones->is_array()) {
    std::vector<std::string> names;
    for (const auto& zone : *zones) {
      if (zone.is_string()) names.push_back(zone.get<std::string>());
    }
    engine_->set_failed_zones(std::move(names));
  }
}

void AutoScalingService::fail_launches(int n) { engine_->fail_launches(n); }

void AutoScalingService::never_healthy(int n) { engine_->never_healthy(n); }

bool AutoScalingService::alarm_sets_desired(const std::string& group, int desired) {
  return intervene(*engine_, group, "AlarmNotification", desired,
                   "a monitor alarm simulated-alarm in state ALARM triggered policy "
                   "simulated-policy");
}

bool AutoScalingService::schedule_sets_desired(const std::string& group, int desired) {
  return intervene(*engine_, group, "ScheduledActions", desired,
                   "a scheduled action update of AutoScalingGroup");
}

void AutoScalingService::on_notification(
    std::function<void(const std::string&, const Json&)> deliver) {
  engine_->set_notify(std::move(deliver));
}

}  // namespace sim
