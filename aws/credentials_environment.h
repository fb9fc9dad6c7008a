// EnvironmentCredentials: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
#pragma once

#include "aws/credentials_source.h"

#include <utility>

namespace aws {

class EnvironmentCredentials final : public CredentialsSource {
 public:
  explicit EnvironmentCredentials(Environment environment) : environment_(std::move(environment)) {}
  std::string name() const override { return "environment"; }
  std::string hint() const override;
  boost::asio::awaitable<base::Result<std::optional<Credentials>>> find() override;

 private:
  Environment environment_;
};

}  // namespace aws
