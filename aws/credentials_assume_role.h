// AssumeRoleCredentials: a profile with role_arn and where to take the credentials for AssumeRole
// from: source_profile (which may itself assume a role) or credential_source.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html
#pragma once

#include "aws/credentials_source.h"

#include <vector>

namespace aws {

class AssumeRoleCredentials final : public CredentialsSource {
 public:
  // `above`: the profiles that lead here through source_profile, outermost first.
  AssumeRoleCredentials(SharedSetup setup, Profile profile, std::vector<std::string> above = {});
  std::string name() const override;
  boost::asio::awaitable<base::Result<std::optional<Credentials>>> find() override;

 private:
  base::Result<std::unique_ptr<CredentialsProvider>> provider_for_the_call() const;
  base::Result<std::unique_ptr<CredentialsProvider>> provider_of_source_profile(
      const std::string& source) const;
  base::Error refuse(const std::string& problem) const;

  SharedSetup setup_;
  Profile profile_;
  std::vector<std::string> visited_;  // this profile last
};

}  // namespace aws
