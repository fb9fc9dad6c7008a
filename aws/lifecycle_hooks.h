// Amazon EC2 Auto Scaling: lifecycle hooks and the instances that wait at them.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CompleteLifecycleAction.html
#pragma once

#include "aws/caller.h"
#include "base/names.h"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace aws {

struct LifecycleHook {
  std::string name;
  std::string transition;  // "autoscaling:EC2_INSTANCE_LAUNCHING" or "..._TERMINATING"
  std::chrono::seconds heartbeat_timeout{0};
  std::string default_result;  // "CONTINUE" or "ABANDON"
};

struct LifecycleAction {
  base::GroupName group;
  std::string hook;
  base::InstanceId instance;
};

class LifecycleHooks {
 public:
  explicit LifecycleHooks(Caller& caller) : caller_(caller) {}

  // Of the group, all of them.
  boost::asio::awaitable<base::Result<std::vector<LifecycleHook>>> describe_lifecycle_hooks(
      base::GroupName group);
  // `result`: "CONTINUE" or "ABANDON". kInvalid: no such hook, or nothing waits at it.
  boost::asio::awaitable<base::Result<void>> complete_lifecycle_action(LifecycleAction action,
                                                                       std::string result);
  // Starts the hook's timeout anew.
  boost::asio::awaitable<base::Result<void>> record_lifecycle_action_heartbeat(
      LifecycleAction action);

 private:
  Caller& caller_;
};

}  // namespace aws
