// AWS STS: who are we. https://docs.aws.amazon.com/STS/latest/APIReference/
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "aws/caller.h"

namespace aws {

struct CallerIdentity {
  std::string account;
  std::string arn;
};

class Sts {
 public:
  explicit Sts(Caller& caller) : caller_(caller) {}
  boost::asio::awaitable<base::Result<CallerIdentity>> get_caller_identity();

 private:
  Caller& caller_;
};

}  // namespace aws
