#include "aws/endpoint.h"

#include "aws/endpoint_rules.h"
#include "aws/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace aws {

namespace {

bool is_host_and_port(std::string_view authority) {
  if (authority.empty() || authority.front() == ':') return false;
  if (authority.front() == '[') return authority.find(']') != std::string_view::npos;
  const auto colon = std::min(authority.find(':'), authority.size());
  const std::string_view port = authority.substr(std::min(colon + 1, authority.size()));
  return port.size() <= 5 && std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
}

// Empty when the URL is one; else what is wrong. Never repeats a user:password.
std::string url_problem(std::string_view url) {
  std::string_view rest = url;
  if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else {
    return "does not start with http:// or https://";
  }
  if (rest.find_first_of("?# \t\r\n") != std::string_view::npos) {
    return "must not hold a query, a fragment or blanks";
  }
  const std::string_view authority = rest.substr(0, rest.find('/'));
  if (authority.find('@') != std::string_view::npos) return "must not hold a user name";
  return is_host_and_port(authority) ? "" : "has no host name, or a port that is no number";
}

base::Result<std::string> checked_url(const std::string& url, const std::string& source) {
  const std::string problem = url_problem(url);
  if (!problem.empty()) {
    const bool show = url.find('@') == std::string::npos;
    return base::invalid(
        fmt::format("{} {}{}; expected a URL such as http://localhost:4566 or "
                    "https://sqs.eu-west-2.amazonaws.com",
                    source, show ? fmt::format("is '{}' and ", url.substr(0, 128)) : "", problem));
  }
  std::string checked = url;
  while (checked.back() == '/') checked.pop_back();
  return checked;
}

// A switch of AWS's: a variable, else a key of the profile. Anything but true and false is refused:
// FIPS that is silently off is worse than an error.
base::Result<bool> find_switch(const Environment& environment, const Profile& profile,
                               const std::string& variable, const std::string& key) {
  const auto set = environment(variable);
  std::string value = set ? *set : profile.get(key);
  std::ranges::transform(value, value.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  if (value == "true") return true;
  if (value.empty() || value == "false") return false;
  return base::invalid(fmt::format(
      "{} is '{}'; expected true or false",
      set ? variable : fmt::format("{} of profile '{}'", key, profile.name), value.substr(0, 64)));
}

struct Found {
  std::string value;
  std::string source;
};

Found find_region(const Environment& environment, const Profile& profile,
                  const std::string& region) {
  if (!region.empty()) return {region, "the region option"};
  for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (auto value = environment(variable)) return {*value, variable};
  }
  return {profile.get("region"), fmt::format("region of profile '{}'", profile.name)};
}

}  // namespace

std::string signing_name(const std::string& service) {
  const ServiceName* row = find_service(service);
  return row == nullptr ? service : std::string(row->signing_name);
}

base::Result<std::string> resolve_endpoint(const EndpointConfig& config,
                                           const std::string& service) {
  const auto own = config.service_endpoints.find(service);
  const std::string& configured =
      own == config.service_endpoints.end() ? config.endpoint_url : own->second;
  if (configured.empty()) {
    return aws_endpoint({service, config.region.value, config.use_fips, config.use_dual_stack});
  }
  if (config.use_fips || config.use_dual_stack) {
    return base::invalid(
        fmt::format("the endpoint of {} is set to {}, which cannot be combined with {}; unset one "
                    "of the two",
                    service, configured,
                    config.use_fips ? "AWS_USE_FIPS_ENDPOINT" : "AWS_USE_DUALSTACK_ENDPOINT"));
  }
  return configured;
}

std::string configured_region(const Environment& environment, const Profile& profile,
                              const std::string& region) {
  return find_region(environment, profile, region).value;
}

base::Result<EndpointConfig> load_endpoint_config(const Environment& environment,
                                                  const Profile& profile, const std::string& region,
                                                  const std::string& endpoint_url) {
  EndpointConfig config;
  const Found found = find_region(environment, profile, region);
  if (found.value.empty()) {
    return base::invalid(fmt::format(
        "no region: set AWS_REGION (or AWS_DEFAULT_REGION), or region in profile '{}' of {}",
        profile.name, profile.where.empty() ? "~/.aws/config" : profile.where));
  }
  if (!is_region(found.value)) {
    return base::invalid(fmt::format("{} is '{}'; expected a region's name, such as eu-west-2",
                                     found.source, found.value.substr(0, 64)));
  }
  config.region = base::Region(found.value);
  const auto fips = find_switch(environment, profile, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
  if (!fips) return fips.error();
  config.use_fips = *fips;
  const auto dual_stack =
      find_switch(environment, profile, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
  if (!dual_stack) return dual_stack.error();
  config.use_dual_stack = *dual_stack;

  if (!endpoint_url.empty()) {
    auto url = checked_url(endpoint_url, "the endpoint option");
    if (!url) return url.error();
    config.endpoint_url = *url;
    return config;
  }
  const auto ignored = find_switch(environment, profile, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                                   "ignore_configured_endpoint_urls");
  if (!ignored) return ignored.error();
  if (*ignored) return config;

  Found general{environment("AWS_ENDPOINT_URL").value_or(""), "AWS_ENDPOINT_URL"};
  const bool general_from_environment = !general.value.empty();
  if (!general_from_environment) {
    general = {profile.get("endpoint_url"),
               fmt::format("endpoint_url of profile '{}'", profile.name)};
  }
  if (!general.value.empty()) {
    auto url = checked_url(general.value, general.source);
    if (!url) return url.error();
    config.endpoint_url = *url;
  }
  for (const ServiceName& row : service_names()) {
    const std::string variable = fmt::format("AWS_ENDPOINT_URL_{}", row.variable);
    Found own{environment(variable).value_or(""), variable};
    const auto in_profile = profile.service_endpoints.find(std::string(row.profile_id));
    // Any variable of the environment comes before everything in the profile.
    if (own.value.empty() && !general_from_environment &&
        in_profile != profile.service_endpoints.end()) {
      own = {in_profile->second,
             fmt::format("{}.endpoint_url of profile '{}'", row.profile_id, profile.name)};
    }
    if (own.value.empty()) continue;
    auto url = checked_url(own.value, own.source);
    if (!url) return url.error();
    config.service_endpoints[std::string(row.name)] = *url;
  }
  return config;
}

}  // namespace aws
