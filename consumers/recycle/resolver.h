// TargetResolver: what a group launches now, with $Latest and $Default turned into numbers.
//
// Lives as long as a run. A numbered version never changes and is asked for at most once; $Latest
// and $Default are asked for at every look, because the group launches what they mean at that
// moment.
#pragma once

#include "aws/autoscaling.h"
#include "aws/ec2.h"
#include "consumers/recycle/snapshot.h"
#include "messages/message.h"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <utility>

namespace consumers::recycle {

class TargetResolver {
 public:
  explicit TargetResolver(aws::Ec2& ec2) : ec2_(ec2) {}

  // Errors: kNotFound when a template or version that the group names does not exist.
  boost::asio::awaitable<base::Result<Target>> resolve(aws::AutoScalingGroup group);

 private:
  using Key = std::pair<std::string, std::string>;  // id or name, version

  boost::asio::awaitable<base::Result<aws::LaunchTemplateSpecification>> resolve_one(
      aws::LaunchTemplateSpecification specification);

  aws::Ec2& ec2_;
  std::map<Key, aws::LaunchTemplateSpecification> numbered_;
};

// Every launch template that the group may launch from: its own, or those of its mixed instances
// policy with the overrides' own ones. As the group names them, unresolved, without duplicates.
std::vector<aws::LaunchTemplateSpecification> launch_templates_of(
    const aws::AutoScalingGroup& group);

// Whether the group launches from the template that changed, known by id or by name.
bool uses_launch_template(const aws::AutoScalingGroup& group,
                          const messages::LaunchTemplateChanged& change);

}  // namespace consumers::recycle
