// AutoScalingEngine: what an Auto Scaling group does by itself.
//
// Every change ends in react(), which some lag later compares the group with what it should be
// (reconcile): it launches what is missing, replaces what is unhealthy, shrinks, rebalances.
// Members move Pending -> Pending:Wait (launch hooks) -> InService -> Terminating (draining) ->
// Terminating:Wait (terminate hooks) -> gone. Single-threaded; timers look their group and member
// up again, so both may vanish at any time.
#pragma once

#include "sim/autoscaling_model.h"
#include "sim/ec2_service.h"
#include "sim/elb_service.h"
#include "sim/world.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace sim {

// How slow this region is. The defaults are what real groups of small instances show.
struct AutoScalingLags {
  base::Duration reaction = std::chrono::seconds(15);   // a changed group -> it acts
  base::Duration launch = std::chrono::seconds(5);      // launching -> running
  base::Duration terminate = std::chrono::seconds(21);  // terminating -> gone
  base::Duration rebalance = std::chrono::seconds(60);  // unbalanced -> it acts
  base::Duration health = std::chrono::seconds(10);     // EC2 or ELB says unhealthy -> noticed
  base::Duration retry = std::chrono::seconds(30);      // failed launch -> next, doubling
  double jitter = 0.0;
};

class AutoScalingEngine {
 public:
  using Notify = std::function<void(const std::string& arn, const Json& message)>;

  AutoScalingEngine(World& world, Ec2Service& ec2, ElbService& elb);

  World& world() { return world_; }
  Ec2Service& ec2() { return ec2_; }
  ElbService& elb() { return elb_; }
  AutoScalingLags& lags() { return lags_; }
  std::map<std::string, Group>& groups() { return groups_; }
  std::map<std::string, LaunchConfiguration>& launch_configurations() { return configurations_; }
  // What a Describe call sees: the present, or under the fault of stale reads an earlier state.
  std::shared_ptr<const std::map<std::string, Group>> groups_as_read();
  // Keeps the state for stale reads; called after every change.
  void remember();
  // Called after every change, by an API call or by the group itself.
  void on_change(std::function<void()> listener) { listener_ = std::move(listener); }
  bool has_launch_configuration(const std::string& name) const {
    return configurations_.contains(name);
  }
  Group* find(const std::string& name);
  // The group and member with this instance id.
  std::pair<Group*, Member*> find_member(const std::string& instance);

  // Faults.
  void fail_launches(int n) { launches_to_fail_ = n; }
  void never_healthy(int n) { never_healthy_left_ = n; }
  void set_failed_zones(std::vector<std::string> zones) { failed_zones_ = std::move(zones); }
  void set_notify(Notify notify) { notify_ = std::move(notify); }

  // --- Changes of a group -----------------------------------------------------------------------
  Group& add(Group group);
  void remove_with_instances(Group& group);
  // Records the new desired capacity with its cause ("a user request ...") and reacts.
  void set_desired(Group& group, int desired, const std::string& cause);
  void react(const std::string& group);
  // The reconcile runs without the reaction lag, e.g. on resumed processes.
  void react_now(const std::string& group);

  // --- Changes of a member ----------------------------------------------------------------------
  // Begins the termination and answers its activity. `cause` is the whole prose.
  Activity& terminate(Group& group, Member& member, const std::string& cause);
  void set_unhealthy(Group& group, Member& member, const std::string& why);
  Activity& enter_standby(Group& group, Member& member, const std::string& cause);
  Activity& exit_standby(Group& group, Member& member, const std::string& cause);
  Activity& detach(Group& group, Member& member, const std::string& cause);
  Activity& attach(Group& group, const std::string& instance, const std::string& cause);
  void register_in_pools(Group& group, Member& member);

  // --- Lifecycle hooks (sim/lifecycle.cc) -------------------------------------------------------
  // `result` CONTINUE or ABANDON; `reason` goes into the activity of an abandoned launch.
  void complete_action(Group& group, Member& member, const std::string& result,
                       const std::string& reason);
  void heartbeat(Group& group, Member& member);
  void remove_hook(Group& group, const std::string& name);
  void send_test_notification(const Group& group, const LifecycleHook& hook);

  // --- Warm pool (sim/warm_pool.cc) -------------------------------------------------------------
  // Launches and ends warm instances until the pool is of its size: max prepared (or the group's
  // max) minus desired, at least the pool's minimum.
  void maintain_warm_pool(Group& group);

  Activity& start_activity(Group& group, std::string description, std::string cause);
  // Terminated and failed things stay visible in the activities of deleted groups as well.
  Activity* find_activity(Group& group, const std::string& id);
  std::string details_of(const std::string& zone) const;
  // "At 2026-01-02T03:04:05Z <what>."
  std::string at_now(const std::string& what) const;
  void run_later(base::Duration delay, std::function<void()> work);
  base::Duration jittered(base::Duration lag);

 private:
  struct LaunchPlan;

  // Reconciling (sim/autoscaling_engine.cc).
  void reconcile(Group& group);
  void replace_unhealthy(Group& group);
  void grow(Group& group);
  void shrink(Group& group);
  void rebalance(Group& group);
  void check_deletion(Group& group);
  void later(Group& group, Member& member, base::Duration delay,
             void (AutoScalingEngine::*step)(Group&, Member&));

  // Launching (sim/autoscaling_launch.cc).
  Member new_member(const Group& group, const LaunchPlan& plan, const std::string& zone);
  bool launch_warm(Group& group);
  bool take_from_warm_pool(Group& group, const std::string& cause);
  void warm(const std::string& group, const std::string& instance);
  bool launch_one(Group& group, const std::string& zone, const std::string& cause,
                  bool for_rebalance);
  std::variant<LaunchPlan, ApiError> plan_launch(Group& group) const;
  void fail_launch(Group& group, const std::string& zone, const std::string& cause,
                   const std::string& message);
  std::string zone_for_launch(const Group& group) const;
  bool zone_failed(const std::string& zone) const;
  void launched(Group& group, Member& member);
  void enter_service(Group& group, Member& member);
  void abandon_launch(Group& group, Member& member, const std::string& message);
  void check_never_healthy(Group& group, Member& member);

  // Ending (sim/autoscaling_terminate.cc).
  base::Duration deregister(Member& member);
  void drained(Group& group, Member& member);
  void shut_down(Group& group, Member& member);
  void gone(Group& group, Member& member);
  void standing_by(Group& group, Member& member);
  void rejoin(Group& group, Member& member);
  void detached(Group& group, Member& member);
  void forget(Group& group, const std::string& instance);

  // Waiting (sim/lifecycle.cc).
  void enter_hooks(Group& group, Member& member, const std::string& transition);
  void next_hook(Group& group, Member& member);
  void watch_deadline(Group& group, Member& member);
  void notify(const Group& group, const Member& member, const LifecycleHook& hook);

  // Health (sim/autoscaling_health.cc).
  void instance_changed(const std::string& instance, const std::string& state);
  void target_changed(const std::string& instance);
  void check_instance(Group& group, Member& member);
  void check_targets(Group& group, Member& member);

  void emit_activity(const Group& group, const Member& member, const Activity& activity,
                     const std::string& action, bool succeeded);

  World& world_;
  Ec2Service& ec2_;
  ElbService& elb_;
  AutoScalingLags lags_;
  std::map<std::string, Group> groups_;
  std::deque<std::pair<base::TimePoint, std::shared_ptr<const std::map<std::string, Group>>>> past_;
  std::map<std::string, LaunchConfiguration> configurations_;
  int launches_to_fail_ = 0;
  int never_healthy_left_ = 0;
  std::set<std::string> sick_;  // instances launched under never_healthy()
  std::vector<std::string> failed_zones_;
  Notify notify_;
  std::function<void()> listener_;
};

}  // namespace sim
