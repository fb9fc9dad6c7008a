#include "aws/credentials_profile.h"

#include <fmt/format.h>

namespace aws {

bool ProfileCredentials::has_keys(const Profile& profile) {
  return !profile.get("aws_access_key_id").empty() || !profile.get("aws_secret_access_key").empty();
}

std::string ProfileCredentials::name() const { return fmt::format("profile '{}'", profile_.name); }

std::string ProfileCredentials::hint() const {
  if (file_ == KeysIn::kCredentialsFile) return {};
  return fmt::format(
      "put aws_access_key_id and aws_secret_access_key (or role_arn, sso_session, "
      "credential_process) into [{}] of {}",
      profile_.name,
      profile_.where.empty() ? "~/.aws/config and ~/.aws/credentials" : profile_.where);
}

boost::asio::awaitable<base::Result<std::optional<Credentials>>> ProfileCredentials::find() {
  std::optional<Credentials> found;
  const bool here = profile_.keys_in_credentials_file == (file_ == KeysIn::kCredentialsFile);
  if (!here || !has_keys(profile_)) co_return found;
  const std::string key = profile_.get("aws_access_key_id");
  const std::string secret = profile_.get("aws_secret_access_key");
  if (key.empty() || secret.empty()) {
    co_return credentials_error(
        "PartialCredentials",
        fmt::format("{} has {} but no {}", name(),
                    secret.empty() ? "aws_access_key_id" : "aws_secret_access_key",
                    secret.empty() ? "aws_secret_access_key" : "aws_access_key_id"));
  }
  found.emplace();
  found->access_key_id = key;
  found->secret_access_key = base::Secret(secret);
  found->session_token = base::Secret(profile_.get("aws_session_token"));
  found->source = name();
  co_return found;
}

}  // namespace aws
