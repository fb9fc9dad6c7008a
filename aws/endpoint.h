// Where a service's requests go. Region and endpoints from the environment and the profile.
#pragma once

#include <map>
#include <string>

#include "base/names.h"
#include "base/result.h"

namespace aws {

struct EndpointConfig {
  base::Region region;
  std::string endpoint_url;                              // AWS_ENDPOINT_URL; empty for none
  std::map<std::string, std::string> service_endpoints;  // by service name: AWS_ENDPOINT_URL_<SERVICE>
};

// "https://sqs.eu-west-2.amazonaws.com", or the configured endpoint without a trailing slash.
// Order: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, AWS's own name for the service and region.
base::Result<std::string> resolve_endpoint(const EndpointConfig& config, const std::string& service);

}  // namespace aws
