#include "tests/recycle_proof/others.h"

#include "sim/autoscaling_engine.h"
#include "sim/autoscaling_service.h"
#include "sim/cloudwatch_service.h"
#include "sim/ec2_service.h"
#include "sim/elb_service.h"

#include <algorithm>

namespace proof {

using sim::Json;

namespace {
constexpr const char* kOperatorsReason = "User suspended at 2026-01-01T00:00:00Z";
constexpr const char* kControlTag = "autorecycle:control";
}  // namespace

void Others::ask(const char* operation, Json arguments) {
  sim::ApiCall call;
  call.operation = operation;
  call.arguments = std::move(arguments);
  (void)stage_.region.auto_scaling().carry_out(call);
}

void Others::set_control(const char* value) {
  const Json tag = {{"ResourceId", kGroup},
                    {"ResourceType", "auto-scaling-group"},
                    {"Key", kControlTag},
                    {"Value", value}};
  ask("CreateOrUpdateTags", {{"Tags", Json::array({tag})}});
}

void Others::take_control_back() {
  if (sim::Group* group = stage_.group()) group->tags.erase(kControlTag);
}

std::vector<sim::Member*> Others::serving(bool fresh) {
  std::vector<sim::Member*> found;
  for (auto& member : stage_.group()->members) {
    if (stage_.serves(*stage_.group(), member) && stage_.is_new(member) == fresh) {
      found.push_back(&member);
    }
  }
  return found;
}

void Others::later(base::Duration delay, std::function<void()> work) {
  stage_.region.world().after(delay, std::move(work));
}

void Others::change_bounds(const Event& event) {
  const sim::Group& group = *stage_.group();
  sim::ApiCall call;
  call.operation = "UpdateAutoScalingGroup";
  call.arguments = {{"AutoScalingGroupName", kGroup}};
  if (event.deed == Deed::kOperatorMax) {
    call.arguments["MaxSize"] = std::to_string(std::max(event.amount, group.min));
  } else {
    call.arguments["MinSize"] = std::to_string(std::min(event.amount, group.max));
  }
  (void)stage_.region.auto_scaling().carry_out(call);
}

void Others::kill(const Event& event, bool fresh) {
  auto victims = serving(fresh);
  const auto count = std::min(victims.size(), static_cast<std::size_t>(event.amount));
  for (std::size_t i = 0; i < count; ++i) {
    oracle_.others_take(victims[i]->id);
    sim::ApiCall call;
    call.operation = "TerminateInstances";
    call.arguments = {{"InstanceId", Json::array({victims[i]->id})}};
    (void)stage_.region.ec2().carry_out(call);
  }
}

void Others::sicken(const Event& event) {
  auto victims = serving(true);
  if (victims.empty()) victims = serving(false);
  const auto count = std::min(victims.size(), static_cast<std::size_t>(event.amount));
  for (std::size_t i = 0; i < count; ++i) {
    const std::string id = victims[i]->id;
    stage_.region.elb().set_failing(id, true);
    sick_.push_back(id);
    later(event.lasts, [this, id] { stage_.region.elb().set_failing(id, false); });
  }
}

void Others::protect_old(const Event& event) {
  auto victims = serving(false);
  if (victims.empty()) return;
  const std::string id = victims.front()->id;
  victims.front()->is_protected = true;
  later(event.lasts, [this, id] {
    sim::Group* group = stage_.group();
    if (sim::Member* member = group != nullptr ? group->find(id) : nullptr) {
      member->is_protected = false;
    }
  });
}

void Others::stand_by_old(const Event& event) {
  auto victims = serving(false);
  if (victims.empty()) return;
  const std::string id = victims.front()->id;
  oracle_.others_take(id);
  const auto move = [this, id](const char* operation, bool decrement) {
    sim::ApiCall call;
    call.operation = operation;
    call.arguments = {{"AutoScalingGroupName", kGroup}, {"InstanceIds", Json::array({id})}};
    if (decrement) call.arguments["ShouldDecrementDesiredCapacity"] = "false";
    (void)stage_.region.auto_scaling().carry_out(call);
  };
  move("EnterStandby", true);
  later(event.lasts, [this, move, event] {
    if (stage_.group() == nullptr) return;
    move("ExitStandby", false);
    oracle_.others_did(event);
  });
}

void Others::act(const Event& event) {
  sim::Group* group = stage_.group();
  if (group == nullptr || !group->status.empty()) return;
  oracle_.step();
  stage_.exchange.met.deeds |= std::uint64_t{1} << static_cast<unsigned>(event.deed);
  auto& service = stage_.region.auto_scaling();
  switch (event.deed) {
    case Deed::kAlarmOut:
      service.alarm_sets_desired(kGroup, group->desired + event.amount);
      break;
    case Deed::kAlarmIn:
      service.alarm_sets_desired(kGroup, group->desired - event.amount);
      break;
    case Deed::kSchedule:
      service.schedule_sets_desired(kGroup, event.amount);
      break;
    case Deed::kOperatorMax:
    case Deed::kOperatorMin:
      change_bounds(event);
      break;
    case Deed::kNewTemplate:
      stage_.new_template_version();
      break;
    case Deed::kKillOld:
    case Deed::kKillNew:
      kill(event, event.deed == Deed::kKillNew);
      break;
    case Deed::kSicken:
      sicken(event);
      break;
    case Deed::kShortage: {
      const std::string zone =
          group->zones[static_cast<std::size_t>(event.amount) % group->zones.size()];
      stage_.engine().set_failed_zones({zone});
      later(event.lasts, [this] { stage_.engine().set_failed_zones({}); });
      break;
    }
    case Deed::kFailLaunches:
      service.fail_launches(event.amount);
      break;
    case Deed::kNeverHealthy:
      service.never_healthy(event.amount);
      break;
    case Deed::kSuspendLaunch: {
      if (group->suspended.contains("Launch")) break;
      group->suspended["Launch"] = kOperatorsReason;
      later(event.lasts, [this] {
        sim::Group* same = stage_.group();
        if (same == nullptr) return;
        const auto found = same->suspended.find("Launch");
        if (found == same->suspended.end() || found->second != kOperatorsReason) return;
        same->suspended.erase(found);
        stage_.engine().react_now(kGroup);
      });
      break;
    }
    case Deed::kProtectOld:
      protect_old(event);
      break;
    case Deed::kStandbyOld:
      stand_by_old(event);
      break;
    case Deed::kDeleteGroup:
      stage_.engine().remove_with_instances(*group);
      break;
    case Deed::kUnbalance:
      kill(event, false);
      break;
    case Deed::kRefresh:
      ask("StartInstanceRefresh", {{"AutoScalingGroupName", kGroup}});
      break;
    case Deed::kPause:
      set_control("pause");
      later(event.lasts, [this] { take_control_back(); });
      break;
    case Deed::kCancel:
      set_control("cancel");
      break;
    case Deed::kCancelRestore:
      set_control("cancel-restore");
      break;
    case Deed::kPurge:
      if (on_purge) on_purge();
      break;
    case Deed::kAlarmRings:
      stage_.region.cloudwatch().set_alarm(kAlarm, "ALARM");
      later(event.lasts, [this] { stage_.region.cloudwatch().set_alarm(kAlarm, "OK"); });
      break;
  }
  oracle_.others_did(event);
}

void Others::make_peace() {
  stage_.engine().set_failed_zones({});
  stage_.region.auto_scaling().fail_launches(0);
  stage_.region.auto_scaling().never_healthy(0);
  stage_.region.faults().clear();
  stage_.exchange.misfortunes.clear();
  stage_.surroundings.failures_left = 0;
  take_control_back();
  ask("CancelInstanceRefresh", {{"AutoScalingGroupName", kGroup}});
  if (sim::Group* group = stage_.group()) {
    for (auto& hook : group->hooks) {
      hook.heartbeat_timeout = std::chrono::seconds(30);
      hook.default_result = "CONTINUE";
    }
    std::vector<std::string> waiting;
    for (const auto& member : group->members) {
      if (member.action) waiting.push_back(member.id);
    }
    for (const auto& id : waiting) {
      sim::Member* member = group->find(id);
      if (member != nullptr && member->action) {
        stage_.engine().complete_action(*group, *member, "CONTINUE", "peace");
      }
    }
    for (auto& member : group->members) {
      if (member.is_in("Pending") || member.is_in("InService")) {
        stage_.region.elb().set_failing(member.id, false);
      }
    }
  }
}

}  // namespace proof
