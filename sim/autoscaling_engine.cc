#include "sim/autoscaling_engine.h"

#include "sim/autoscaling_scale_in.h"
#include "sim/ec2_support.h"
#include "sim/faults.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim {
namespace {

constexpr std::size_t kActivitiesMax = 500;  // AWS forgets after six weeks

}  // namespace

AutoScalingEngine::AutoScalingEngine(World& world, Ec2Service& ec2, ElbService& elb)
    : world_(world), ec2_(ec2), elb_(elb) {
  ec2_.on_state_change([this](const std::string& instance, const std::string& state) {
    instance_changed(instance, state);
  });
  elb_.on_health_change([this](const std::string& instance) { target_changed(instance); });
}

Group* AutoScalingEngine::find(const std::string& name) {
  const auto found = groups_.find(name);
  return found == groups_.end() ? nullptr : &found->second;
}

std::pair<Group*, Member*> AutoScalingEngine::find_member(const std::string& instance) {
  for (auto& [name, group] : groups_) {
    if (Member* member = group.find(instance)) return {&group, member};
  }
  return {nullptr, nullptr};
}

base::Duration AutoScalingEngine::jittered(base::Duration lag) {
  if (lags_.jitter <= 0) return lag;
  const double factor = 1.0 + lags_.jitter * (2.0 * world_.random().uniform() - 1.0);
  return base::Duration(static_cast<std::int64_t>(static_cast<double>(lag.count()) * factor));
}

void AutoScalingEngine::run_later(base::Duration delay, std::function<void()> work) {
  world_.after(delay, [this, work = std::move(work)] {
    work();
    remember();
  });
}

void AutoScalingEngine::remember() {
  if (listener_) listener_();
  const Faults::Settings& faults = world_.faults().settings();
  if (faults.stale_reads <= 0) return past_.clear();
  const base::TimePoint now = world_.clock().now();
  past_.emplace_back(now, std::make_shared<const std::map<std::string, Group>>(groups_));
  // One entry older than the oldest read is enough.
  while (past_.size() > 1 && past_[1].first <= now - faults.stale_age) past_.pop_front();
}

std::shared_ptr<const std::map<std::string, Group>> AutoScalingEngine::groups_as_read() {
  const base::Duration age = world_.faults().read_age();
  const base::TimePoint as_of = world_.clock().now() - age;
  if (age > base::Duration(0) && !past_.empty()) {
    for (auto it = past_.rbegin(); it != past_.rend(); ++it) {
      if (it->first <= as_of) return it->second;
    }
    return past_.front().second;
  }
  // The present, without copying or owning it.
  return {std::shared_ptr<void>(), &groups_};
}

void AutoScalingEngine::later(Group& group, Member& member, base::Duration delay,
                              void (AutoScalingEngine::*step)(Group&, Member&)) {
  run_later(delay, [this, name = group.name, uuid = group.uuid, id = member.id, step] {
    Group* same_group = find(name);
    if (same_group == nullptr || same_group->uuid != uuid) return;
    if (Member* same_member = same_group->find(id)) (this->*step)(*same_group, *same_member);
  });
}

void AutoScalingEngine::react(const std::string& group) {
  run_later(jittered(lags_.reaction), [this, group] {
    if (Group* found = find(group)) reconcile(*found);
  });
}

void AutoScalingEngine::react_now(const std::string& group) {
  run_later(base::Duration(0), [this, group] {
    if (Group* found = find(group)) reconcile(*found);
  });
}

std::string AutoScalingEngine::at_now(const std::string& what) const {
  return fmt::format("At {} {}.", prose_time(world_.clock().now()), what);
}

std::string AutoScalingEngine::details_of(const std::string& zone) const {
  const Zone* found = ec2_.find_zone(zone);
  if (found == nullptr) return "{}";
  return Json{{"Subnet ID", found->subnet}, {"Availability Zone", found->name}}.dump();
}

Group& AutoScalingEngine::add(Group group) {
  group.uuid = world_.random().uuid();
  group.arn = world_.arn("autoscaling",
                         "autoScalingGroup:" + group.uuid + ":autoScalingGroupName/" + group.name);
  group.created = world_.clock().now();
  const int desired = group.desired;
  group.desired = 0;
  Group& added = groups_.insert_or_assign(group.name, std::move(group)).first->second;
  set_desired(added, desired, "a user request created an AutoScalingGroup");
  return added;
}

void AutoScalingEngine::remove_with_instances(Group& group) {
  group.status = "Delete in progress";
  group.desired = 0;
  for (auto& member : group.members) {
    if (member.is_in("Terminating")) continue;
    terminate(group, member,
              at_now("an instance was taken out of service in response to a user request to "
                     "force-delete the group"));
  }
  check_deletion(group);
}

void AutoScalingEngine::check_deletion(Group& group) {
  if (!group.status.empty() && group.members.empty()) {
    run_later(base::Duration(0), [this, name = group.name, uuid = group.uuid] {
      Group* same = find(name);
      if (same != nullptr && same->uuid == uuid) groups_.erase(name);
    });
  }
}

void AutoScalingEngine::set_desired(Group& group, int desired, const std::string& cause) {
  if (desired != group.desired) {
    group.last_cause = at_now(fmt::format("{} changing the desired capacity from {} to {}", cause,
                                          group.desired, desired));
    group.desired = desired;
    group.scale_in_refused = false;
    group.last_scaling = world_.clock().now();
  }
  react(group.name);
}

void AutoScalingEngine::reconcile(Group& group) {
  if (!group.status.empty()) return check_deletion(group);
  replace_unhealthy(group);
  grow(group);
  shrink(group);
  rebalance(group);
  maintain_warm_pool(group);
}

void AutoScalingEngine::replace_unhealthy(Group& group) {
  // A suspended Terminate keeps unhealthy members too: AWS could not take them out of service.
  if (group.is_suspended("ReplaceUnhealthy") || group.is_suspended("Terminate")) return;
  for (auto& member : group.members) {
    if (member.state != "InService" || member.healthy) continue;
    group.last_cause = at_now(
        "an instance was launched in response to an unhealthy instance needing to be replaced");
    terminate(
        group, member,
        at_now("an instance was taken out of service in response to " + member.unhealthy_cause));
  }
}

void AutoScalingEngine::grow(Group& group) {
  if (group.is_suspended("Launch") || group.capacity() >= group.desired) return;
  if (group.retry_not_before && world_.clock().now() < *group.retry_not_before) return;
  while (group.capacity() < group.desired) {
    const std::string zone = zone_for_launch(group);
    const int before = group.capacity();
    const std::string difference = fmt::format(
        "an instance was started in response to a difference between desired and actual capacity, "
        "increasing the capacity from {} to {}",
        before, before + 1);
    const std::string cause = group.last_cause.empty()
                                  ? at_now(difference)
                                  : group.last_cause + "  " + at_now(difference);
    if (!launch_one(group, zone, cause, false)) return;
  }
  group.last_cause.clear();
}

void AutoScalingEngine::shrink(Group& group) {
  if (group.is_suspended("Terminate")) return;
  for (;;) {
    int surplus = -group.desired;
    std::vector<ScaleInCandidate> candidates;
    for (const auto& member : group.members) {
      // What rebalancing launches on top is not a surplus until it serves.
      if (member.counts() && !member.for_rebalance) surplus += member.weight;
      if (member.state == "InService") {
        candidates.push_back({.id = member.id,
                              .zone = member.zone,
                              .is_protected = member.is_protected,
                              .by_configuration = member.launch_template.empty(),
                              .configured = member.configured,
                              .launched = member.launched});
      }
    }
    if (surplus <= 0 || candidates.empty()) return;
    const auto id = choose_victim(candidates, group.termination_policies, world_.clock().now(),
                                  world_.random().uniform());
    if (!id) {
      if (group.scale_in_refused) return;
      group.scale_in_refused = true;
      Activity& refused = start_activity(
          group,
          "Could not scale to desired capacity because all remaining instances are protected "
          "from scale-in.",
          group.last_cause);
      refused.status = "Cancelled";
      refused.progress = 100;
      refused.end = refused.start;
      return;
    }
    Member& victim = *group.find(*id);
    if (victim.weight > surplus) return;  // AWS keeps at least the desired units
    const std::string difference = fmt::format(
        "an instance was taken out of service in response to a difference between desired and "
        "actual capacity, shrinking the capacity from {} to {}",
        group.capacity(), group.capacity() - victim.weight);
    const std::string selected = fmt::format("instance {} was selected for termination", victim.id);
    terminate(group, victim,
              (group.last_cause.empty() ? "" : group.last_cause + "  ") + at_now(difference) +
                  "  " + at_now(selected));
  }
}

void AutoScalingEngine::rebalance(Group& group) {
  for (const char* process : {"AZRebalance", "Launch", "Terminate"}) {
    if (group.is_suspended(process)) return;
  }
  if (group.zones.size() < 2 || group.capacity() != group.desired) return;
  std::map<std::string, int> sizes;
  for (const auto& zone : group.zones) sizes[zone] = 0;
  for (const auto& member : group.members) {
    if (member.is_in("Standby")) continue;
    if (member.state != "InService") return;  // something is moving: react() comes again
    ++sizes[member.zone];
  }
  const auto by_size = [](const auto& a, const auto& b) { return a.second < b.second; };
  const auto least = *std::min_element(sizes.begin(), sizes.end(), by_size);
  const auto most = *std::max_element(sizes.begin(), sizes.end(), by_size);
  if (most.second - least.second < 2 || zone_failed(least.first)) return;
  if (!group.rebalance_now) {
    if (group.rebalance_due) return;
    group.rebalance_due = true;
    run_later(jittered(lags_.rebalance), [this, name = group.name, uuid = group.uuid] {
      Group* same = find(name);
      if (same == nullptr || same->uuid != uuid) return;
      same->rebalance_due = false;
      same->rebalance_now = true;
      reconcile(*same);
      same->rebalance_now = false;
    });
    return;
  }
  // AWS may exceed the maximum by a tenth, or by one, while it balances.
  const int margin = std::max(1, group.max / 10);
  const int extra =
      std::min({(most.second - least.second) / 2, margin, group.max + margin - group.capacity()});
  const std::string cause = at_now(fmt::format(
      "instances were launched to balance instances in zones {} with other zones resulting in more "
      "than desired number of instances in the group",
      least.first));
  for (int i = 0; i < extra; ++i) {
    if (!launch_one(group, least.first, cause, true)) return;
  }
}

Activity& AutoScalingEngine::start_activity(Group& group, std::string description,
                                            std::string cause) {
  Activity activity;
  activity.id = world_.random().uuid();
  activity.description = std::move(description);
  activity.cause = std::move(cause);
  activity.start = world_.clock().now();
  group.activities->push_front(std::move(activity));
  if (group.activities->size() > kActivitiesMax) group.activities->pop_back();
  group.last_scaling_activity = group.activities->front().id;
  return group.activities->front();
}

Activity* AutoScalingEngine::find_activity(Group& group, const std::string& id) {
  const auto found = std::find_if(group.activities->begin(), group.activities->end(),
                                  [&](const auto& activity) { return activity.id == id; });
  return found == group.activities->end() ? nullptr : &*found;
}

void AutoScalingEngine::emit_activity(const Group& group, const Member& member,
                                      const Activity& activity, const std::string& action,
                                      bool succeeded) {
  const Zone* zone = ec2_.find_zone(member.zone);
  const bool launch = action == "Launch";
  Json details = Json::object();
  if (zone != nullptr) {
    details = {{"Availability Zone ID", zone->id},
               {"Subnet ID", zone->subnet},
               {"Availability Zone", zone->name}};
  }
  Json detail = {{"Origin", launch ? "EC2" : "AutoScalingGroup"},
                 {"Destination", launch ? "AutoScalingGroup" : "EC2"},
                 {"Action", action},
                 {"Description", activity.description},
                 {"StartTime", wire_time(activity.start)},
                 {"EndTime", wire_time(activity.end.value_or(world_.clock().now()))},
                 {"RequestId", activity.id},
                 {"ActivityId", activity.id},
                 {"EC2InstanceId", member.id},
                 // AWS says InProgress on success too.
                 {"StatusCode", succeeded ? "InProgress" : "Failed"},
                 {"StatusMessage", activity.message},
                 {"Details", std::move(details)},
                 {"Cause", activity.cause},
                 {"AutoScalingGroupName", group.name}};
  Json resources = Json::array({group.arn});
  if (!member.id.empty()) resources.push_back(world_.arn("ec2", "instance/" + member.id));
  world_.emit({{"source", "aws.autoscaling"},
               {"detail-type", fmt::format("EC2 Instance {} {}", action,
                                           succeeded ? "Successful" : "Unsuccessful")},
               {"resources", std::move(resources)},
               {"detail", std::move(detail)}});
}

}  // namespace sim
