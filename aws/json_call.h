// One call of AWS JSON 1.1, and reading its answer: for the services that are called now and then
// (ECS, CloudWatch Logs, Systems Manager, Secrets Manager).
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
#pragma once

#include "aws/caller.h"
#include "aws/json.h"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aws {

// Answers that go on for more pages than this are an error and not an endless loop.
inline constexpr int kJsonPagesMax = 200;

struct JsonCall {
  std::string service;    // as ApiRequest's
  std::string target;     // X-Amz-Target before the dot
  std::string operation;  // and behind it
  Json arguments = Json::object();
  bool idempotent = true;
  std::string answer_code;  // as ApiRequest's: its answer is an empty object
};

// The answer's object. kInvalid where an argument is not UTF-8.
boost::asio::awaitable<base::Result<Json>> call_json(Caller& caller, JsonCall call);

// kRetry "MalformedResponse".
base::Error malformed_answer(std::string_view operation, std::string_view problem);

// Members of an answer; what is absent or of another type is as if it were not there.
std::int64_t number_member(const Json& object, const char* name, std::int64_t fallback = 0);
bool flag_member(const Json& object, const char* name);
std::optional<base::TimePoint> seconds_member(const Json& object, const char* name);
std::optional<base::TimePoint> milliseconds_member(const Json& object, const char* name);
// The objects in a list.
std::vector<Json> objects_member(const Json& object, const char* name);
std::vector<std::string> texts_member(const Json& object, const char* name);

}  // namespace aws
