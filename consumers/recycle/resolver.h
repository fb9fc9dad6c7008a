// TargetResolver: what a launch template stands for now, with $Latest and $Default turned into
// numbers.
//
// A numbered version never changes and is asked for at most once; what $Latest and $Default mean is
// asked for whenever it is wanted, because a group launches what they mean at that moment.
#pragma once

#include "aws/autoscaling.h"
#include "aws/ec2.h"
#include "consumers/recycle/snapshot.h"
#include "messages/message.h"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <optional>
#include <utility>

namespace consumers::recycle {

class TargetResolver {
 public:
  static constexpr std::size_t kNumberedMax = 10'000;

  explicit TargetResolver(aws::Ec2& ec2) : ec2_(ec2) {}

  // With the id and the version's number, if that can be told without asking.
  std::optional<aws::LaunchTemplateSpecification> known(
      const aws::LaunchTemplateSpecification& specification) const;
  // Errors: kNotFound when the template or version does not exist.
  boost::asio::awaitable<base::Result<aws::LaunchTemplateSpecification>> resolve_one(
      aws::LaunchTemplateSpecification specification);

 private:
  using Key = std::pair<std::string, std::string>;  // id or name, version

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
