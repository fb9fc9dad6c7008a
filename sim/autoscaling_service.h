// AutoScalingService: EC2 Auto Scaling's API over an AutoScalingEngine that launches, terminates,
// replaces and rebalances on the world's clock.
//
// Errors carry AWS's codes and texts where they are known. Answers carry the element names of Auto
// Scaling's XML. Every change of a group is visible at once to the next Describe call; the group
// reacts to it after its lags.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/
#pragma once

#include "sim/ec2_service.h"
#include "sim/elb_service.h"
#include "sim/service.h"
#include "sim/world.h"

#include <functional>
#include <memory>
#include <string>

namespace sim {

class AutoScalingEngine;

class AutoScalingService final : public Service {
 public:
  AutoScalingService(World& world, Ec2Service& ec2, ElbService& elb);
  ~AutoScalingService() override;
  boost::asio::awaitable<ApiOutcome> handle(ApiCall call) override;
  // The same at once: no operation waits.
  ApiOutcome carry_out(const ApiCall& call);

  // What the control interface shows: [{"name", "min", "max", "desired", "target_version",
  // "instances": [{"id", "zone", "lifecycle", "health", "version", "launched_at", "protected",
  // "targets": {pool: state}}], "suspended": [...], "tags": {...}, "status"}].
  Json describe_for_control() const;
  // Lags in milliseconds: launch_lag_ms, reaction_lag_ms, terminate_lag_ms, rebalance_lag_ms,
  // health_lag_ms, retry_lag_ms, target_healthy_lag_ms, deregistration_delay_ms; "jitter" (0.1
  // stretches or shrinks each lag by up to a tenth); "failed_zones": [names] that have no capacity.
  // Members that are absent keep their value.
  void configure(const Json& options);

  // The next n launches fail for want of capacity.
  void fail_launches(int n);
  // The next n instances launched never pass a health check.
  void never_healthy(int n);

  // Interventions of others. False when the process that they go through is suspended, the group is
  // missing or nothing changes. Both keep within the group's bounds, as AWS's do.
  bool alarm_sets_desired(const std::string& group, int desired);
  bool schedule_sets_desired(const std::string& group, int desired);

  // Lifecycle hooks that name a notification target deliver their JSON here (target ARN, message).
  void on_notification(std::function<void(const std::string& arn, const Json& message)> deliver);

  AutoScalingEngine& engine() { return *engine_; }

 private:
  std::unique_ptr<AutoScalingEngine> engine_;
};

}  // namespace sim
