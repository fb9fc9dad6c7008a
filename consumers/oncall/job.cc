#include "consumers/oncall/job.h"

#include <nlohmann/json.hpp>

namespace consumers::oncall {

std::string to_json(const Answer& answer) {
  nlohmann::ordered_json json = {{"statusCode", answer.status_code}};
  auto body = nlohmann::ordered_json::parse(answer.body, nullptr, false);
  json["body"] = body.is_object() ? std::move(body) : nlohmann::ordered_json(answer.body);
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace consumers::oncall
