// Amazon EC2 Auto Scaling over the Query protocol: the calls that are used.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/
#pragma once

#include "aws/caller.h"
#include "base/names.h"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace aws {

struct LaunchTemplateSpecification {
  std::string id;  // "lt-0abc"; id or name may be empty
  std::string name;
  std::string version;  // "7", "$Latest", "$Default"; empty means "$Default"
  friend bool operator==(const LaunchTemplateSpecification&,
                         const LaunchTemplateSpecification&) = default;
};

struct GroupInstance {
  base::InstanceId id;
  std::string availability_zone;
  std::string lifecycle_state;  // "InService", "Pending:Wait", ...: unknown values are possible
  std::string health_status;    // "Healthy" or "Unhealthy", any case
  std::string instance_type;
  bool protected_from_scale_in = false;
  std::optional<LaunchTemplateSpecification> launch_template;
  std::string launch_configuration_name;  // empty if by template, or if it was deleted
  int weighted_capacity = 1;              // 1 when the group has no weights
};

struct MixedInstancesOverride {
  std::string instance_type;
  int weighted_capacity = 1;
  std::optional<LaunchTemplateSpecification> launch_template;
};

struct MixedInstancesPolicy {
  LaunchTemplateSpecification launch_template;
  std::vector<MixedInstancesOverride> overrides;
};

struct SuspendedProcess {
  std::string name;    // "AZRebalance"
  std::string reason;  // "User suspended at 2026-09-27T04:49:13Z"
};

struct AutoScalingGroup {
  base::GroupName name;
  std::string arn;
  int min_size = 0;
  int max_size = 0;
  int desired_capacity = 0;
  std::string health_check_type;  // "EC2", "ELB", ...
  std::chrono::seconds health_check_grace_period{0};
  std::string status;  // non-empty while the group is being deleted
  bool new_instances_protected_from_scale_in = false;
  std::optional<LaunchTemplateSpecification> launch_template;
  std::string launch_configuration_name;
  std::optional<MixedInstancesPolicy> mixed_instances_policy;
  std::vector<std::string> availability_zones;
  std::vector<std::string> load_balancer_names;  // classic
  std::vector<std::string> target_group_arns;
  std::vector<GroupInstance> instances;
  std::vector<SuspendedProcess> suspended_processes;
  std::map<std::string, std::string> tags;
  bool has_warm_pool = false;
};

// An instance refresh: AWS's own way to replace a group's instances.
struct InstanceRefresh {
  std::string id;
  std::string status;  // "Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress", ...
  int percentage_complete = 0;
};

struct DescribeAutoScalingGroupsOptions {
  std::vector<base::GroupName> names;   // at most 100; empty for all
  std::vector<std::string> tag_keys;    // Filter tag-key: any of these
  std::vector<std::string> tag_values;  // Filter tag-value: any of these, besides
  bool include_instances = true;
};

struct UpdateAutoScalingGroupOptions {
  base::GroupName group;
  std::optional<int> min_size;
  std::optional<int> max_size;
  std::optional<int> desired_capacity;
  std::optional<LaunchTemplateSpecification> launch_template;  // the id goes before the name
};

struct ScalingActivity {
  std::string id;
  std::string status_code;  // "Successful", "InProgress", "Failed", "Cancelled", ...
  std::string status_message;
  std::string description;
  std::string cause;
  base::TimePoint start_time;
  int progress = 0;
};

// Virtual so that tests may put the simulated region right behind the calls, without a wire.
class AutoScaling {
 public:
  explicit AutoScaling(Caller& caller) : caller_(caller) {}
  virtual ~AutoScaling() = default;

  // All pages. A name that does not exist is simply absent.
  virtual boost::asio::awaitable<base::Result<std::vector<AutoScalingGroup>>>
  describe_auto_scaling_groups(DescribeAutoScalingGroupsOptions options);
  virtual boost::asio::awaitable<base::Result<void>> update_auto_scaling_group(
      UpdateAutoScalingGroupOptions options);
  virtual boost::asio::awaitable<base::Result<void>> set_desired_capacity(base::GroupName group,
                                                                          int desired);
  virtual boost::asio::awaitable<base::Result<void>> terminate_instance_in_auto_scaling_group(
      base::InstanceId instance, bool should_decrement_desired_capacity);
  virtual boost::asio::awaitable<base::Result<void>> suspend_processes(
      base::GroupName group, std::vector<std::string> processes);
  virtual boost::asio::awaitable<base::Result<void>> resume_processes(
      base::GroupName group, std::vector<std::string> processes);
  // At most 50 ids; AWS refuses the whole call if one is not InService or Standby.
  virtual boost::asio::awaitable<base::Result<void>> set_instance_protection(
      base::GroupName group, std::vector<base::InstanceId> instances, bool protect);
  // Never propagated at launch.
  virtual boost::asio::awaitable<base::Result<void>> create_or_update_tags(
      base::GroupName group, std::map<std::string, std::string> tags);
  // Sent once: an error may mean that they are gone.
  virtual boost::asio::awaitable<base::Result<void>> delete_tags(base::GroupName group,
                                                                 std::vector<std::string> keys);
  // The one that is under way, if any: a group has one at a time, and the newest comes first.
  virtual boost::asio::awaitable<base::Result<std::optional<InstanceRefresh>>>
  describe_running_refresh(base::GroupName group);
  // Newest first, one page of at most `records_max` (1..100).
  virtual boost::asio::awaitable<base::Result<std::vector<ScalingActivity>>>
  describe_scaling_activities(base::GroupName group, int records_max);

 private:
  Caller& caller_;
};

}  // namespace aws
