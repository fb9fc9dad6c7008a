#include "aws/credentials_sso.h"

#include "aws/credentials_http.h"
#include "aws/json.h"
#include "aws/small_file.h"

#include <openssl/evp.h>

#include <array>
#include <utility>

namespace aws {

namespace {

constexpr std::size_t kTokenFileBytesMax = 64U << 10U;
constexpr base::Duration kTimeout = std::chrono::seconds(10);

std::string sha1_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  std::string out;
  for (unsigned int i = 0; i < size; ++i) out += fmt::format("{:02x}", digest.at(i));
  return out;
}

// RFC 3339; older versions of the CLI wrote "2020-06-17T10:02:08UTC".
base::Result<base::TimePoint> parse_expiry(std::string text) {
  if (text.ends_with("UTC")) text.replace(text.size() - 3, 3, "Z");
  return base::parse_rfc3339(text);
}

base::Result<Credentials> read_role_credentials(const std::string& body) {
  const base::Error malformed{base::ErrorKind::kFatal,
                              "MalformedCredentials",
                              "GetRoleCredentials: expected accessKeyId, secretAccessKey, "
                              "sessionToken and expiration in roleCredentials",
                              {}};
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return malformed;
  const auto role = json.find("roleCredentials");
  if (role == json.end() || !role->is_object()) return malformed;
  Credentials credentials;
  credentials.access_key_id = text_member(*role, "accessKeyId");
  credentials.secret_access_key = base::Secret(text_member(*role, "secretAccessKey"));
  credentials.session_token = base::Secret(text_member(*role, "sessionToken"));
  const auto expiration = role->find("expiration");
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty() ||
      credentials.session_token.empty() || expiration == role->end() ||
      !expiration->is_number_integer()) {
    return malformed;
  }
  credentials.expiration =
      base::TimePoint(std::chrono::milliseconds(expiration->get<std::int64_t>()));
  return credentials;
}

}  // namespace

struct SsoCredentials::Settings {
  std::string session;  // empty: the older form, without an sso-session section
  std::string start_url;
  std::string region;
  std::string account;
  std::string role;
};

std::string SsoCredentials::name() const {
  return fmt::format("profile '{}' (sso role {} in account {})", profile_.name,
                     profile_.get("sso_role_name"), profile_.get("sso_account_id"));
}

base::Result<SsoCredentials::Settings> SsoCredentials::settings() const {
  const std::string where = fmt::format("profile '{}'", profile_.name);
  Profile merged = profile_;
  const std::string session = profile_.get("sso_session");
  if (!session.empty()) {
    const auto section = setup_->shared.config.find("sso-session " + session);
    if (section == setup_->shared.config.end()) {
      return base::invalid(
          fmt::format("{} has sso_session = {}, but there is no section [sso-session {}] in {}",
                      where, session, session, setup_->shared.where));
    }
    for (const auto& [key, value] : section->second) {
      const std::string own = profile_.get(key);
      if (!own.empty() && own != value.text) {
        return base::invalid(fmt::format("{} has {} = {}, but [sso-session {}] has {}", where, key,
                                         own, session, value.text));
      }
      merged.settings[key] = value.text;
    }
  }
  std::string missing;
  for (const char* key : {"sso_start_url", "sso_region", "sso_account_id", "sso_role_name"}) {
    if (merged.get(key).empty()) missing += (missing.empty() ? "" : ", ") + std::string(key);
  }
  if (!missing.empty()) {
    return base::invalid(fmt::format("{} is set up for SSO but lacks {}", where, missing));
  }
  return Settings{session, merged.get("sso_start_url"), merged.get("sso_region"),
                  merged.get("sso_account_id"), merged.get("sso_role_name")};
}

base::Error SsoCredentials::log_in(const Settings& settings, const std::string& problem) const {
  return credentials_error(
      "SsoTokenExpired",
      fmt::format("{}; run `aws sso login {}`", problem,
                  settings.session.empty() ? "--profile " + profile_.name
                                           : "--sso-session " + settings.session));
}

base::Result<base::Secret> SsoCredentials::read_token(const Settings& settings) const {
  const std::string path = expand_home(
      setup_->environment,
      fmt::format("~/.aws/sso/cache/{}.json",
                  sha1_hex(settings.session.empty() ? settings.start_url : settings.session)));
  const auto text = read_small_file(path, kTokenFileBytesMax);
  if (!text) return log_in(settings, fmt::format("there is no SSO token ({})", path));
  const Json json = Json::parse(*text, nullptr, false);
  const std::string token = json.is_object() ? text_member(json, "accessToken") : std::string();
  const auto expiry = parse_expiry(json.is_object() ? text_member(json, "expiresAt") : "");
  if (token.empty() || !expiry) {
    return log_in(settings, fmt::format("{} holds no SSO token with an expiry", path));
  }
  if (*expiry <= setup_->clock.now()) {
    return log_in(settings,
                  fmt::format("the SSO token expired at {}", base::format_rfc3339(*expiry)));
  }
  return base::Secret(token);
}

boost::asio::awaitable<base::Result<std::optional<Credentials>>> SsoCredentials::find() {
  std::optional<Credentials> found;
  if (profile_.get("sso_account_id").empty() && profile_.get("sso_role_name").empty()) {
    co_return found;
  }
  const auto set = settings();
  if (!set) co_return set.error();
  const auto token = read_token(*set);
  if (!token) co_return token.error();
  EndpointConfig endpoints = setup_->endpoints;
  endpoints.region = base::Region(set->region);
  const auto endpoint = resolve_endpoint(endpoints, "sso");
  if (!endpoint) co_return endpoint.error().while_doing("reading sso_region");
  base::HttpRequest request{
      "GET",
      fmt::format("{}/federation/credentials?account_id={}&role_name={}", *endpoint,
                  base::percent_encode(set->account), base::percent_encode(set->role)),
      {{"x-amz-sso_bearer_token", token->expose()}, {"Accept", "application/json"}},
      {}};
  const auto response = co_await fetch(setup_, std::move(request), {.timeout = kTimeout});
  if (!response) co_return response.error().while_doing("GetRoleCredentials");
  if (response->status == 401) co_return log_in(*set, "the SSO token was refused");
  if (response->status != 200) {
    const bool later = response->status == 429 || response->status >= 500;
    co_return base::Error{later ? base::ErrorKind::kRetry : base::ErrorKind::kDenied,
                          "GetRoleCredentials",
                          fmt::format("GetRoleCredentials of role {} in account {} answered {}",
                                      set->role, set->account, response->status),
                          {}};
  }
  auto credentials = read_role_credentials(response->body);
  if (!credentials) co_return credentials.error();
  found = std::move(*credentials);
  found->source = name();
  co_return found;
}

}  // namespace aws
