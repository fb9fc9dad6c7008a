// Amazon EC2 over its Query protocol: the calls that are used.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/
#pragma once

#include "aws/autoscaling.h"
#include "aws/caller.h"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

namespace aws {

struct LaunchTemplateVersion {
  std::string template_id;
  std::string template_name;
  int version = 0;
  bool is_default = false;
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

  // `versions` may hold numbers, "$Latest" and "$Default"; one answer per version that exists.
  // Error kNotFound (InvalidLaunchTemplateId.NotFound, ...) when the template does not exist.
  virtual boost::asio::awaitable<base::Result<std::vector<LaunchTemplateVersion>>>
  describe_launch_template_versions(LaunchTemplateSpecification launch_template,
                                    std::vector<std::string> versions);
  // All pages, chunks of 100 ids. Ids that EC2 does not know (any more, or yet) are absent, not an
  // error.
  virtual boost::asio::awaitable<base::Result<std::vector<Ec2Instance>>> describe_instances(
      std::vector<base::InstanceId> ids);

 private:
  Caller& caller_;
};

}  // namespace aws
