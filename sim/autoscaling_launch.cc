// How a group's instances come: launch, wait, register, serve.
#include "sim/autoscaling_engine.h"
#include "sim/ec2_support.h"
#include "sim/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace sim {
namespace {

constexpr std::chrono::hours kGivenUpAfter{24};

std::string text_member(const Json& json, const char* name, std::string fallback) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : fallback;
}

}  // namespace

// Everything that a launch takes from the group's configuration at this moment.
struct AutoScalingEngine::LaunchPlan {
  std::string image;
  std::string type;
  int weight = 1;
  LaunchTemplateReference launch_template;
  std::string launch_configuration;
  base::TimePoint configured;
};

std::variant<AutoScalingEngine::LaunchPlan, ApiError> AutoScalingEngine::plan_launch(
    Group& group) const {
  LaunchPlan plan;
  if (!group.launch_configuration.empty()) {
    const auto found = configurations_.find(group.launch_configuration);
    if (found == configurations_.end()) {
      return validation_error("Launch configuration name not found - " +
                              group.launch_configuration);
    }
    plan.image = found->second.image;
    plan.type = found->second.type;
    plan.launch_configuration = found->second.name;
    plan.configured = found->second.created;
    return plan;
  }
  LaunchTemplateReference reference = group.launch_template;
  std::string type;
  if (group.mixed) {
    reference = group.mixed->launch_template;
    if (!group.mixed->overrides.empty()) {
      const MixedOverride& chosen = group.mixed->overrides.front();
      if (!chosen.launch_template.empty()) reference = chosen.launch_template;
      type = chosen.type;
      plan.weight = chosen.weight;
    }
  }
  auto resolved = ec2_.resolve(reference);
  if (const auto* error = std::get_if<ApiError>(&resolved)) return *error;
  const auto& found = std::get<ResolvedTemplate>(resolved);
  plan.image = text_member(found.data, "imageId", "ami-0simulated0000000");
  plan.type = type.empty() ? text_member(found.data, "instanceType", "t3.micro") : type;
  plan.launch_template = {found.id, found.name, std::to_string(found.version)};
  plan.configured = found.created;
  return plan;
}

bool AutoScalingEngine::zone_failed(const std::string& zone) const {
  return std::find(failed_zones_.begin(), failed_zones_.end(), zone) != failed_zones_.end();
}

// The emptiest zone; of equals the first. Zones without capacity come last.
std::string AutoScalingEngine::zone_for_launch(const Group& group) const {
  std::string best;
  long best_size = std::numeric_limits<long>::max();
  for (const auto& zone : group.zones) {
    long size = std::count_if(group.members.begin(), group.members.end(), [&](const auto& member) {
      return member.zone == zone && member.counts();
    });
    if (zone_failed(zone)) size += 1'000'000;
    if (size < best_size) {
      best = zone;
      best_size = size;
    }
  }
  return best;
}

void AutoScalingEngine::fail_launch(Group& group, const std::string& zone, const std::string& cause,
                                    const std::string& message) {
  Activity& activity =
      start_activity(group, "Launching a new EC2 instance.  Status Reason: " + message, cause);
  activity.status = "Failed";
  activity.message = message;
  activity.progress = 100;
  activity.end = activity.start;
  activity.details = details_of(zone);
  Member nobody;
  nobody.zone = zone;
  emit_activity(group, nobody, activity, "Launch", false);

  // AWS gives a group up whose launches have failed for a day, and says that it was not a user.
  // The text is not recorded anywhere; that it does not begin with "User" is what counts.
  const base::TimePoint now = world_.clock().now();
  if (!group.failing_since) group.failing_since = now;
  if (now - *group.failing_since >= kGivenUpAfter && !group.is_suspended("Launch")) {
    group.suspended["Launch"] = "Administratively suspended at " + prose_time(now);
  }
  const int doubled = std::min(group.failed_launches_in_row++, 3);
  const base::Duration wait = jittered(lags_.retry * (1 << doubled));
  group.retry_not_before = world_.clock().now() + wait;
  run_later(wait, [this, name = group.name] {
    if (Group* found = find(name)) reconcile(*found);
  });
}

Member AutoScalingEngine::new_member(const Group& group, const LaunchPlan& plan,
                                     const std::string& zone) {
  Ec2Service::LaunchOptions options{
      .image = plan.image, .type = plan.type, .zone = zone, .tags = {}};
  for (const auto& [key, tag] : group.tags) {
    if (tag.propagate) options.tags[key] = tag.value;
  }
  options.tags["aws:autoscaling:groupName"] = group.name;
  if (!plan.launch_template.empty()) {
    options.tags["aws:ec2launchtemplate:id"] = plan.launch_template.id;
    options.tags["aws:ec2launchtemplate:version"] = plan.launch_template.version;
  }
  Member member;
  member.id = ec2_.launch(std::move(options));
  member.zone = zone;
  member.type = plan.type;
  member.weight = plan.weight;
  member.is_protected = group.protect_new;
  member.launch_template = plan.launch_template;
  member.launch_configuration = plan.launch_configuration;
  member.configured = plan.configured;
  member.launched = world_.clock().now();
  return member;
}

// One more warm instance, where the group itself would launch one.
bool AutoScalingEngine::launch_warm(Group& group) {
  auto planned = plan_launch(group);
  const std::string zone = zone_for_launch(group);
  const auto* plan = std::get_if<LaunchPlan>(&planned);
  if (plan == nullptr || zone_failed(zone)) return false;
  group.warm.push_back(new_member(group, *plan, zone));
  Member& member = group.warm.back();
  member.state = "Warmed:Pending";
  Activity& activity =
      start_activity(group, "Launching a new EC2 instance into warm pool: " + member.id,
                     at_now("an instance was launched to reach the warm pool's size"));
  activity.details = details_of(zone);
  member.activity = activity.id;
  run_later(jittered(lags_.launch), [this, name = group.name, id = member.id] { warm(name, id); });
  return true;
}

bool AutoScalingEngine::launch_one(Group& group, const std::string& zone, const std::string& cause,
                                   bool for_rebalance) {
  if (!for_rebalance && take_from_warm_pool(group, cause)) return true;
  auto planned = plan_launch(group);
  if (const auto* error = std::get_if<ApiError>(&planned)) {
    fail_launch(group, zone, cause, error->message + " Launching EC2 instance failed.");
    return false;
  }
  const auto& plan = std::get<LaunchPlan>(planned);
  if (launches_to_fail_ > 0 || zone_failed(zone) || world_.faults().launch_fails()) {
    launches_to_fail_ = std::max(0, launches_to_fail_ - 1);
    fail_launch(
        group, zone, cause,
        fmt::format("Could not launch On-Demand Instances. InsufficientInstanceCapacity - We "
                    "currently do not have sufficient {} capacity in the Availability Zone "
                    "you requested ({}). Launching EC2 instance failed.",
                    plan.type, zone));
    return false;
  }
  Member member = new_member(group, plan, zone);
  member.for_rebalance = for_rebalance;
  if (never_healthy_left_ > 0 || world_.faults().never_healthy()) {
    never_healthy_left_ = std::max(0, never_healthy_left_ - 1);
    sick_.insert(member.id);
    elb_.set_failing(member.id, true);
  }
  Activity& activity = start_activity(group, "Launching a new EC2 instance: " + member.id, cause);
  activity.status = "PreInService";
  activity.progress = 30;
  activity.details = details_of(zone);
  member.activity = activity.id;
  group.members.push_back(std::move(member));
  group.failed_launches_in_row = 0;
  group.failing_since.reset();
  group.retry_not_before.reset();
  later(group, group.members.back(), jittered(lags_.launch), &AutoScalingEngine::launched);
  return true;
}

void AutoScalingEngine::launched(Group& group, Member& member) {
  if (member.state != "Pending") return;
  const Ec2Instance* instance = ec2_.find(member.id);
  if (instance == nullptr || instance->state != "pending") {
    return abandon_launch(group, member,
                          "Instance became unhealthy while waiting for instance to be in InService "
                          "state. Termination Reason: Client.UserInitiatedShutdown: User initiated "
                          "shutdown");
  }
  ec2_.set_state(member.id, "running");
  enter_hooks(group, member, "autoscaling:EC2_INSTANCE_LAUNCHING");
}

void AutoScalingEngine::enter_service(Group& group, Member& member) {
  member.state = "InService";
  member.for_rebalance = false;
  member.in_service_since = world_.clock().now();
  register_in_pools(group, member);
  if (Activity* activity = find_activity(group, member.activity)) {
    activity->status = "Successful";
    activity->progress = 100;
    activity->end = world_.clock().now();
    emit_activity(group, member, *activity, "Launch", true);
  }
  member.activity.clear();
  if (sick_.contains(member.id) && group.pools().empty()) {
    // Without a load balancer to notice, EC2's own status checks do.
    later(group, member, jittered(lags_.health) + group.grace,
          &AutoScalingEngine::check_never_healthy);
  }
  react(group.name);
}

void AutoScalingEngine::check_never_healthy(Group& group, Member& member) {
  if (member.state != "InService" || group.is_suspended("HealthCheck")) return;
  set_unhealthy(group, member, "EC2 instance status checks failure");
}

void AutoScalingEngine::register_in_pools(Group& group, Member& member) {
  if (member.state != "InService" || group.is_suspended("AddToLoadBalancer")) return;
  for (const auto& pool : group.pools()) {
    if (!elb_.has_pool(pool) || !member.pools.insert(pool).second) continue;
    elb_.add_to_pool(pool, member.id);
  }
}

void AutoScalingEngine::abandon_launch(Group& group, Member& member, const std::string& message) {
  if (Activity* activity = find_activity(group, member.activity)) {
    activity->status = "Failed";
    activity->message = message;
    activity->description += ".  Status Reason: " + message;
    activity->progress = 100;
    activity->end = world_.clock().now();
    emit_activity(group, member, *activity, "Launch", false);
  }
  terminate(group, member,
            at_now(fmt::format("instance {} was taken out of service in response to a launch "
                               "failure",
                               member.id)));
}

}  // namespace sim
