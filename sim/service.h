// Service: one simulated AWS service. It is given decoded calls and answers with plain JSON; the
// wire formats (AWS JSON 1.0, Query with XML answers) are the business of sim/protocol.
#pragma once

#include "base/clock.h"

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <variant>

namespace sim {

using Json = nlohmann::ordered_json;

struct ApiCall {
  std::string service;    // from the credential scope: "sqs", "autoscaling", "ec2", ...
  std::string operation;  // "DescribeAutoScalingGroups"
  // Arguments. From AWS JSON as sent. From Query as nested objects: "Tags.member.1.Key=a" becomes
  // {"Tags":[{"Key":"a"}]}, "Version.1=3" becomes {"Version":["3"]}; every leaf is a string, so
  // read through the helpers of sim/arguments.h.
  Json arguments = Json::object();
  std::string request_id;
  std::string access_key_id;
  std::string user_agent;
  std::string endpoint;  // as the client addressed us: "http://127.0.0.1:4566", no trailing slash
  std::string api_version;  // Query's Version parameter: tells ELB (2012) and ELBv2 (2015) apart
};

// AWS's error as the client sees it.
struct ApiError {
  std::string code;     // "ValidationError"
  std::string message;  // AWS's own text where it is known
  int status = 400;
  std::string query_code;         // awsQueryCompatible code of JSON services; empty: same as code
  Json members = Json::object();  // of the error's own, beside its message; JSON services only
};

struct ApiAnswer {
  // Result members by their names on the wire. The protocol renders arrays as <member> (or <item>
  // for EC2) lists and booleans as true/false.
  Json result = Json::object();
  // What CloudTrail's event shows, where it is not the plain rule (member names with a lower-case
  // first letter); the protocol's event source fills in the rest.
  std::optional<Json> trail_request;
  std::optional<Json> trail_response;
};

using ApiOutcome = std::variant<ApiAnswer, ApiError>;

class Service {
 public:
  virtual ~Service() = default;
  virtual boost::asio::awaitable<ApiOutcome> handle(ApiCall call) = 0;
};

}  // namespace sim
