// Stage: the simulated region with one group on it, and workers with clients of their own.
#pragma once

#include "aws/credentials.h"
#include "consumers/recycle/consumer.h"
#include "consumers/recycle/gates/outside.h"
#include "consumers/recycle/journal.h"
#include "sim/autoscaling_engine.h"
#include "sim/autoscaling_service.h"
#include "sim/ec2_service.h"
#include "sim/elb_service.h"
#include "sim/region.h"
#include "sim/virtual_loop.h"
#include "tests/recycle_proof/direct_clients.h"
#include "tests/recycle_proof/scenario.h"
#include "tests/recycle_proof/surroundings.h"
#include "tests/recycle_proof/wire_http.h"

#include <list>
#include <memory>

namespace proof {

inline constexpr const char* kGroup = "web_a-asg-1";
inline constexpr const char* kSibling = "web_b-asg-1";
inline constexpr const char* kTemplate = "web";

inline bool is_leaving(const sim::Member& member) {
  return member.is_in("Terminat") || member.is_in("Detach");
}

struct Stage;

// What one process holds: its line, its clients.
struct Worker {
  Worker(int number, Stage& stage, std::uint64_t seed, bool wire);

  Line line;
  WireHttp http;
  aws::StaticCredentials credentials;
  base::Random random;
  aws::Caller caller;
  DirectAutoScaling auto_scaling;
  DirectEc2 ec2;
  DirectElb elb;
  aws::AutoScaling wired_auto_scaling;
  aws::Ec2 wired_ec2;
  aws::Elb wired_elb;
  aws::StepFunctions step_functions;
  aws::Sts sts;
  aws::CloudWatch cloudwatch;
  consumers::recycle::AlarmBook alarms;
  Outdoors outdoors;
  consumers::recycle::Outside outside;
  consumers::recycle::Services services;
};

struct Stage {
  explicit Stage(const Scenario& scenario);

  sim::VirtualLoop loop;
  sim::Region region;
  Exchange exchange;
  Surroundings surroundings;
  std::list<Worker> workers;

  Worker& new_worker();
  sim::AutoScalingEngine& engine();
  sim::Group* group();  // null once it is gone
  void new_template_version();
  // The version that the group launches: the newest, or the one that a roll-back has set it to.
  int target_version(const sim::Group& group) const;
  // What that was: templates change under a run's eyes.
  int target_version_at(const sim::Group& group, base::TimePoint at) const;
  bool is_new(const sim::Member& member);
  bool is_new_in(const sim::Group& group, const sim::Member& member);
  // A forced run replaces it whatever its version.
  bool is_forced_out(const sim::Group& group, const sim::Member& member) const;
  static int version_of(const sim::Member& member);
  bool any_tag(std::string_view prefix);  // of any group
  int versions();                         // how many different ones the instances are of
  bool serves(const sim::Group& group, const sim::Member& member);
  // And, if it is a new one, has passed the gates.
  bool is_proven(const sim::Group& group, const sim::Member& member);
  int proven();   // in capacity units
  int serving();  // the same
  // What CloudTrail says of the change that is the cause of the run.
  std::vector<sim::Json> events;
  base::TimePoint now() { return loop.clock().now(); }
  base::Duration since_start() {
    return std::chrono::duration_cast<base::Duration>(now() - started);
  }
  base::TimePoint started;
  std::optional<base::TimePoint> force_before;  // forced: older ones are old whatever their version

 private:
  void call(const std::string& service, const std::string& operation, sim::Json arguments);
  void build(const Scenario& scenario);
  void create_group(const Scenario& scenario);
  void create_sibling(const Scenario& scenario);
  void set_tags(const Scenario& scenario, const char* group);
  void set_up_gates(const Scenario& scenario, std::map<std::string, std::string>& tags);
  void put_hooks(const Scenario& scenario);
  void put_faults(const Scenario& scenario);
  void cause_events(const Scenario& scenario);

  Gates gates_;
  std::uint64_t seed_;
  bool wire_;
  std::vector<base::TimePoint> versions_;  // when each came, the first one first
};

}  // namespace proof
