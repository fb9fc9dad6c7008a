#include "consumers/oncall/sinks.h"

#include <nlohmann/json.hpp>

namespace consumers::oncall {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kReasonBytesMax = 500;
constexpr std::size_t kAuditParamsBytesMax = 2'000;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string_view result_of(const Answer& answer) {
  switch (answer.status_code) {
    case 200:
      return "done";
    case 400:
      return "invalid";
    case 404:
      return "not_found";
    case 408:
      return "timeout";
    case 409:
      return "conflict";
    default:
      return "failed";
  }
}

std::string reply_of(const Outcome& outcome) {
  Json json = Json::parse(to_json(outcome.answer), nullptr, false);
  json["job"] = outcome.request.job;
  json["requestId"] = outcome.request.request_id;
  json["attempts"] = outcome.attempt;
  json["durationMs"] = outcome.took.count();
  if (!outcome.log.empty()) json["log"] = outcome.log;
  return dump(json);
}

std::string reason_of(const Answer& answer) {
  const Json body = Json::parse(answer.body, nullptr, false);
  const std::string text = body.is_string() ? body.get<std::string>() : answer.body;
  return text.size() <= kReasonBytesMax ? text : text.substr(0, kReasonBytesMax) + "...";
}

std::string audit_of(const Outcome& outcome) {
  const Request& request = outcome.request;
  Json json = Json::object();
  json["time"] = base::format_rfc3339(outcome.began);
  json["who"] = request.requested_by;
  json["job"] = request.job;
  json["requestId"] = request.request_id;
  if (request.params.size() <= kAuditParamsBytesMax) {
    json["params"] = Json::parse(request.params, nullptr, false);
  } else {
    json["params"] = "of " + std::to_string(request.params.size()) + " bytes";
  }
  json["dryRun"] = request.dry_run;
  json["changes"] = outcome.changes;
  json["ran"] = outcome.ran;
  json["attempt"] = outcome.attempt;
  json["statusCode"] = outcome.answer.status_code;
  json["result"] = result_of(outcome.answer);
  if (outcome.answer.status_code != 200) json["reason"] = reason_of(outcome.answer);
  json["durationMs"] = outcome.took.count();
  if (!outcome.log.empty()) json["log"] = outcome.log;
  return dump(json);
}

}  // namespace consumers::oncall
