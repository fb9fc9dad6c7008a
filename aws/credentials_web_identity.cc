#include "aws/credentials_web_identity.h"

#include "aws/role.h"
#include "aws/small_file.h"

#include <fmt/format.h>

#include <utility>

namespace aws {

namespace {

constexpr std::size_t kTokenBytesMax = 20'000;  // STS's limit
constexpr const char* kTokenFile = "AWS_WEB_IDENTITY_TOKEN_FILE";

}  // namespace

WebIdentityCredentials::WebIdentityCredentials(SharedSetup setup, Profile profile,
                                               bool with_environment)
    : setup_(std::move(setup)), profile_(std::move(profile)), with_environment_(with_environment) {}

std::string WebIdentityCredentials::setting(const char* variable, const char* key) const {
  const auto set = with_environment_ ? setup_->environment(variable) : std::nullopt;
  return set ? *set : profile_.get(key);
}

std::string WebIdentityCredentials::name() const {
  const bool in_environment = with_environment_ && setup_->environment(kTokenFile).has_value();
  return fmt::format("{} (web identity {})",
                     in_environment ? "environment" : fmt::format("profile '{}'", profile_.name),
                     setting("AWS_ROLE_ARN", "role_arn"));
}

boost::asio::awaitable<base::Result<std::optional<Credentials>>> WebIdentityCredentials::find() {
  std::optional<Credentials> found;
  const std::string file = setting(kTokenFile, "web_identity_token_file");
  if (file.empty()) co_return found;
  Profile merged = profile_;
  merged.settings["role_arn"] = setting("AWS_ROLE_ARN", "role_arn");
  merged.settings["role_session_name"] = setting("AWS_ROLE_SESSION_NAME", "role_session_name");
  if (merged.get("role_arn").empty()) {
    co_return credentials_error(
        "PartialCredentials",
        fmt::format("a web identity token file is set ({}) but no role; set AWS_ROLE_ARN, or "
                    "role_arn in profile '{}'",
                    file, profile_.name));
  }
  auto role = role_of_profile(merged, setup_->clock.now());
  if (!role) co_return role.error();
  auto token = read_small_file(expand_home(setup_->environment, file), kTokenBytesMax);
  if (!token) co_return token.error().while_doing("reading the web identity token");
  while (!token->empty() && static_cast<unsigned char>(token->back()) <= ' ') token->pop_back();
  if (token->empty()) {
    co_return credentials_error("PartialCredentials", file + ": the web identity token is empty");
  }
  StaticCredentials anonymous{{}};
  Caller caller(setup_->http, anonymous, setup_->clock, setup_->random, setup_->endpoints);
  Sts sts(caller);
  auto assumed =
      co_await sts.assume_role_with_web_identity(std::move(*role), base::Secret(std::move(*token)));
  if (!assumed) co_return assumed.error();
  found = std::move(*assumed);
  found->source = name();
  co_return found;
}

}  // namespace aws
