// AWS STS: who are we. https://docs.aws.amazon.com/STS/latest/APIReference/
#pragma once

#include "aws/caller.h"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace aws {

struct CallerIdentity {
  std::string account;  // "123456789012"
  std::string arn;      // "arn:aws:sts::123456789012:assumed-role/worker/i-0abc"
};

class Sts {
 public:
  explicit Sts(Caller& caller) : caller_(caller) {}
  boost::asio::awaitable<base::Result<CallerIdentity>> get_caller_identity();
  // The region that all calls of this Caller go to.
  const base::Region& region() const { return caller_.endpoints().region; }

 private:
  Caller& caller_;
};

}  // namespace aws
