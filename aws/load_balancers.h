// Application and Network Load Balancers for people who ask what is behind them: target groups by
// name or load balancer, and their targets with AWS's own words. (aws/elb.h is what a recycle needs
// to know.) https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/
#pragma once

#include "aws/caller.h"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

namespace aws {

struct TargetGroup {
  std::string arn;
  std::string name;
};

// One of the two.
struct TargetGroupsOptions {
  std::vector<std::string> names;
  std::string load_balancer_arn;  // those behind it
};

struct TargetState {
  std::string id;  // of an instance, an IP address, the ARN of a Lambda function or load balancer
  int port = 0;
  std::string state;        // "healthy", "initial", "unhealthy", "draining", "unused", ...
  std::string reason;       // "Target.FailedHealthChecks"; empty where there is none
  std::string description;  // of the reason
};

class LoadBalancers {
 public:
  explicit LoadBalancers(Caller& caller) : caller_(caller) {}

  // All pages. kNotFound if one of the names, or the load balancer, does not exist.
  boost::asio::awaitable<base::Result<std::vector<TargetGroup>>> describe_target_groups(
      TargetGroupsOptions options);
  // The ARN of the one with this name. kNotFound: there is none.
  boost::asio::awaitable<base::Result<std::string>> describe_load_balancers(std::string name);
  // One entry per target and port.
  boost::asio::awaitable<base::Result<std::vector<TargetState>>> describe_target_health(
      std::string target_group_arn);

 private:
  Caller& caller_;
};

}  // namespace aws
