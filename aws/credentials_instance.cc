#include "aws/credentials_instance.h"

#include "aws/credentials_json.h"
#include "aws/json.h"
#include "base/log.h"

#include <utility>

namespace aws {

namespace {

constexpr const char* kFolder = "iam/security-credentials/";
constexpr std::size_t kRoleNameMax = 64;  // IAM's limit

// "AssumeRoleUnauthorizedAccess" comes with status 200.
std::string refusal(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  const std::string code = json.is_object() ? text_member(json, "Code") : std::string();
  return code == "Success" ? std::string() : code;
}

}  // namespace

std::string InstanceCredentials::hint() const {
  return metadata_.absent().empty() ? "an instance profile of an EC2 instance" : metadata_.absent();
}

boost::asio::awaitable<base::Result<std::optional<Credentials>>> InstanceCredentials::find() {
  std::optional<Credentials> found;
  const auto roles = co_await metadata_.get(kFolder);
  if (!roles) co_return roles.error();
  if (!*roles) {
    if (!found_before_) co_return found;
    co_return base::Error{base::ErrorKind::kRetry, "InstanceMetadata", metadata_.absent(), {}};
  }
  const std::string role = (*roles)->substr(0, (*roles)->find_first_of("\r\n"));
  if (role.empty() || role.size() > kRoleNameMax || role.find('/') != std::string::npos) {
    co_return credentials_error("MalformedCredentials",
                                "instance metadata names no role where its name is expected");
  }
  const auto text = co_await metadata_.get(kFolder + role);
  if (!text) co_return text.error();
  if (!*text) co_return credentials_error("InstanceMetadata", metadata_.absent());
  const std::string what = fmt::format("instance metadata of role {}", role);
  if (const std::string code = refusal(**text); !code.empty()) {
    co_return credentials_error(
        "InstanceMetadata",
        fmt::format("{} answered {}; does the role trust EC2?", what, code.substr(0, 128)));
  }
  auto credentials = credentials_from_json(**text, what, {});
  if (!credentials) co_return credentials.error();
  const base::TimePoint now = setup_->clock.now();
  if (*credentials->expiration <= now) {
    base::log_warn("aws", "the metadata service gives expired credentials, using them",
                   {{"role", role}, {"expired", base::format_rfc3339(*credentials->expiration)}});
    credentials->expiration = now + kExtension;
  }
  found_before_ = true;
  found = std::move(*credentials);
  found->source = fmt::format("{} (role {})", name(), role);
  co_return found;
}

}  // namespace aws
