#include "aws/credentials_chain.h"

#include <fmt/format.h>

#include <utility>

namespace aws {

namespace asio = boost::asio;

namespace {

base::Error half_set(std::string message) {
  return {base::ErrorKind::kDenied, "PartialCredentials", std::move(message), {}};
}

}  // namespace

std::string EnvironmentCredentials::name() const { return "environment"; }

std::string EnvironmentCredentials::hint() const {
  return "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for temporary "
         "ones)";
}

asio::awaitable<base::Result<std::optional<Credentials>>> EnvironmentCredentials::find() {
  std::optional<Credentials> found;
  const auto key = environment_("AWS_ACCESS_KEY_ID");
  const auto secret = environment_("AWS_SECRET_ACCESS_KEY");
  if (key.has_value() != secret.has_value()) {
    co_return half_set(fmt::format("{} is set but {} is not",
                                   key ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                                   key ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID"));
  }
  if (key) {
    found.emplace();
    found->access_key_id = *key;
    found->secret_access_key = base::Secret(*secret);
    found->session_token = base::Secret(environment_("AWS_SESSION_TOKEN").value_or(""));
    found->source = name();
  }
  co_return found;
}

std::string ProfileCredentials::name() const { return fmt::format("profile '{}'", profile_.name); }

std::string ProfileCredentials::hint() const {
  return fmt::format("put aws_access_key_id and aws_secret_access_key into [{}] of {}",
                     profile_.name, profile_.where.empty() ? "~/.aws/credentials" : profile_.where);
}

asio::awaitable<base::Result<std::optional<Credentials>>> ProfileCredentials::find() {
  std::optional<Credentials> found;
  const std::string key = profile_.get("aws_access_key_id");
  const std::string secret = profile_.get("aws_secret_access_key");
  if (key.empty() != secret.empty()) {
    co_return half_set(fmt::format("{} has {} but no {}", name(),
                                   secret.empty() ? "aws_access_key_id" : "aws_secret_access_key",
                                   secret.empty() ? "aws_secret_access_key" : "aws_access_key_id"));
  }
  if (!key.empty()) {
    found.emplace();
    found->access_key_id = key;
    found->secret_access_key = base::Secret(secret);
    found->session_token = base::Secret(profile_.get("aws_session_token"));
    found->source = name();
  }
  co_return found;
}

asio::awaitable<base::Result<Credentials>> CredentialsChain::get() {
  std::string tried;
  for (const auto& source : sources_) {
    auto found = co_await source->find();
    if (!found) co_return found.error().while_doing("credentials from " + source->name());
    if (*found) co_return std::move(**found);
    tried += fmt::format("{}{}: {}", tried.empty() ? "" : "; ", source->name(), source->hint());
  }
  co_return base::Error{base::ErrorKind::kDenied,
                        "NoCredentials",
                        fmt::format("no AWS credentials found. Tried {}", tried),
                        {}};
}

std::unique_ptr<CredentialsProvider> default_credentials(Environment environment, Profile profile) {
  std::vector<std::unique_ptr<CredentialsSource>> sources;
  sources.push_back(std::make_unique<EnvironmentCredentials>(std::move(environment)));
  sources.push_back(std::make_unique<ProfileCredentials>(std::move(profile)));
  return std::make_unique<CredentialsChain>(std::move(sources));
}

}  // namespace aws
