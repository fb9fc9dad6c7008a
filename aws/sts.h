// AWS STS: who are we, and temporary credentials for a role.
// https://docs.aws.amazon.com/STS/latest/APIReference/
#pragma once

#include "aws/caller.h"
#include "aws/credentials.h"
#include "base/secret.h"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>

namespace aws {

struct CallerIdentity {
  std::string account;  // "123456789012"
  std::string arn;      // "arn:aws:sts::123456789012:assumed-role/worker/i-0abc"
};

struct RoleToAssume {
  std::string role_arn;                 // "arn:aws:iam::123456789012:role/worker"
  std::string session_name;             // 2 to 64 of A-Za-z0-9_+=,.@-
  std::string external_id;              // empty for none
  std::optional<int> duration_seconds;  // 900 to 43200; AWS's default is 3600
};

class Sts {
 public:
  explicit Sts(Caller& caller) : caller_(caller) {}
  boost::asio::awaitable<base::Result<CallerIdentity>> get_caller_identity();
  // Credentials with an expiry and without a source.
  boost::asio::awaitable<base::Result<Credentials>> assume_role(RoleToAssume role);
  // The token says who asks: the Caller's credentials should be anonymous. No external id.
  boost::asio::awaitable<base::Result<Credentials>> assume_role_with_web_identity(
      RoleToAssume role, base::Secret token);
  // The region that all calls of this Caller go to.
  const base::Region& region() const { return caller_.endpoints().region; }

 private:
  Caller& caller_;
};

}  // namespace aws
