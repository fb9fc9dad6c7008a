// Where a service's requests go. Region and endpoints from the environment and the profile.
#pragma once

#include "aws/environment.h"
#include "base/names.h"
#include "base/result.h"

#include <map>
#include <string>

namespace aws {

struct Profile;

struct EndpointConfig {
  base::Region region;
  std::string endpoint_url;  // AWS_ENDPOINT_URL; empty for none
  std::map<std::string, std::string>
      service_endpoints;  // by service name: AWS_ENDPOINT_URL_<SERVICE>
  bool use_fips = false;
  bool use_dual_stack = false;
};

// "https://sqs.eu-west-2.amazonaws.com", or the configured endpoint without a trailing slash.
// Order: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, AWS's own name for the service and region.
// Errors: kInvalid, also for FIPS or dual-stack together with a configured endpoint: the SDKs
// refuse that, because nobody knows what the endpoint is.
base::Result<std::string> resolve_endpoint(const EndpointConfig& config,
                                           const std::string& service);

// Region from AWS_REGION, AWS_DEFAULT_REGION, the profile's region. Endpoints from the environment,
// then from the profile, unless AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true. AWS_USE_FIPS_ENDPOINT
// and AWS_USE_DUALSTACK_ENDPOINT, else use_fips_endpoint and use_dualstack_endpoint of the profile.
// Non-empty arguments (from the command line) win over all. Errors: kInvalid naming the variable,
// what it holds and what is expected; a region is always needed, if only to sign.
base::Result<EndpointConfig> load_endpoint_config(const Environment& environment,
                                                  const Profile& profile,
                                                  const std::string& region = {},
                                                  const std::string& endpoint_url = {});

// The region that load_endpoint_config() would take, unchecked; empty when none is set.
std::string configured_region(const Environment& environment, const Profile& profile,
                              const std::string& region = {});

// The name that goes into the signature: "elasticloadbalancingv2" signs as "elasticloadbalancing".
std::string signing_name(const std::string& service);

}  // namespace aws
