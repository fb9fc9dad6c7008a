// The clients of recycling put right behind a simulated region, without a wire: no signature, no
// XML, no HTTP. direct_clients_test.cc holds them to what the wire says. They are why twenty
// thousand runs of the real consumers fit into a minute.
#pragma once

#include "aws/autoscaling.h"
#include "aws/ec2.h"
#include "aws/elb.h"
#include "sim/region.h"
#include "tests/recycle_proof/line.h"

namespace proof {

class DirectAutoScaling final : public aws::AutoScaling {
 public:
  DirectAutoScaling(aws::Caller& caller, sim::Region& region, Line& line)
      : aws::AutoScaling(caller), region_(region), line_(line) {}

  boost::asio::awaitable<base::Result<std::vector<aws::AutoScalingGroup>>>
  describe_auto_scaling_groups(aws::DescribeAutoScalingGroupsOptions options) override;
  boost::asio::awaitable<base::Result<void>> update_auto_scaling_group(
      aws::UpdateAutoScalingGroupOptions options) override;
  boost::asio::awaitable<base::Result<void>> set_desired_capacity(base::GroupName group,
                                                                  int desired) override;
  boost::asio::awaitable<base::Result<void>> terminate_instance_in_auto_scaling_group(
      base::InstanceId instance, bool should_decrement_desired_capacity) override;
  boost::asio::awaitable<base::Result<void>> suspend_processes(
      base::GroupName group, std::vector<std::string> processes) override;
  boost::asio::awaitable<base::Result<void>> resume_processes(
      base::GroupName group, std::vector<std::string> processes) override;
  boost::asio::awaitable<base::Result<void>> set_instance_protection(
      base::GroupName group, std::vector<base::InstanceId> instances, bool protect) override;
  boost::asio::awaitable<base::Result<void>> create_or_update_tags(
      base::GroupName group, std::map<std::string, std::string> tags) override;
  boost::asio::awaitable<base::Result<void>> delete_tags(base::GroupName group,
                                                         std::vector<std::string> keys) override;
  boost::asio::awaitable<base::Result<std::optional<aws::InstanceRefresh>>>
  describe_running_refresh(base::GroupName group) override;

 private:
  boost::asio::awaitable<base::Result<void>> mutate(std::string operation, sim::Json arguments);

  sim::Region& region_;
  Line& line_;
};

class DirectEc2 final : public aws::Ec2 {
 public:
  DirectEc2(aws::Caller& caller, sim::Region& region, Line& line)
      : aws::Ec2(caller), region_(region), line_(line) {}
  boost::asio::awaitable<base::Result<std::vector<aws::LaunchTemplate>>> describe_launch_templates(
      aws::DescribeLaunchTemplatesOptions options) override;
  boost::asio::awaitable<base::Result<std::vector<aws::Ec2Instance>>> describe_instances(
      std::vector<base::InstanceId> ids) override;

 private:
  sim::Region& region_;
  Line& line_;
};

class DirectElb final : public aws::Elb {
 public:
  DirectElb(aws::Caller& caller, sim::Region& region, Line& line)
      : aws::Elb(caller), region_(region), line_(line) {}
  boost::asio::awaitable<base::Result<std::vector<aws::TargetHealth>>> describe_target_health(
      std::string target_group_arn) override;

 private:
  sim::Region& region_;
  Line& line_;
};

}  // namespace proof
