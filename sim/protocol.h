// The wire formats: HTTP request -> ApiCall, ApiOutcome -> HTTP response.
//
// AWS JSON 1.0 and 1.1 (X-Amz-Target), Query (form body or query string, XML answers), EC2's
// dialect of it, and S3's REST (sim/s3_rest.h). SQS answers in the format it was asked in.
// Malformed input is answered as AWS does; nothing here throws.
// https://smithy.io/2.0/aws/protocols/index.html
#pragma once

#include "base/http.h"
#include "sim/service.h"

#include <optional>
#include <string>
#include <string_view>

namespace sim {

enum class Wire { kJson, kQuery, kEc2, kS3 };

struct ServiceInfo {
  std::string_view scope;          // name in the credential scope: "states"
  std::string_view target_prefix;  // X-Amz-Target: "AWSStepFunctions"; empty for Query services
  std::string_view json_version;   // "1.0"
  std::string_view xml_namespace;  // of Query answers
  std::string_view api_version;    // of Query requests
  std::string_view event_source;   // CloudTrail: "autoscaling.amazonaws.com"
};

// By scope and, where a scope has two APIs (ELB), by Version. nullptr: not simulated.
const ServiceInfo* find_service(std::string_view scope, std::string_view api_version = {});
// For requests without a credential scope.
std::string guess_service(const base::HttpRequest& request);

// The request's wire format, from its headers alone: errors must be answered in it too.
Wire wire_of(const base::HttpRequest& request, std::string_view service);

struct Decoded {
  ApiCall call;
  std::optional<ApiError> error;  // then of `call` only what could be read is filled in
};

Decoded decode_request(const base::HttpRequest& request, std::string_view service, Wire wire);

base::HttpResponse encode_outcome(Wire wire, const ApiCall& call, const ApiOutcome& outcome);
base::HttpResponse encode_error(Wire wire, const ApiCall& call, const ApiError& error);

// "The action X is not valid for this web service", as ApiError for a Service to answer with.
ApiError unknown_operation(const ApiCall& call);

// Never throws: what is not UTF-8 becomes U+FFFD.
std::string dump_json(const Json& json);
// nullopt for what is not JSON or nested deeper than any request is.
std::optional<Json> parse_json(std::string_view text);

}  // namespace sim
