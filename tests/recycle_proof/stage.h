// Stage: the simulated region with one group on it, and workers with clients of their own.
#pragma once

#include "aws/credentials.h"
#include "consumers/recycle/consumer.h"
#include "sim/autoscaling_engine.h"
#include "sim/autoscaling_service.h"
#include "sim/ec2_service.h"
#include "sim/elb_service.h"
#include "sim/region.h"
#include "sim/virtual_loop.h"
#include "tests/recycle_proof/direct_clients.h"
#include "tests/recycle_proof/scenario.h"
#include "tests/recycle_proof/wire_http.h"

#include <list>
#include <memory>

namespace proof {

inline constexpr const char* kGroup = "payments-asg-1";
inline constexpr const char* kTemplate = "web";

// What one process holds: its line, its clients.
struct Worker {
  Worker(int number, sim::Region& region, base::Clock& clock, Exchange& exchange,
         std::uint64_t seed, bool wire);

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
  consumers::recycle::Services services;
};

struct Stage {
  explicit Stage(const Scenario& scenario);

  sim::VirtualLoop loop;
  sim::Region region;
  Exchange exchange;
  std::list<Worker> workers;

  Worker& new_worker();
  sim::AutoScalingEngine& engine();
  sim::Group* group();  // null once it is gone
  int latest_version() const { return latest_version_; }
  void new_template_version();
  bool is_new(const sim::Member& member) const;
  bool serves(const sim::Group& group, const sim::Member& member);
  int serving();  // in capacity units
  base::TimePoint now() { return loop.clock().now(); }
  base::Duration since_start() {
    return std::chrono::duration_cast<base::Duration>(now() - started);
  }
  base::TimePoint started;
  std::optional<base::TimePoint> force_before;  // forced: older ones are old whatever their version

 private:
  void call(const std::string& service, const std::string& operation, sim::Json arguments);
  void build(const Scenario& scenario);

  std::uint64_t seed_;
  bool wire_;
  int latest_version_ = 1;
};

}  // namespace proof
