// Amazon EC2 over its Query protocol: the calls that are used.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/
#pragma once

#include "aws/autoscaling.h"
#include "aws/caller.h"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

namespace aws {

struct LaunchTemplate {
  std::string id;
  std::string name;
  int latest_version = 0;   // what "$Latest" stands for
  int default_version = 0;  // what "$Default" stands for
};

struct DescribeLaunchTemplatesOptions {
  std::vector<std::string> ids;  // ids or names, not both, at least one of them
  std::vector<std::string> names;
};

struct Ec2Instance {
  base::InstanceId id;
  std::string state;  // "pending", "running", "shutting-down", "terminated", "stopping", "stopped"
  base::TimePoint launch_time;
  std::string private_ip;  // empty while it has none
};

// Virtual so that tests may put the simulated region right behind the calls, without a wire.
class Ec2 {
 public:
  explicit Ec2(Caller& caller) : caller_(caller) {}
  virtual ~Ec2() = default;

  // In no order, all pages. One that does not exist makes EC2 refuse the whole call: kNotFound
  // (InvalidLaunchTemplateId.NotFound, ...).
  virtual boost::asio::awaitable<base::Result<std::vector<LaunchTemplate>>>
  describe_launch_templates(DescribeLaunchTemplatesOptions options);
  // All pages, chunks of 200 ids. Ids that EC2 does not know (any more, or yet) are absent, not an
  // error.
  virtual boost::asio::awaitable<base::Result<std::vector<Ec2Instance>>> describe_instances(
      std::vector<base::InstanceId> ids);

 private:
  Caller& caller_;
};

}  // namespace aws
