// The operations of Auto Scaling's API, one function each, and what they share.
#pragma once

#include "sim/arguments.h"
#include "sim/autoscaling_engine.h"
#include "sim/ec2_support.h"
#include "sim/service.h"

#include <optional>
#include <string>
#include <variant>

namespace sim::autoscaling {

using Operation = ApiOutcome (*)(AutoScalingEngine&, const ApiCall&);

// Groups (sim/autoscaling_groups.cc).
ApiOutcome create_auto_scaling_group(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome update_auto_scaling_group(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome delete_auto_scaling_group(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome set_desired_capacity(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome suspend_processes(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome resume_processes(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome attach_target_groups(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome detach_target_groups(AutoScalingEngine& engine, const ApiCall& call);

// Reading (sim/autoscaling_describe.cc).
ApiOutcome describe_auto_scaling_groups(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome describe_auto_scaling_instances(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome describe_scaling_activities(AutoScalingEngine& engine, const ApiCall& call);

// Members (sim/autoscaling_members.cc).
ApiOutcome terminate_instance(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome set_instance_protection(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome set_instance_health(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome enter_standby(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome exit_standby(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome attach_instances(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome detach_instances(AutoScalingEngine& engine, const ApiCall& call);

// Tags (sim/autoscaling_tags.cc).
ApiOutcome create_or_update_tags(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome delete_tags(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome describe_tags(AutoScalingEngine& engine, const ApiCall& call);

// Lifecycle hooks (sim/lifecycle_operations.cc).
ApiOutcome put_lifecycle_hook(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome describe_lifecycle_hooks(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome delete_lifecycle_hook(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome complete_lifecycle_action(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome record_lifecycle_action_heartbeat(AutoScalingEngine& engine, const ApiCall& call);

// Launch configurations (sim/autoscaling_configurations.cc).
ApiOutcome create_launch_configuration(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome describe_launch_configurations(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome delete_launch_configuration(AutoScalingEngine& engine, const ApiCall& call);

// Warm pools (sim/warm_pool.cc).
ApiOutcome put_warm_pool(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome describe_warm_pool(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome delete_warm_pool(AutoScalingEngine& engine, const ApiCall& call);

// Instance refresh (sim/instance_refresh.cc).
ApiOutcome start_instance_refresh(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome describe_instance_refreshes(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome cancel_instance_refresh(AutoScalingEngine& engine, const ApiCall& call);

// Scaling by others (sim/scaling_policies.cc).
ApiOutcome put_scaling_policy(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome describe_policies(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome execute_policy(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome delete_policy(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome put_scheduled_action(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome describe_scheduled_actions(AutoScalingEngine& engine, const ApiCall& call);
ApiOutcome delete_scheduled_action(AutoScalingEngine& engine, const ApiCall& call);

// --- Shared -------------------------------------------------------------------------------------
std::string not_found_text(const std::string& group);
// The group that AutoScalingGroupName names, or AWS's error.
std::variant<Group*, ApiError> group_of(AutoScalingEngine& engine, const ApiCall& call);

// Reads what a call says of a group's settings into `group` (sim/autoscaling_settings.cc). What the
// call does not mention stays. Bounds are not checked here.
std::optional<ApiError> read_settings(AutoScalingEngine& engine, const ApiCall& call, Group& group);
// Reads TargetGroupARNs and LoadBalancerNames, which only a new group may give.
std::optional<ApiError> read_pools(AutoScalingEngine& engine, const ApiCall& call, Group& group);
// Reads Tags: [{Key, Value, PropagateAtLaunch}].
std::optional<ApiError> read_tags(const Json& tags, Group& group);

// Rendering (sim/autoscaling_render.cc).
Json render(const AutoScalingEngine& engine, const Group& group, bool with_instances);
Json render(const Group& group, const Activity& activity);
Json render(const Group& group, const std::string& key, const GroupTag& tag);
Json render(const WarmPool& pool);
Json render_warm(const AutoScalingEngine& engine, const Group& group, const Member& member);
Json render_for_instances(const AutoScalingEngine& engine, const Group& group,
                          const Member& member);

}  // namespace sim::autoscaling
