// ProfileCredentials: aws_access_key_id, aws_secret_access_key, aws_session_token of a profile.
#pragma once

#include "aws/credentials_source.h"

#include <utility>

namespace aws {

// The SDKs ask credential_process between the two files.
enum class KeysIn { kCredentialsFile, kConfigFile };

class ProfileCredentials final : public CredentialsSource {
 public:
  ProfileCredentials(Profile profile, KeysIn file) : profile_(std::move(profile)), file_(file) {}
  std::string name() const override;
  std::string hint() const override;
  boost::asio::awaitable<base::Result<std::optional<Credentials>>> find() override;

  static bool has_keys(const Profile& profile);

 private:
  Profile profile_;
  KeysIn file_;
};

}  // namespace aws
