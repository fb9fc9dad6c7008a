#include "aws/instance_metadata.h"

#include "aws/credentials_http.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace aws {

namespace asio = boost::asio;

namespace {

constexpr const char* kTokenLifetime = "21600";  // seconds, the longest there is
constexpr int kAttemptsMax = 3;
constexpr int kTimeoutMaxSeconds = 10;

std::optional<int> small_number(const std::string& text, int max) {
  int number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  const bool good = parsed.ec == std::errc() && parsed.ptr == end && number >= 1 && number <= max;
  return good ? std::optional(number) : std::nullopt;
}

}  // namespace

struct InstanceMetadata::Settings {
  std::string endpoint;
  FetchOptions fetch{.timeout = kTimeout, .attempts = kAttempts};
};

std::optional<std::string> InstanceMetadata::setting(const char* variable, const char* key) const {
  if (auto set = setup_->environment(variable)) return set;
  const std::string value = setup_->profile.get(key);
  return value.empty() ? std::nullopt : std::optional(value);
}

base::Result<InstanceMetadata::Settings> InstanceMetadata::settings() const {
  Settings settings;
  const auto mode =
      setting("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
  const bool ipv6 = mode && (*mode == "IPv6" || *mode == "ipv6");
  if (mode && !ipv6 && *mode != "IPv4" && *mode != "ipv4") {
    return base::invalid(
        fmt::format("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is '{}'; expected IPv4 or IPv6",
                    mode->substr(0, 64)));
  }
  const auto endpoint =
      setting("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
  settings.endpoint = ipv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
  if (endpoint) settings.endpoint = *endpoint;
  if (!settings.endpoint.starts_with("http://") && !settings.endpoint.starts_with("https://")) {
    return base::invalid(
        fmt::format("AWS_EC2_METADATA_SERVICE_ENDPOINT is '{}'; expected a URL such as "
                    "http://169.254.169.254",
                    settings.endpoint.substr(0, 64)));
  }
  while (settings.endpoint.ends_with('/')) settings.endpoint.pop_back();
  if (const auto text = setting("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout")) {
    const auto seconds = small_number(*text, kTimeoutMaxSeconds);
    if (!seconds) {
      return base::invalid(
          fmt::format("AWS_METADATA_SERVICE_TIMEOUT is '{}'; expected seconds from 1 to {}",
                      text->substr(0, 64), kTimeoutMaxSeconds));
    }
    settings.fetch.timeout = std::chrono::seconds(*seconds);
  }
  if (const auto text =
          setting("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts")) {
    const auto attempts = small_number(*text, kAttemptsMax);
    if (!attempts) {
      return base::invalid(
          fmt::format("AWS_METADATA_SERVICE_NUM_ATTEMPTS is '{}'; expected a number from 1 to {}",
                      text->substr(0, 64), kAttemptsMax));
    }
    settings.fetch.attempts = *attempts;
  }
  return settings;
}

asio::awaitable<base::Result<std::optional<std::string>>> InstanceMetadata::token(
    Settings settings) {
  std::optional<std::string> found;
  base::HttpRequest request{"PUT",
                            settings.endpoint + "/latest/api/token",
                            {{"x-aws-ec2-metadata-token-ttl-seconds", kTokenLifetime}},
                            {}};
  auto response = co_await fetch(setup_, std::move(request), settings.fetch);
  if (!response) {
    if (!response.error().is_transient()) co_return response.error();
    absent_ = fmt::format("{} does not answer ({})", settings.endpoint, response.error().code);
    co_return found;
  }
  if (response->status == 200 && !response->body.empty()) {
    found = std::move(response->body);
    co_return found;
  }
  if (response->status >= 500) {
    co_return base::Error{base::ErrorKind::kRetry,
                          "InstanceMetadata",
                          fmt::format("{} answered {} to the request for a token",
                                      settings.endpoint, response->status),
                          {}};
  }
  // 403: switched off; 404 and 405: something else is there, or it knows version 1 only.
  absent_ = fmt::format("{} answered {} to the request for an IMDSv2 token", settings.endpoint,
                        response->status);
  co_return found;
}

asio::awaitable<base::Result<std::optional<std::string>>> InstanceMetadata::get(std::string path) {
  std::optional<std::string> found;
  std::string disabled = setup_->environment("AWS_EC2_METADATA_DISABLED").value_or("");
  for (char& c : disabled) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (disabled == "true") {
    absent_ = "switched off by AWS_EC2_METADATA_DISABLED";
    co_return found;
  }
  const auto set = settings();
  if (!set) co_return set.error();
  for (int session = 0;; ++session) {
    if (token_.empty()) {
      auto fresh = co_await token(*set);
      if (!fresh) co_return fresh.error();
      if (!*fresh) co_return found;
      token_ = std::move(**fresh);
    }
    base::HttpRequest request{"GET",
                              set->endpoint + "/latest/meta-data/" + path,
                              {{"x-aws-ec2-metadata-token", token_}},
                              {}};
    auto response = co_await fetch(setup_, std::move(request), set->fetch);
    if (!response) co_return response.error().while_doing("asking for instance metadata");
    if (response->status == 200) {
      found = std::move(response->body);
      co_return found;
    }
    if (response->status == 401 && session == 0) {
      token_.clear();  // it has expired
      continue;
    }
    if (response->status == 404) {
      absent_ = fmt::format("{} knows no {}", set->endpoint, path);
      co_return found;
    }
    co_return base::Error{
        response->status >= 500 ? base::ErrorKind::kRetry : base::ErrorKind::kDenied,
        "InstanceMetadata",
        fmt::format("{} answered {} to the request for {}", set->endpoint, response->status, path),
        {}};
  }
}

}  // namespace aws
