// WebIdentityCredentials: a role assumed with a token from a file (EKS service accounts, OIDC).
// AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME, each before the profile's
// web_identity_token_file, role_arn, role_session_name. The file is read anew for every call: the
// token in it is replaced long before the process ends.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html
#pragma once

#include "aws/credentials_source.h"

namespace aws {

class WebIdentityCredentials final : public CredentialsSource {
 public:
  // `with_environment` false: only what the profile says.
  WebIdentityCredentials(SharedSetup setup, Profile profile, bool with_environment);
  std::string name() const override;
  boost::asio::awaitable<base::Result<std::optional<Credentials>>> find() override;

 private:
  std::string setting(const char* variable, const char* key) const;

  SharedSetup setup_;
  Profile profile_;
  bool with_environment_;
};

}  // namespace aws
