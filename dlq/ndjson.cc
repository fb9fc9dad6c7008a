#include "dlq/ndjson.h"

#include "aws/digest.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace dlq {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : std::string();
}

// Of the attributes as they stand on the line, without spaces.
std::string sum_of(const Json& attributes) {
  return aws::sha256_hex(attributes.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

std::string to_line(const aws::SqsMessage& message, const Letter& letter) {
  Json json = {{"messageId", message.message_id},
               {"body", message.body},
               {"bodyMd5", aws::md5_hex(message.body)},
               {"bodySha256", aws::sha256_hex(message.body)},
               {"attributes", Json::object()}};
  for (const auto& [name, attribute] : message.attributes) {
    json["attributes"][name] = {{"type", attribute.data_type}, {"value", attribute.value}};
  }
  json["attributesSha256"] = sum_of(json["attributes"]);
  if (!message.group_id.empty()) json["groupId"] = message.group_id;
  json["sentAt"] = base::format_rfc3339(message.sent_at);
  json["receiveCount"] = message.receive_count;
  json["system"] = Json::object();
  for (const auto& [name, value] : message.system_attributes) json["system"][name] = value;
  json["errorKind"] = letter.record.error_kind;
  json["reason"] = letter.record.reason;
  json["source"] = letter.record.source_queue;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

base::Result<aws::SqsMessage> read_line(std::string_view line) {
  if (line.size() > kLineBytesMax) return base::invalid("longer than 8 MiB");
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return base::invalid("expected a JSON object");
  aws::SqsMessage message;
  message.message_id = text_of(json, "messageId");
  message.body = text_of(json, "body");
  message.group_id = text_of(json, "groupId");
  if (message.message_id.empty()) return base::invalid("messageId: expected a text");
  if (message.body.empty()) return base::invalid("body: expected a text that is not empty");
  const auto sum = text_of(json, "bodySha256");
  if (sum != aws::sha256_hex(message.body) ||
      text_of(json, "bodyMd5") != aws::md5_hex(message.body)) {
    return base::invalid("the body does not match its checksums");
  }
  if (const auto sent = base::parse_rfc3339(text_of(json, "sentAt"))) message.sent_at = *sent;
  if (const auto system = json.find("system"); system != json.end() && system->is_object()) {
    for (const auto& [name, value] : system->items()) {
      if (value.is_string()) message.system_attributes[name] = value.get<std::string>();
    }
  }
  const auto attributes = json.find("attributes");
  if (attributes == json.end()) return message;
  if (!attributes->is_object()) return base::invalid("attributes: expected an object");
  if (text_of(json, "attributesSha256") != sum_of(*attributes)) {
    return base::invalid("the attributes do not match their checksum");
  }
  for (const auto& [name, value] : attributes->items()) {
    const aws::MessageAttribute attribute{
        value.is_object() ? text_of(value, "type") : std::string(),
        value.is_object() ? text_of(value, "value") : std::string()};
    if (attribute.data_type.empty() || attribute.value.empty()) {
      return base::invalid(fmt::format("attributes.{}: expected type and value", name));
    }
    message.attributes[name] = attribute;
  }
  return message;
}

}  // namespace dlq
