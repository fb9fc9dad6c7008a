#include "aws/endpoint.h"

#include "aws/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace aws {

namespace {

struct ServiceRow {
  std::string_view name;        // as in ApiRequest::service
  std::string_view variable;    // AWS_ENDPOINT_URL_<this>
  std::string_view profile_id;  // in a [services] section
  std::string_view host;        // first label of AWS's own name; also the signing name
};

// Names of the SDKs' service-specific endpoints:
// https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html
constexpr auto kServices = std::to_array<ServiceRow>({
    {"sqs", "SQS", "sqs", "sqs"},
    {"dynamodb", "DYNAMODB", "dynamodb", "dynamodb"},
    {"s3", "S3", "s3", "s3"},
    {"autoscaling", "AUTO_SCALING", "auto_scaling", "autoscaling"},
    {"ec2", "EC2", "ec2", "ec2"},
    {"elasticloadbalancing", "ELASTIC_LOAD_BALANCING", "elastic_load_balancing",
     "elasticloadbalancing"},
    {"elasticloadbalancingv2", "ELASTIC_LOAD_BALANCING_V2", "elastic_load_balancing_v2",
     "elasticloadbalancing"},
    {"sts", "STS", "sts", "sts"},
    {"states", "SFN", "sfn", "states"},
});

const ServiceRow* find_service(std::string_view name) {
  const auto row = std::ranges::find(kServices, name, &ServiceRow::name);
  return row == kServices.end() ? nullptr : &*row;
}

std::string dns_suffix(std::string_view region) {
  if (region.starts_with("cn-")) return "amazonaws.com.cn";
  if (region.starts_with("us-iso-")) return "c2s.ic.gov";
  if (region.starts_with("us-isob-")) return "sc2s.sgov.gov";
  if (region.starts_with("eusc-")) return "amazonaws.eu";
  return "amazonaws.com";
}

bool is_region(std::string_view region) {
  return !region.empty() && region.size() <= 32 && std::ranges::all_of(region, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

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

bool is_true(const std::string& text) { return text == "true" || text == "TRUE" || text == "True"; }

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
  const ServiceRow* row = find_service(service);
  return row == nullptr ? service : std::string(row->host);
}

base::Result<std::string> resolve_endpoint(const EndpointConfig& config,
                                           const std::string& service) {
  const auto own = config.service_endpoints.find(service);
  if (own != config.service_endpoints.end()) return own->second;
  if (!config.endpoint_url.empty()) return config.endpoint_url;
  const ServiceRow* row = find_service(service);
  if (row == nullptr) return base::invalid(fmt::format("no endpoint for service '{}'", service));
  if (!is_region(config.region.value)) {
    return base::invalid(fmt::format("region '{}' is not a region's name, such as eu-west-2",
                                     config.region.value.substr(0, 64)));
  }
  return fmt::format("https://{}.{}.{}", row->host, config.region.value,
                     dns_suffix(config.region.value));
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

  if (!endpoint_url.empty()) {
    auto url = checked_url(endpoint_url, "the endpoint option");
    if (!url) return url.error();
    config.endpoint_url = *url;
    return config;
  }
  const bool ignored = is_true(environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").value_or("")) ||
                       is_true(profile.get("ignore_configured_endpoint_urls"));
  if (ignored) return config;

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
  for (const ServiceRow& row : kServices) {
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
