#include "aws/json_call.h"

#include <cmath>
#include <utility>

namespace aws {

namespace {

// Further off is not a time that anybody meant.
constexpr double kSecondsMax = 1e11;

}  // namespace

boost::asio::awaitable<base::Result<Json>> call_json(Caller& caller, JsonCall call) {
  auto body = to_text(call.operation, call.arguments);
  if (!body) co_return body.error();
  ApiRequest request;
  request.service = std::move(call.service);
  request.operation = call.operation;
  request.content_type = "application/x-amz-json-1.1";
  request.headers.push_back({"X-Amz-Target", call.target + "." + call.operation});
  request.body = std::move(*body);
  request.idempotent = call.idempotent;
  request.answer_code = std::move(call.answer_code);
  const auto response = co_await caller.call(std::move(request));
  if (!response) co_return response.error();
  // Commands are answered with nothing, or with an error that is an answer.
  if (response->body.empty() || response->status >= 300) {
    co_return base::Result<Json>(boost::system::in_place_value, Json::object());
  }
  co_return parse_object(call.operation, response->body);
}

base::Error malformed_answer(std::string_view operation, std::string_view problem) {
  return {
      base::ErrorKind::kRetry, "MalformedResponse", fmt::format("{}: {}", operation, problem), {}};
}

std::int64_t number_member(const Json& object, const char* name, std::int64_t fallback) {
  if (!object.is_object()) return fallback;
  const auto member = object.find(name);
  return member != object.end() && member->is_number_integer() ? member->get<std::int64_t>()
                                                               : fallback;
}

bool flag_member(const Json& object, const char* name) {
  if (!object.is_object()) return false;
  const auto member = object.find(name);
  return member != object.end() && member->is_boolean() && member->get<bool>();
}

std::optional<base::TimePoint> seconds_member(const Json& object, const char* name) {
  if (!object.is_object()) return std::nullopt;
  const auto member = object.find(name);
  if (member == object.end() || !member->is_number()) return std::nullopt;
  const double seconds = member->get<double>();
  if (!(std::abs(seconds) < kSecondsMax)) return std::nullopt;
  return base::TimePoint(std::chrono::microseconds(std::llround(seconds * 1e6)));
}

std::optional<base::TimePoint> milliseconds_member(const Json& object, const char* name) {
  if (!object.is_object()) return std::nullopt;
  const auto member = object.find(name);
  if (member == object.end() || !member->is_number()) return std::nullopt;
  const double milliseconds = member->get<double>();
  if (!(std::abs(milliseconds) < kSecondsMax * 1e3)) return std::nullopt;
  return base::TimePoint(std::chrono::milliseconds(std::llround(milliseconds)));
}

std::vector<Json> objects_member(const Json& object, const char* name) {
  std::vector<Json> objects;
  if (!object.is_object()) return objects;
  const auto member = object.find(name);
  if (member == object.end() || !member->is_array()) return objects;
  for (const Json& one : *member) {
    if (one.is_object()) objects.push_back(one);
  }
  return objects;
}

std::vector<std::string> texts_member(const Json& object, const char* name) {
  std::vector<std::string> texts;
  if (!object.is_object()) return texts;
  const auto member = object.find(name);
  if (member == object.end() || !member->is_array()) return texts;
  for (const Json& one : *member) {
    if (one.is_string()) texts.push_back(one.get<std::string>());
  }
  return texts;
}

}  // namespace aws
