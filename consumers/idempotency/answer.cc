#include "consumers/idempotency/answer.h"

#include "aws/json.h"

#include <utility>

namespace consumers::idempotency {

namespace {

using aws::Json;
using aws::text_member;

constexpr const char* kVerdict = "verdict";
constexpr const char* kReason = "reason";
constexpr const char* kOutgoing = "outgoing";
constexpr const char* kErrorKind = "error_kind";

Json to_json(const Outgoing& outgoing) {
  // By position, so that a member that is added cannot be forgotten here.
  const auto& [queue, body, group_id, deduplication_id] = outgoing;
  return {{"queue", queue},
          {"body", body},
          {"group_id", group_id},
          {"deduplication_id", deduplication_id}};
}

Poison not_known(const std::string& why) {
  return {"done before, but its outcome is not known: " + why, "refused"};
}

}  // namespace

base::Result<std::string> encode_answer(const Verdict& verdict) {
  Json json;
  if (const auto* done = std::get_if<Done>(&verdict)) {
    Json outgoing = Json::array();
    for (const Outgoing& one : done->outgoing) outgoing.push_back(to_json(one));
    json = {{kVerdict, "done"}, {kReason, done->reason}, {kOutgoing, std::move(outgoing)}};
  } else {
    const auto& poison = std::get<Poison>(verdict);
    json = {{kVerdict, "poison"}, {kReason, poison.reason}, {kErrorKind, poison.error_kind}};
  }
  return aws::to_text("the outcome", json);
}

std::string answer_not_kept(std::string_view why) {
  return Json{{kVerdict, "not-kept"}, {kReason, why}}.dump(-1, ' ', false,
                                                           Json::error_handler_t::replace);
}

Verdict decode_answer(std::string_view answer) {
  const auto json = aws::parse_object("the outcome", answer);
  if (!json) return not_known("its record is not JSON");
  const std::string verdict = text_member(*json, kVerdict);
  const std::string reason = text_member(*json, kReason);
  if (verdict == "poison") return Poison{reason, text_member(*json, kErrorKind)};
  if (verdict == "not-kept") return not_known(reason);
  const auto outgoing = json->find(kOutgoing);
  if (verdict != "done" || outgoing == json->end() || !outgoing->is_array()) {
    return not_known("its record is of another form");
  }
  Done done{"done before: " + reason, {}};
  for (const Json& one : *outgoing) {
    done.outgoing.push_back({text_member(one, "queue"), text_member(one, "body"),
                             text_member(one, "group_id"), text_member(one, "deduplication_id")});
  }
  return done;
}

}  // namespace consumers::idempotency
