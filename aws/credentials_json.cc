#include "aws/credentials_json.h"

#include "aws/json.h"

namespace aws {

base::Result<Credentials> credentials_from_json(std::string_view text, const std::string& what,
                                                const CredentialsNames& names) {
  const auto malformed = [&what](const std::string& problem) {
    return base::Error{
        base::ErrorKind::kFatal, "MalformedCredentials", fmt::format("{}: {}", what, problem), {}};
  };
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) {
    return malformed(
        fmt::format("expected a JSON object, found {} bytes of something else", text.size()));
  }
  Credentials credentials;
  credentials.access_key_id = text_member(json, "AccessKeyId");
  credentials.secret_access_key = base::Secret(text_member(json, "SecretAccessKey"));
  credentials.session_token = base::Secret(text_member(json, names.token));
  const std::string expiration = text_member(json, "Expiration");
  if (credentials.access_key_id.empty()) return malformed("expected a text AccessKeyId");
  if (credentials.secret_access_key.empty()) return malformed("expected a text SecretAccessKey");
  if (names.temporary && credentials.session_token.empty()) {
    return malformed(fmt::format("expected a text {}", names.token));
  }
  if (expiration.empty()) {
    if (names.temporary) return malformed("expected a text Expiration");
    return credentials;
  }
  const auto time = base::parse_rfc3339(expiration);
  if (!time) {
    return malformed(
        fmt::format("Expiration is '{}'; expected a time such as "
                    "2026-01-02T03:04:05Z",
                    expiration.substr(0, 64)));
  }
  credentials.expiration = *time;
  return credentials;
}

}  // namespace aws
