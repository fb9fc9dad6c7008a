// Arguments: reads the members of one API call, typed by AWS JSON or all text from Query, and
// remembers the first thing that was wrong in the words of the service's own error style.
//
//   Arguments args(call.arguments, ErrorStyle::kAutoScaling);
//   const std::string name = args.required_text("AutoScalingGroupName");
//   const std::optional<std::int64_t> minimum = args.integer("MinSize");
//   if (args.error()) co_return *args.error();
//
// Readers never throw: after an error they return empty values. The Json must outlive the reader.
#pragma once

#include "sim/service.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sim {

// How a service words "missing" and "malformed".
enum class ErrorStyle {
  kAutoScaling,  // ValidationError: Auto Scaling, ELB, STS
  kEc2,          // MissingParameter, InvalidParameterValue
  kSqs,   // MissingParameter, InvalidParameterValue with "Value x for parameter y is invalid."
  kJson,  // ValidationException: EventBridge, Step Functions
};

class Arguments {
 public:
  Arguments(const Json& arguments, ErrorStyle style) : json_(arguments), style_(style) {}

  // Present and neither null nor (from Query) an empty text where a list was meant.
  bool has(const std::string& name) const;

  std::optional<std::string> text(const std::string& name);
  std::string text_or(const std::string& name, std::string fallback);
  std::string required_text(const std::string& name);

  std::optional<std::int64_t> integer(const std::string& name);
  std::int64_t integer_or(const std::string& name, std::int64_t fallback);
  std::int64_t required_integer(const std::string& name);

  std::optional<bool> boolean(const std::string& name);
  bool boolean_or(const std::string& name, bool fallback);

  // A list of texts; numbers and booleans are taken as text. Absent: empty.
  std::vector<std::string> texts(const std::string& name);
  std::vector<std::string> required_texts(const std::string& name);
  // A list of structures, e.g. Tags, Filters. Absent: empty.
  std::vector<Json> objects(const std::string& name);
  // A nested structure, e.g. LaunchTemplate. Absent: nullptr.
  const Json* object(const std::string& name);
  // {"k": "v"}, or from Query [{"Name"|"Key": "k", "Value": "v"}].
  std::map<std::string, std::string> text_map(const std::string& name);

  const std::optional<ApiError>& error() const { return error_; }
  // Records an error unless there is one already; takes over a nested reader's.
  void fail(ApiError error);
  void take_error(const Arguments& nested);

 private:
  const Json* find(const std::string& name) const;
  void missing(const std::string& name);
  void malformed(const std::string& name, const Json& value, const std::string& expected);

  const Json& json_;
  ErrorStyle style_;
  std::optional<ApiError> error_;
};

// A scalar as text: 3 -> "3", true -> "true"; structures give nothing.
std::optional<std::string> scalar_text(const Json& value);
std::optional<std::int64_t> parse_integer(const std::string& text);

}  // namespace sim
