// How a group's instances go: drain, wait, shut down; or stand by; or leave alive.
#include "sim/autoscaling_engine.h"
#include "sim/ec2_support.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim {
namespace {

void succeed(Activity& activity, base::TimePoint now) {
  activity.status = "Successful";
  activity.progress = 100;
  activity.end = now;
}

bool is_dead(const Ec2Instance* instance) {
  return instance == nullptr || instance->state == "shutting-down" ||
         instance->state == "terminated";
}

}  // namespace

base::Duration AutoScalingEngine::deregister(Member& member) {
  base::Duration longest{0};
  for (const auto& pool : member.pools) {
    longest = std::max(longest, elb_.remove_from_pool(pool, member.id));
  }
  member.pools.clear();
  return longest;
}

Activity& AutoScalingEngine::terminate(Group& group, Member& member, const std::string& cause) {
  Activity& activity = start_activity(group, "Terminating EC2 instance: " + member.id, cause);
  activity.details = details_of(member.zone);
  member.activity = activity.id;
  member.state = "Terminating";
  member.for_rebalance = false;
  member.action.reset();
  member.hooks_left.clear();
  base::Duration draining = deregister(member);
  if (is_dead(ec2_.find(member.id))) draining = base::Duration(0);
  if (draining > base::Duration(0)) {
    activity.description += " - Waiting For ELB Connection Draining";
    activity.progress = 50;
  }
  later(group, member, draining, &AutoScalingEngine::drained);
  react(group.name);
  return activity;
}

void AutoScalingEngine::drained(Group& group, Member& member) {
  if (member.state != "Terminating") return;
  enter_hooks(group, member, "autoscaling:EC2_INSTANCE_TERMINATING");
}

void AutoScalingEngine::shut_down(Group& group, Member& member) {
  if (!is_dead(ec2_.find(member.id))) ec2_.set_state(member.id, "shutting-down");
  later(group, member, jittered(lags_.terminate), &AutoScalingEngine::gone);
}

void AutoScalingEngine::gone(Group& group, Member& member) {
  ec2_.set_state(member.id, "terminated");
  if (Activity* activity = find_activity(group, member.activity)) {
    activity->description = "Terminating EC2 instance: " + member.id;
    succeed(*activity, world_.clock().now());
    emit_activity(group, member, *activity, "Terminate", true);
  }
  sick_.erase(member.id);
  forget(group, member.id);
}

void AutoScalingEngine::forget(Group& group, const std::string& instance) {
  std::erase_if(group.members, [id = instance](const auto& member) { return member.id == id; });
  check_deletion(group);
  react(group.name);
}

Activity& AutoScalingEngine::enter_standby(Group& group, Member& member, const std::string& cause) {
  Activity& activity = start_activity(group, "Moving EC2 instance to Standby: " + member.id, cause);
  activity.progress = 50;
  activity.details = details_of(member.zone);
  member.activity = activity.id;
  member.state = "EnteringStandby";
  later(group, member, deregister(member), &AutoScalingEngine::standing_by);
  react(group.name);
  return activity;
}

void AutoScalingEngine::standing_by(Group& group, Member& member) {
  if (member.state != "EnteringStandby") return;
  member.state = "Standby";
  if (Activity* activity = find_activity(group, member.activity)) {
    succeed(*activity, world_.clock().now());
  }
  member.activity.clear();
}

Activity& AutoScalingEngine::exit_standby(Group& group, Member& member, const std::string& cause) {
  Activity& activity =
      start_activity(group, "Moving EC2 instance out of Standby: " + member.id, cause);
  activity.status = "PreInService";
  activity.progress = 30;
  activity.details = details_of(member.zone);
  member.activity = activity.id;
  member.state = "Pending";
  later(group, member, jittered(lags_.launch), &AutoScalingEngine::rejoin);
  react(group.name);
  return activity;
}

// Out of standby or attached: the instance runs already and no hook applies.
void AutoScalingEngine::rejoin(Group& group, Member& member) {
  if (member.state != "Pending") return;
  member.state = "InService";
  member.in_service_since = world_.clock().now();
  register_in_pools(group, member);
  if (Activity* activity = find_activity(group, member.activity)) {
    succeed(*activity, world_.clock().now());
  }
  member.activity.clear();
  react(group.name);
}

Activity& AutoScalingEngine::detach(Group& group, Member& member, const std::string& cause) {
  Activity& activity = start_activity(group, "Detaching EC2 instance: " + member.id, cause);
  activity.progress = 50;
  activity.details = details_of(member.zone);
  member.activity = activity.id;
  member.state = "Detaching";
  later(group, member, deregister(member), &AutoScalingEngine::detached);
  react(group.name);
  return activity;
}

void AutoScalingEngine::detached(Group& group, Member& member) {
  if (member.state != "Detaching") return;
  if (Activity* activity = find_activity(group, member.activity)) {
    succeed(*activity, world_.clock().now());
  }
  forget(group, member.id);
}

Activity& AutoScalingEngine::attach(Group& group, const std::string& instance,
                                    const std::string& cause) {
  const Ec2Instance* found = ec2_.find(instance);
  Activity& activity =
      start_activity(group, "Attaching an existing EC2 instance: " + instance, cause);
  activity.status = "PreInService";
  activity.progress = 30;
  Member member;
  member.id = instance;
  member.activity = activity.id;
  member.launched = world_.clock().now();
  if (found != nullptr) {
    member.zone = found->zone;
    member.type = found->type;
    member.launched = found->launched;
    activity.details = details_of(found->zone);
  }
  group.members.push_back(std::move(member));
  later(group, group.members.back(), jittered(lags_.launch), &AutoScalingEngine::rejoin);
  react(group.name);
  return activity;
}

}  // namespace sim
