// SsoCredentials: a role of IAM Identity Center, by the token that `aws sso login` left in
// ~/.aws/sso/cache. A profile with sso_account_id and sso_role_name, and either sso_session (which
// names an [sso-session] section with sso_start_url and sso_region) or both of these itself.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html
// https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html
#pragma once

#include "aws/credentials_source.h"

namespace aws {

class SsoCredentials final : public CredentialsSource {
 public:
  SsoCredentials(SharedSetup setup, Profile profile)
      : setup_(std::move(setup)), profile_(std::move(profile)) {}
  std::string name() const override;
  // Errors: kDenied "SsoTokenExpired" that says which `aws sso login` to run.
  boost::asio::awaitable<base::Result<std::optional<Credentials>>> find() override;

 private:
  struct Settings;
  base::Result<Settings> settings() const;
  base::Result<base::Secret> read_token(const Settings& settings) const;
  base::Error log_in(const Settings& settings, const std::string& problem) const;

  SharedSetup setup_;
  Profile profile_;
};

}  // namespace aws
