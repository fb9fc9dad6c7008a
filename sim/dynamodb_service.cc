#include "sim/dynamodb_service.h"

#include "sim/dynamodb_condition.h"
#include "sim/dynamodb_update.h"
#include "sim/dynamodb_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace sim {

using dynamodb::Table;
using dynamodb::validation;

namespace {

constexpr std::array kPutReturns = {"NONE", "ALL_OLD"};
constexpr std::array kUpdateReturns = {"NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"};
// Members that would change what a call means and are not simulated.
constexpr std::array kNotSimulated = {"AttributesToGet",      "AttributeUpdates",
                                      "ConditionalOperator",  "Expected",
                                      "ProjectionExpression", "Select"};

ApiError no_such_table() {
  return {"ResourceNotFoundException", "Requested resource not found", 400, {}};
}

ApiError condition_failed(const Json* item) {
  ApiError error{"ConditionalCheckFailedException", "The conditional request failed", 400, {}};
  if (item != nullptr) error.members["Item"] = *item;
  return error;
}

Json selected(const Json& item, const std::vector<std::string>& names) {
  Json some = Json::object();
  for (const std::string& name : names) {
    if (const auto found = item.find(name); found != item.end()) some[name] = *found;
  }
  return some;
}

// "#a" -> name, ":b" -> value: what each must look like.
std::optional<ApiError> check_placeholders(const Json& names, const Json& values) {
  for (const auto& [placeholder, name] : names.items()) {
    if (!placeholder.starts_with('#') || placeholder.size() < 2 || !name.is_string()) {
      return validation(fmt::format(
          "ExpressionAttributeNames contains invalid key: Syntax error; key: \"{}\"", placeholder));
    }
  }
  for (const auto& [placeholder, value] : values.items()) {
    if (!placeholder.starts_with(':') || placeholder.size() < 2) {
      return validation(
          fmt::format("ExpressionAttributeValues contains invalid key: Syntax error; key: \"{}\"",
                      placeholder));
    }
  }
  return dynamodb::check_values(values);
}

std::optional<ApiError> check_unsupported(const Json& arguments) {
  for (const char* name : kNotSimulated) {
    if (arguments.contains(name)) return validation(fmt::format("{} is not simulated", name));
  }
  return std::nullopt;
}

}  // namespace

struct DynamoDbService::Write {
  Table* table = nullptr;
  Json item;  // PutItem's item; the key of the others
  std::optional<dynamodb::Condition> condition;
  std::optional<dynamodb::Update> update;
  std::string return_values = "NONE";
  bool return_on_failure = false;
  const Json* before = nullptr;  // the item as it is; nullptr: none

  // The refusal, if the condition does not hold.
  std::optional<ApiError> refused() const {
    static const Json kNone = Json::object();
    if (!condition || condition->holds(before == nullptr ? kNone : *before)) return std::nullopt;
    return condition_failed(return_on_failure ? before : nullptr);
  }
};

boost::asio::awaitable<ApiOutcome> DynamoDbService::handle(ApiCall call) {
  static const std::map<std::string, Operation> kOperations = {
      {"CreateTable", &DynamoDbService::create_table},
      {"DeleteItem", &DynamoDbService::delete_item},
      {"DeleteTable", &DynamoDbService::delete_table},
      {"DescribeTable", &DynamoDbService::describe_table},
      {"DescribeTimeToLive", &DynamoDbService::describe_time_to_live},
      {"GetItem", &DynamoDbService::get_item},
      {"ListTables", &DynamoDbService::list_tables},
      {"PutItem", &DynamoDbService::put_item},
      {"UpdateItem", &DynamoDbService::update_item},
      {"UpdateTimeToLive", &DynamoDbService::update_time_to_live},
  };
  const auto operation = kOperations.find(call.operation);
  if (operation == kOperations.end()) {
    co_return ApiError{"UnknownOperationException",
                       fmt::format("{} is not simulated", call.operation.substr(0, 128)),
                       400,
                       {}};
  }
  co_return (this->*operation->second)(call.arguments);
}

Table* DynamoDbService::find_table(const std::string& name) {
  const auto found = tables_.find(name);
  return found == tables_.end() ? nullptr : &found->second;
}

std::optional<ApiError> DynamoDbService::read_write(const Json& arguments, const char* item_member,
                                                    Write& write) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string table = args.required_text("TableName");
  const Json* item = args.object(item_member);
  if (!args.error() && item == nullptr)
    args.fail(validation(fmt::format(
        "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must "
        "not be null",
        item_member == std::string("Key") ? "key" : "item")));
  const Json* names = args.object("ExpressionAttributeNames");
  const Json* values = args.object("ExpressionAttributeValues");
  const auto condition = args.text("ConditionExpression");
  const auto update = args.text("UpdateExpression");
  write.return_values = args.text_or("ReturnValues", "NONE");
  const std::string on_failure = args.text_or("ReturnValuesOnConditionCheckFailure", "NONE");
  if (args.error()) return args.error();
  if (auto error = check_unsupported(arguments)) return error;
  if (on_failure != "NONE" && on_failure != "ALL_OLD") {
    return validation(fmt::format(
        "1 validation error detected: Value '{}' at 'returnValuesOnConditionCheckFailure' failed "
        "to satisfy constraint: Member must satisfy enum value set: [ALL_OLD, NONE]",
        on_failure));
  }
  write.return_on_failure = on_failure == "ALL_OLD";
  if (!condition && !update) {
    for (const auto& [what, member] : {std::pair{"Names", names}, std::pair{"Values", values}}) {
      if (member == nullptr) continue;
      return validation(
          fmt::format("ExpressionAttribute{} can only be specified when using expressions", what));
    }
  }
  const Json none = Json::object();
  const Json& the_names = names == nullptr ? none : *names;
  const Json& the_values = values == nullptr ? none : *values;
  if (auto error = check_placeholders(the_names, the_values)) return error;
  dynamodb::Placeholders placeholders(the_names, the_values);
  if (update) {
    auto parsed = dynamodb::parse_update(*update, placeholders);
    if (const auto* error = std::get_if<ApiError>(&parsed)) return *error;
    write.update = std::get<dynamodb::Update>(std::move(parsed));
  }
  if (condition) {
    auto parsed = dynamodb::parse_condition(*condition, placeholders);
    if (const auto* error = std::get_if<ApiError>(&parsed)) return *error;
    write.condition = std::get<dynamodb::Condition>(std::move(parsed));
  }
  if (auto error = placeholders.unused()) return error;
  if (auto error = dynamodb::check_values(*item)) return error;
  write.table = find_table(table);
  if (write.table == nullptr) return no_such_table();
  const bool whole = std::string_view(item_member) == "Item";
  if (auto error = whole ? write.table->check_item(*item) : write.table->check_key(*item)) {
    return error;
  }
  write.item = *item;
  write.before = write.table->find(write.item, world_.clock().now());
  return std::nullopt;
}

ApiOutcome DynamoDbService::get_item(const Json& arguments) {
  Write read;
  if (auto error = read_write(arguments, "Key", read)) return *error;
  ApiAnswer answer;
  if (read.before != nullptr) answer.result["Item"] = *read.before;
  return answer;
}

ApiOutcome DynamoDbService::put_item(const Json& arguments) {
  Write write;
  if (auto error = read_write(arguments, "Item", write)) return *error;
  if (std::ranges::find(kPutReturns, write.return_values) == kPutReturns.end()) {
    return validation("ReturnValues can only be ALL_OLD or NONE");
  }
  if (dynamodb::size_of(write.item) > dynamodb::kItemBytesMax) {
    return validation("Item size has exceeded the maximum allowed size");
  }
  if (auto refused = write.refused()) return *refused;
  ApiAnswer answer;
  if (write.return_values == "ALL_OLD" && write.before != nullptr) {
    answer.result["Attributes"] = *write.before;
  }
  write.table->put(std::move(write.item));
  return answer;
}

ApiOutcome DynamoDbService::update_item(const Json& arguments) {
  Write write;
  if (auto error = read_write(arguments, "Key", write)) return *error;
  if (std::ranges::find(kUpdateReturns, write.return_values) == kUpdateReturns.end()) {
    return validation("Return values set to invalid value");
  }
  std::vector<std::string> changed;
  if (write.update) changed = write.update->attributes();
  for (const std::string& attribute : changed) {
    if (!write.table->is_key(attribute)) continue;
    return validation(
        fmt::format("One or more parameter values were invalid: Cannot update attribute {}. This "
                    "attribute is part of the key",
                    attribute));
  }
  if (auto refused = write.refused()) return *refused;
  const Json before = write.before == nullptr ? Json::object() : *write.before;
  Json after = write.before == nullptr ? write.item : *write.before;
  if (write.update) {
    if (auto error = write.update->apply(after)) return *error;
  }
  if (dynamodb::size_of(after) > dynamodb::kItemBytesMax) {
    return validation("Item size to update has exceeded the maximum allowed size");
  }
  ApiAnswer answer;
  if (write.return_values == "ALL_OLD") answer.result["Attributes"] = before;
  if (write.return_values == "UPDATED_OLD") answer.result["Attributes"] = selected(before, changed);
  if (write.return_values == "ALL_NEW") answer.result["Attributes"] = after;
  if (write.return_values == "UPDATED_NEW") answer.result["Attributes"] = selected(after, changed);
  if (answer.result.contains("Attributes") && answer.result["Attributes"].empty()) {
    answer.result.erase("Attributes");
  }
  write.table->put(std::move(after));
  return answer;
}

ApiOutcome DynamoDbService::delete_item(const Json& arguments) {
  Write write;
  if (auto error = read_write(arguments, "Key", write)) return *error;
  if (std::ranges::find(kPutReturns, write.return_values) == kPutReturns.end()) {
    return validation("ReturnValues can only be ALL_OLD or NONE");
  }
  if (auto refused = write.refused()) return *refused;
  ApiAnswer answer;
  if (write.return_values == "ALL_OLD" && write.before != nullptr) {
    answer.result["Attributes"] = *write.before;
  }
  write.table->erase(write.item);
  return answer;
}

}  // namespace sim
