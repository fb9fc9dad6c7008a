// Target health of Application/Network (ELBv2) and Classic load balancers.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/
// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/
#pragma once

#include "aws/caller.h"
#include "base/names.h"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

namespace aws {

struct TargetHealth {
  base::InstanceId target;
  // "healthy", "initial", "unhealthy", "draining", "unused"; classic: "InService".
  std::string state;
  std::string reason;  // AWS's reason code, may be empty
};

// Virtual so that tests may put the simulated region right behind the calls, without a wire.
class Elb {
 public:
  explicit Elb(Caller& caller) : caller_(caller) {}
  virtual ~Elb() = default;

  // ELBv2, one entry per target and port.
  virtual boost::asio::awaitable<base::Result<std::vector<TargetHealth>>> describe_target_health(
      std::string target_group_arn);
  // Classic: state "InService" or "OutOfService".
  virtual boost::asio::awaitable<base::Result<std::vector<TargetHealth>>> describe_instance_health(
      std::string load_balancer_name);

 private:
  Caller& caller_;
};

}  // namespace aws
