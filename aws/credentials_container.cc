#include "aws/credentials_container.h"

#include "aws/credentials_http.h"
#include "aws/credentials_json.h"
#include "aws/json.h"
#include "aws/small_file.h"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace aws {

namespace {

constexpr std::string_view kEcs = "169.254.170.2";
constexpr std::array<std::string_view, 3> kHosts = {kEcs, "169.254.170.23", "fd00:ec2::23"};
constexpr std::size_t kTokenBytesMax = 16U << 10U;

// "http://[::1]:80/x" -> "::1"; empty when there is none.
std::string host_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (url.find('@') != std::string_view::npos) return {};
  if (url.starts_with('[')) return std::string(url.substr(1, url.find(']') - 1));
  return std::string(url.substr(0, url.find(':')));
}

}  // namespace

bool is_allowed_container_url(const std::string& url) {
  const std::string host = host_of(url);
  if (host.empty()) return false;
  if (url.starts_with("https://")) return true;
  if (!url.starts_with("http://")) return false;
  if (host == "localhost" || std::ranges::find(kHosts, host) != kHosts.end()) return true;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  return !error && address.is_loopback();
}

std::string ContainerCredentials::hint() const {
  return "set by ECS and EKS: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or "
         "AWS_CONTAINER_CREDENTIALS_FULL_URI";
}

base::Result<std::string> ContainerCredentials::url() const {
  if (const auto relative = setup_->environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")) {
    if (relative->starts_with('/')) return fmt::format("http://{}{}", kEcs, *relative);
    return base::invalid(
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a slash; expected a path");
  }
  const auto full = setup_->environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!full) return std::string();
  if (is_allowed_container_url(*full)) return *full;
  return base::invalid(
      fmt::format("AWS_CONTAINER_CREDENTIALS_FULL_URI names the host '{}'; expected https, or http "
                  "with localhost, a loopback address, {}",
                  host_of(*full).substr(0, 128), fmt::join(kHosts, " or ")));
}

base::Result<std::string> ContainerCredentials::authorization() const {
  std::string token =
      setup_->environment("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or(std::string());
  if (const auto file = setup_->environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    auto text = read_small_file(*file, kTokenBytesMax);
    if (!text) return text.error().while_doing("reading the container's authorization token");
    token = std::move(*text);
    while (token.ends_with('\n') || token.ends_with('\r')) token.pop_back();
  }
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' '; };
  if (std::ranges::any_of(token, is_control)) {
    return base::invalid(
        "the container's authorization token holds a line end or another control "
        "character; expected one line");
  }
  return token;
}

boost::asio::awaitable<base::Result<std::optional<Credentials>>> ContainerCredentials::find() {
  std::optional<Credentials> found;
  const auto address = url();
  if (!address) co_return address.error();
  if (address->empty()) co_return found;
  const auto token = authorization();
  if (!token) co_return token.error();
  // Of the URL only the host is shown: on ECS the path is as good as a key.
  const std::string where = "the container endpoint on " + host_of(*address);
  base::HttpRequest request{"GET", *address, {{"Accept", "application/json"}}, {}};
  if (!token->empty()) request.headers.push_back({"Authorization", *token});
  const auto response = co_await fetch(setup_, std::move(request), FetchOptions{});
  if (!response) co_return response.error().while_doing("asking " + where);
  if (response->status != 200) {
    const Json json = Json::parse(response->body, nullptr, false);
    const std::string code = json.is_object() ? text_member(json, "code") : std::string();
    const bool later = response->status == 429 || response->status >= 500;
    co_return base::Error{later ? base::ErrorKind::kRetry : base::ErrorKind::kDenied,
                          "ContainerEndpoint",
                          fmt::format("{} answered {}{}", where, response->status,
                                      code.empty() ? "" : " " + without_secrets(code, 128)),
                          {}};
  }
  auto credentials = credentials_from_json(response->body, where, {});
  if (!credentials) co_return credentials.error();
  const Json json = Json::parse(response->body, nullptr, false);
  const std::string role = text_member(json, "RoleArn");
  found = std::move(*credentials);
  found->source = role.empty() ? name() : fmt::format("{} ({})", name(), role);
  co_return found;
}

}  // namespace aws
