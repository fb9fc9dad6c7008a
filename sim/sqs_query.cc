#include "sim/sqs_query.h"

#include "sim/arguments.h"

#include <fmt/format.h>

namespace sim {

namespace {

void rename(Json& json, const std::string& from, const std::string& to) {
  const auto found = json.find(from);
  if (found == json.end()) return;
  Json value = std::move(*found);
  json.erase(from);
  // A list of one may be written without its number.
  json[to] = value.is_array() ? std::move(value) : Json::array({std::move(value)});
}

// [{"Name": n, "Value": v}] -> {n: v}, where v may be a structure.
void rename_map(Json& json, const std::string& from, const std::string& to,
                const std::string& key_name) {
  const auto found = json.find(from);
  if (found == json.end()) return;
  Json list = std::move(*found);
  json.erase(from);
  if (list.is_object()) list = Json::array({std::move(list)});
  Json map = Json::object();
  for (const Json& entry : list) {
    if (!entry.is_object()) continue;
    const auto key = entry.find(key_name);
    const auto value = entry.find("Value");
    if (key == entry.end()) continue;
    map[scalar_text(*key).value_or("")] = value == entry.end() ? Json("") : *value;
  }
  json[to] = std::move(map);
}

void translate_message(Json& json) {
  rename_map(json, "MessageAttribute", "MessageAttributes", "Name");
  rename_map(json, "MessageSystemAttribute", "MessageSystemAttributes", "Name");
}

Json pairs_of(const Json& map, const std::string& key_name) {
  Json list = Json::array();
  for (const auto& [name, value] : map.items())
    list.push_back({{key_name, name}, {"Value", value}});
  return list;
}

Json message_for_query(const Json& message) {
  Json out = Json::object();
  for (const auto& [name, value] : message.items()) {
    if (name == "Attributes") {
      out["Attribute"] = pairs_of(value, "Name");
    } else if (name == "MessageAttributes") {
      out["MessageAttribute"] = pairs_of(value, "Name");
    } else {
      out[name] = value;
    }
  }
  return out;
}

}  // namespace

void sqs_arguments_from_query(ApiCall& call, std::string_view path) {
  Json& json = call.arguments;
  if (!json.contains("QueueUrl") && path.size() > 1) {
    json["QueueUrl"] = fmt::format("{}{}", call.endpoint, path);
  }
  rename_map(json, "Attribute", "Attributes", "Name");
  rename_map(json, "Tag", call.operation == "CreateQueue" ? "tags" : "Tags", "Key");
  rename(json, "TagKey", "TagKeys");
  rename(json, "AttributeName", "AttributeNames");
  rename(json, "MessageAttributeName", "MessageAttributeNames");
  rename(json, "MessageSystemAttributeName", "MessageSystemAttributeNames");
  for (const char* entries : {"SendMessageBatchRequestEntry", "DeleteMessageBatchRequestEntry",
                              "ChangeMessageVisibilityBatchRequestEntry"}) {
    rename(json, entries, "Entries");
  }
  translate_message(json);
  if (const auto list = json.find("Entries"); list != json.end()) {
    for (Json& entry : *list) {
      if (entry.is_object()) translate_message(entry);
    }
  }
}

Json sqs_result_for_query(const std::string& operation, const Json& result) {
  Json out = Json::object();
  for (const auto& [name, value] : result.items()) {
    if (name == "Messages") {
      for (const Json& message : value) out["Message"].push_back(message_for_query(message));
    } else if (name == "Successful") {
      out[operation + "ResultEntry"] = value;
    } else if (name == "Failed") {
      out["BatchResultErrorEntry"] = value;
    } else if (name == "Attributes") {
      out["Attribute"] = pairs_of(value, "Name");
    } else if (name == "Tags") {
      out["Tag"] = pairs_of(value, "Key");
    } else if (name == "QueueUrls" || name == "queueUrls") {
      out["QueueUrl"] = value;
    } else {
      out[name] = value;
    }
  }
  return out;
}

}  // namespace sim
