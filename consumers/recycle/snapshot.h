// Snapshot: everything the planner may know about a group at one moment, and drift: which of its
// instances are old. Values only; consumers/recycle/reader.h fills them from AWS.
#pragma once

#include "aws/autoscaling.h"
#include "base/clock.h"
#include "consumers/recycle/gates/readings.h"

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace consumers::recycle {

// What the group launches now, with $Latest and $Default resolved to numbers.
struct Target {
  std::vector<aws::LaunchTemplateSpecification> launch_templates;  // mixed policies have several
  std::string launch_configuration_name;

  std::string describe() const;  // "lt-0abc:7"
};

struct InstanceFacts {
  std::optional<base::TimePoint> launch_time;  // EC2's; none if EC2 does not know it
  bool serving = true;                         // healthy in every target group and load balancer
  std::string not_serving_because;             // "target group web: initial"
  std::string private_ip;                      // EC2's; empty if EC2 does not know it
};

struct HashOfId {
  std::size_t operator()(const base::InstanceId& id) const {
    return std::hash<std::string>()(id.value);
  }
};

struct Snapshot {
  aws::AutoScalingGroup group;
  Target target;
  // Every turn asks for every instance: in a tree that was most of what a turn cost.
  std::unordered_map<base::InstanceId, InstanceFacts, HashOfId> facts;
  // One that AWS carries out now; asked for while no run is under way.
  std::optional<aws::InstanceRefresh> instance_refresh;
  // Instances of this group that left it but are not yet "terminated" for EC2 (their network
  // interface is still taken).
  std::vector<base::InstanceId> still_terminating;
  GateReadings gates;  // empty where nobody looked: then no gate holds anything up
};

// Old: not of the target; or, when forced, launched before `force_before`. An instance without any
// template is old (its launch configuration was deleted). One that EC2 does not know yet is fresh.
bool is_old(const Snapshot& snapshot, const aws::GroupInstance& instance,
            std::optional<base::TimePoint> force_before);
// On its way out: Terminating*, Terminated, Detaching, Detached. Not counted in the capacity.
bool is_leaving(const aws::GroupInstance& instance);
// EnteringStandby or Standby. Not counted in the capacity either.
bool is_standby(const aws::GroupInstance& instance);
// InService, Healthy, serving and past its gates (gates/judge.h); the reason why not goes to `why`
// if given.
bool is_ready(const Snapshot& snapshot, const aws::GroupInstance& instance,
              std::string* why = nullptr);

}  // namespace consumers::recycle
