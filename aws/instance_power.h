// Amazon EC2: what is done to an instance as a whole.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RebootInstances.html
#pragma once

#include "aws/caller.h"
#include "base/names.h"

#include <boost/asio/awaitable.hpp>

#include <vector>

namespace aws {

class InstancePower {
 public:
  explicit InstancePower(Caller& caller) : caller_(caller) {}

  // Asked for, not waited for: EC2 answers before anything has happened. Not sent again when the
  // answer is lost.
  boost::asio::awaitable<base::Result<void>> reboot_instances(std::vector<base::InstanceId> ids);

 private:
  Caller& caller_;
};

}  // namespace aws
