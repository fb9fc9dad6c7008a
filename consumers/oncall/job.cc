#include "consumers/oncall/job.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace consumers::oncall {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

int status_of(base::ErrorKind kind) {
  switch (kind) {
    case base::ErrorKind::kNotFound:
      return 404;
    case base::ErrorKind::kInvalid:
      return 400;
    default:
      return 500;
  }
}

}  // namespace

Answer answer_done(std::string body) { return {200, std::move(body)}; }

Answer answer_failed(int status_code, std::string_view reason) {
  return {status_code, dump(Json(std::string(reason)))};
}

Answer answer_failed(const base::Error& error, std::string_view doing) {
  return answer_failed(status_of(error.kind),
                       fmt::format("Error {}: {}", doing, error.to_string()));
}

std::string to_json(const Answer& answer) {
  Json json = Json::object();
  json["statusCode"] = answer.status_code;
  json["body"] = answer.body;
  return dump(json);
}

}  // namespace consumers::oncall
