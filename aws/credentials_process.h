// ProcessCredentials: credential_process of a profile, a program that prints credentials as JSON.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
#pragma once

#include "aws/credentials_source.h"

namespace aws {

class ProcessCredentials final : public CredentialsSource {
 public:
  ProcessCredentials(SharedSetup setup, Profile profile)
      : setup_(std::move(setup)), profile_(std::move(profile)) {}
  std::string name() const override;
  // Errors name the program, never its arguments, and what it complained about without what could
  // be a secret.
  boost::asio::awaitable<base::Result<std::optional<Credentials>>> find() override;

 private:
  SharedSetup setup_;
  Profile profile_;
};

}  // namespace aws
