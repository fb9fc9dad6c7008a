// What the simulated Auto Scaling remembers about a group.
#pragma once

#include "base/clock.h"
#include "sim/ec2_model.h"
#include "sim/service.h"

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sim {

// A lifecycle hook of a group.
struct LifecycleHook {
  std::string name;
  std::string transition;  // "autoscaling:EC2_INSTANCE_LAUNCHING" or "..._TERMINATING"
  std::chrono::seconds heartbeat_timeout{3600};
  std::string default_result = "ABANDON";
  std::string metadata;
  std::string notification_target;
  std::string role;
};

// One instance waiting in one hook.
struct LifecycleAction {
  std::string hook;
  std::string token;
  base::TimePoint deadline;  // of the current heartbeat
  base::TimePoint limit;     // no heartbeat helps beyond: 48 h or 100 heartbeats
};

struct MixedOverride {
  std::string type;
  int weight = 1;
  LaunchTemplateReference launch_template;  // empty: the policy's
};

struct MixedPolicy {
  LaunchTemplateReference launch_template;
  std::vector<MixedOverride> overrides;
  Json distribution = Json::object();  // echoed; launches take the overrides in order
};

struct LaunchConfiguration {
  std::string name;
  std::string image;
  std::string type;
  base::TimePoint created;
  Json described = Json::object();
};

// One member of a group. `state` is AWS's LifecycleState.
struct Member {
  std::string id;
  std::string zone;
  std::string type;
  int weight = 1;
  std::string state = "Pending";
  bool healthy = true;
  std::string unhealthy_cause;  // why, as prose
  bool is_protected = false;
  LaunchTemplateReference launch_template;  // version: the number at launch; empty: none
  std::string launch_configuration;
  base::TimePoint configured;  // when its template version or launch configuration was created
  base::TimePoint launched;
  std::optional<base::TimePoint> in_service_since;
  std::string activity;         // its running activity
  bool for_rebalance = false;   // launched on top of the desired capacity
  std::set<std::string> pools;  // where the group registered it
  std::vector<std::string> hooks_left;
  std::optional<LifecycleAction> action;

  bool is_in(std::string_view prefix) const { return state.starts_with(prefix); }
  // Counts towards the group's capacity.
  bool counts() const { return is_in("Pending") || state == "InService"; }
};

// Instances kept ready beside the group. They do not count towards its capacity.
struct WarmPool {
  std::optional<int> max_prepared;  // capacity and pool together; none: the group's max
  int min_size = 0;
  std::string state = "Stopped";  // of the pool's instances: "Stopped" or "Running"
};

// One StartInstanceRefresh (sim/instance_refresh.cc).
struct InstanceRefresh {
  std::string id;
  std::string status = "Pending";  // "InProgress", "Successful", "Failed", "Cancelled"
  std::string reason;
  base::TimePoint start;
  std::optional<base::TimePoint> end;
  base::TimePoint last_progress;
  int to_update = 0;
  int percentage = 0;
  int min_healthy = 90;
  bool skip_matching = false;
  bool is_active() const { return status == "Pending" || status == "InProgress"; }
};

struct ScalingPolicy {
  std::string name;
  std::string arn;
  std::string adjustment_type;  // "ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity"
  int adjustment = 0;
};

struct ScheduledAction {
  std::string name;
  base::TimePoint start;
  std::optional<int> min;
  std::optional<int> max;
  std::optional<int> desired;
};

struct Activity {
  std::string id;
  std::string description;
  std::string cause;
  base::TimePoint start;
  std::optional<base::TimePoint> end;
  std::string status = "InProgress";
  std::string message;
  int progress = 0;
  std::string details;  // JSON text: subnet and zone
};

struct GroupTag {
  std::string value;
  bool propagate = false;
};

struct Group {
  std::string name;
  std::string uuid;
  std::string arn;
  base::TimePoint created;
  int min = 0;
  int max = 0;
  int desired = 0;
  int cooldown = 300;
  std::string health_check_type = "EC2";
  std::chrono::seconds grace{0};
  std::vector<std::string> zones;
  std::string subnets;  // VPCZoneIdentifier as given
  LaunchTemplateReference launch_template;
  std::string launch_configuration;
  std::optional<MixedPolicy> mixed;
  std::vector<std::string> termination_policies = {"Default"};
  bool protect_new = false;
  std::vector<std::string> load_balancers;  // classic
  std::vector<std::string> target_groups;
  std::map<std::string, GroupTag> tags;
  std::map<std::string, std::string> suspended;  // process -> reason
  std::vector<LifecycleHook> hooks;
  std::optional<WarmPool> warm_pool;
  std::list<Member> warm;                 // its instances: "Warmed:Pending", "Warmed:Stopped", ...
  std::deque<InstanceRefresh> refreshes;  // newest first
  std::map<std::string, ScalingPolicy> policies;
  std::map<std::string, ScheduledAction> schedules;
  std::list<Member> members;  // a list: timers and calls hold references across launches
  // Newest first. Shared by the copies of a group: only the living group writes.
  std::shared_ptr<std::deque<Activity>> activities = std::make_shared<std::deque<Activity>>();
  std::string status;            // "Delete in progress"
  Json extras = Json::object();  // settings that are stored and echoed, without effect here

  std::string last_cause;  // why desired last changed, as prose
  std::optional<base::TimePoint> last_scaling;
  std::string last_scaling_activity;
  std::optional<base::TimePoint> retry_not_before;  // after a failed launch
  int failed_launches_in_row = 0;
  std::optional<base::TimePoint> failing_since;  // no launch has succeeded since
  bool rebalance_due = false;                    // a timer is set
  bool rebalance_now = false;                    // it fired
  bool scale_in_refused = false;  // a Cancelled activity says that everybody is protected

  bool is_suspended(const std::string& process) const { return suspended.contains(process); }
  Member* find(const std::string& id);
  const LifecycleHook* find_hook(const std::string& name) const;
  // Classic load balancers and target groups alike.
  std::vector<std::string> pools() const;
  int capacity() const;  // of what counts(), in capacity units
};

}  // namespace sim
