#include "aws/dynamodb.h"

#include "aws/json.h"

#include <fmt/format.h>

#include <utility>

namespace aws {

namespace asio = boost::asio;

namespace {

constexpr const char* kConditionFailed = "ConditionalCheckFailedException";
// Single-item writes take milliseconds: an answer that is later than this is lost.
constexpr base::Duration kTimeout = std::chrono::seconds(5);

Json to_json(const Item& item) {
  Json json = Json::object();
  for (const auto& [name, value] : item) {
    json[name] = {{value.type == AttributeValue::Type::kString ? "S" : "N", value.text}};
  }
  return json;
}

// Attributes of other types are left out: none of ours has one.
Item read_item(const Json& json) {
  Item item;
  if (!json.is_object()) return item;
  for (const auto& [name, value] : json.items()) {
    if (std::string text = text_member(value, "N"); !text.empty()) {
      item[name] = {AttributeValue::Type::kNumber, std::move(text)};
    } else if (value.is_object() && value.contains("S")) {
      item[name] = string_value(text_member(value, "S"));
    }
  }
  return item;
}

asio::awaitable<base::Result<WriteOutcome>> write_item(Caller& caller, std::string operation,
                                                       const char* item_member,
                                                       ConditionalWrite write) {
  Json json = {{"TableName", write.table},
               {item_member, to_json(write.item)},
               {"ConditionExpression", write.condition},
               {"ReturnValuesOnConditionCheckFailure", "ALL_OLD"}};
  if (!write.update.empty()) json["UpdateExpression"] = write.update;
  if (!write.names.empty()) json["ExpressionAttributeNames"] = write.names;
  if (!write.values.empty()) json["ExpressionAttributeValues"] = to_json(write.values);
  auto body = to_text(operation, json);
  if (!body) co_return body.error();
  ApiRequest request;
  request.service = "dynamodb";
  request.operation = operation;
  request.content_type = "application/x-amz-json-1.0";
  request.headers.push_back({"X-Amz-Target", "DynamoDB_20120810." + operation});
  request.body = std::move(*body);
  request.timeout = kTimeout;
  request.answer_code = kConditionFailed;
  const auto response = co_await caller.call(std::move(request));
  if (!response) co_return response.error().while_doing("table '" + write.table + "'");
  const auto answer = parse_object(operation, response->body);
  if (!answer) co_return answer.error();
  WriteOutcome outcome;
  outcome.written = response->status < 300;
  if (const auto found = answer->find("Item"); !outcome.written && found != answer->end()) {
    outcome.found = read_item(*found);
  }
  co_return outcome;
}

}  // namespace

AttributeValue string_value(std::string text) {
  return {AttributeValue::Type::kString, std::move(text)};
}

AttributeValue number_value(std::int64_t number) {
  return {AttributeValue::Type::kNumber, fmt::format("{}", number)};
}

asio::awaitable<base::Result<WriteOutcome>> DynamoDb::put_item(ConditionalWrite write) {
  return write_item(caller_, "PutItem", "Item", std::move(write));
}

asio::awaitable<base::Result<WriteOutcome>> DynamoDb::update_item(ConditionalWrite write) {
  return write_item(caller_, "UpdateItem", "Key", std::move(write));
}

asio::awaitable<base::Result<WriteOutcome>> DynamoDb::delete_item(ConditionalWrite write) {
  return write_item(caller_, "DeleteItem", "Key", std::move(write));
}

}  // namespace aws
