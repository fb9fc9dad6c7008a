// ElbService: target groups (ELBv2, Query version 2015-12-01) and classic load balancers
// (2012-06-01), told apart by ApiCall::api_version.
//
// A registered target is "initial", then "healthy" after a lag; a deregistered one is "draining"
// for its target group's deregistration delay and then gone. Every target group counts as in use by
// a load balancer. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/
// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/
#pragma once

#include "sim/service.h"
#include "sim/world.h"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace sim {

class ElbService final : public Service {
 public:
  explicit ElbService(World& world);
  boost::asio::awaitable<ApiOutcome> handle(ApiCall call) override;

  // A pool is a target group (named by its ARN) or a classic load balancer (named by its name).
  bool has_pool(const std::string& pool) const;
  void add_to_pool(const std::string& pool, const std::string& instance);
  // Starts draining; returns how long it lasts (zero when the target was not there).
  base::Duration remove_from_pool(const std::string& pool, const std::string& instance);
  // "initial", "healthy", "unhealthy", "draining", or empty when not registered.
  std::string health(const std::string& pool, const std::string& instance) const;

  // Every registered target and its state, by instance; empty when there is no such pool.
  // `ago`: as they were.
  std::map<std::string, std::string> states_of(const std::string& pool,
                                               base::Duration ago = base::Duration(0)) const;

  // From now on (and when registered later) the instance fails, or passes again, its health checks.
  void set_failing(const std::string& instance, bool failing);
  // Called whenever a registered target becomes healthy or unhealthy.
  void on_health_change(std::function<void(const std::string& instance)> listener);

  void set_healthy_lag(base::Duration lag) { healthy_lag_ = lag; }
  // For pools that set none themselves. AWS: 300 s.
  void set_deregistration_delay(base::Duration delay) { deregistration_delay_ = delay; }

 private:
  struct Target {
    std::string state;
    std::string port;
    std::string previous;  // its state before, and since when it has this one
    base::TimePoint since;
    std::uint64_t generation = 0;  // of the registration: a late timer must not touch a newer one
  };
  struct Pool {
    std::string name;
    std::string arn;  // empty for a classic load balancer
    std::string port = "80";
    Json described = Json::object();                // members that Describe... echoes
    std::map<std::string, std::string> attributes;  // deregistration_delay.timeout_seconds, ...
    std::map<std::string, Target> targets;
  };
  using Operation = ApiOutcome (ElbService::*)(const ApiCall&);
  static const std::map<std::string, Operation>& target_group_operations();
  static const std::map<std::string, Operation>& classic_operations();

  ApiOutcome create_target_group(const ApiCall& call);
  ApiOutcome describe_target_groups(const ApiCall& call);
  ApiOutcome delete_target_group(const ApiCall& call);
  ApiOutcome modify_target_group_attributes(const ApiCall& call);
  ApiOutcome describe_target_group_attributes(const ApiCall& call);
  ApiOutcome register_targets(const ApiCall& call);
  ApiOutcome deregister_targets(const ApiCall& call);
  ApiOutcome describe_target_health(const ApiCall& call);
  ApiOutcome create_load_balancer(const ApiCall& call);
  ApiOutcome delete_load_balancer(const ApiCall& call);
  ApiOutcome describe_load_balancers(const ApiCall& call);
  ApiOutcome register_instances(const ApiCall& call);
  ApiOutcome deregister_instances(const ApiCall& call);
  ApiOutcome describe_instance_health(const ApiCall& call);

  Pool* target_group_of(const ApiCall& call);
  Pool* load_balancer_of(const ApiCall& call);
  void settle(const std::string& pool, const std::string& instance);
  void enter(Target& target, const std::string& state);
  std::string state_of(const Target& target, base::Duration ago) const;
  base::Duration delay_of(const Pool& pool) const;
  Json render_health(const std::string& instance, const Pool& pool,
                     base::Duration ago = base::Duration(0)) const;

  World& world_;
  std::map<std::string, Pool> pools_;  // by ARN, or by name for a classic load balancer
  std::set<std::string> failing_;
  std::vector<std::function<void(const std::string&)>> listeners_;
  std::uint64_t registrations_ = 0;
  base::Duration healthy_lag_ = std::chrono::seconds(10);
  base::Duration deregistration_delay_ = std::chrono::seconds(300);
};

}  // namespace sim
