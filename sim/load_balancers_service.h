// LoadBalancersService: ELBv2's load balancers, which carry nothing: which target groups are behind
// which. Everything else of Elastic Load Balancing is passed on to ElbService.
#pragma once

#include "sim/elb_service.h"
#include "sim/service.h"
#include "sim/world.h"

#include <map>
#include <string>
#include <vector>

namespace sim {

class LoadBalancersService final : public Service {
 public:
  LoadBalancersService(World& world, ElbService& elb) : world_(world), elb_(elb) {}
  boost::asio::awaitable<ApiOutcome> handle(ApiCall call) override;

 private:
  struct LoadBalancer {
    std::string name;
    Json described = Json::object();
    std::vector<std::string> target_groups;  // ARNs, of its listeners
  };

  ApiOutcome create_load_balancer(const Json& arguments);
  ApiOutcome create_listener(const Json& arguments);
  ApiOutcome describe_load_balancers(const Json& arguments);

  World& world_;
  ElbService& elb_;
  std::map<std::string, LoadBalancer> load_balancers_;  // by ARN
};

}  // namespace sim
