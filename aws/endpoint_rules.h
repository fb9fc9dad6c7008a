// AWS's own names for its services, by region, FIPS and dual-stack. Pure.
// https://docs.aws.amazon.com/general/latest/gr/rande.html
#pragma once

#include "base/result.h"

#include <span>
#include <string>
#include <string_view>

namespace aws {

struct ServiceName {
  std::string_view name;          // as in ApiRequest::service
  std::string_view variable;      // AWS_ENDPOINT_URL_<this>
  std::string_view profile_id;    // in a [services] section
  std::string_view host;          // first label of AWS's own name
  std::string_view signing_name;  // in the signature's scope
};

std::span<const ServiceName> service_names();
// nullptr for a service that is not among them.
const ServiceName* find_service(std::string_view name);

struct EndpointQuestion {
  std::string service;  // ServiceName::name
  std::string region;   // "eu-west-2"
  bool fips = false;
  bool dual_stack = false;
};

// "https://sqs.eu-west-2.amazonaws.com". Always the regional endpoint, STS included. A region that
// no partition claims is taken for one of the commercial partition, as AWS's rules do. Errors:
// kInvalid for an unknown service, a name that cannot be a region's, or what AWS does not offer.
base::Result<std::string> aws_endpoint(const EndpointQuestion& question);

// Lower-case letters, digits and dashes: what may go into a host name.
bool is_region(std::string_view region);

}  // namespace aws
