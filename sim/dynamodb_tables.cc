// The operations on whole tables.
#include "sim/dynamodb_service.h"
#include "sim/dynamodb_values.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim {

using dynamodb::Table;
using dynamodb::validation;

namespace {

constexpr std::size_t kTablesMax = 2'500;
constexpr std::int64_t kListMax = 100;

bool is_table_name(const std::string& name) {
  return name.size() >= 3 && name.size() <= 255 && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-' || c == '.';
         });
}

ApiError no_such_table(const std::string& name) {
  return {"ResourceNotFoundException",
          fmt::format("Requested resource not found: Table: {} not found", name),
          400,
          {}};
}

double epoch_seconds(base::TimePoint time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1e6;
}

// The partition key, then perhaps the sort key, with the types that AttributeDefinitions give.
std::vector<Table::KeyAttribute> read_key(Arguments& args) {
  std::map<std::string, std::string> types;
  for (const Json& definition : args.objects("AttributeDefinitions")) {
    Arguments member(definition, ErrorStyle::kJson);
    const std::string name = member.required_text("AttributeName");
    const std::string type = member.required_text("AttributeType");
    args.take_error(member);
    if (type != "S" && type != "N" && type != "B") {
      args.fail(validation("Member must satisfy enum value set: [B, N, S]"));
    }
    types[name] = type;
  }
  std::vector<Table::KeyAttribute> key;
  for (const Json& element : args.objects("KeySchema")) {
    Arguments member(element, ErrorStyle::kJson);
    const std::string name = member.required_text("AttributeName");
    const std::string kind = member.required_text("KeyType");
    args.take_error(member);
    if (kind != (key.empty() ? "HASH" : "RANGE")) {
      args.fail(validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type"));
    }
    if (!types.contains(name)) {
      args.fail(validation(
          "One or more parameter values were invalid: Some index key attributes are not defined in "
          "AttributeDefinitions."));
    }
    key.push_back({name, types[name]});
  }
  if (key.empty() || key.size() > 2) {
    args.fail(validation("1 validation error detected: keySchema must have 1 or 2 elements"));
  }
  if (types.size() != key.size()) {
    args.fail(validation(
        "One or more parameter values were invalid: Number of attributes in KeySchema does not "
        "exactly match number of attributes defined in AttributeDefinitions"));
  }
  return key;
}

}  // namespace

ApiOutcome DynamoDbService::create_table(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string name = args.required_text("TableName");
  if (!args.error() && !is_table_name(name)) {
    args.fail(
        validation("TableName must be at least 3 characters long and at most 255 characters long"));
  }
  auto key = read_key(args);
  const std::string billing = args.text_or("BillingMode", "PROVISIONED");
  if (billing == "PROVISIONED" && args.object("ProvisionedThroughput") == nullptr) {
    args.fail(validation("No provisioned throughput specified for the table"));
  }
  if (args.error()) return *args.error();
  if (tables_.contains(name)) {
    return ApiError{"ResourceInUseException", "Table already exists: " + name, 400, {}};
  }
  if (tables_.size() >= kTablesMax) {
    return ApiError{"LimitExceededException", "Too many tables", 400, {}};
  }
  Json description = {{"TableName", name},
                      {"TableArn", world_.arn("dynamodb", "table/" + name)},
                      {"TableId", world_.random().uuid()},
                      {"CreationDateTime", epoch_seconds(world_.clock().now())},
                      {"KeySchema", arguments["KeySchema"]},
                      {"AttributeDefinitions", arguments["AttributeDefinitions"]},
                      {"BillingModeSummary", {{"BillingMode", billing}}}};
  const auto [table, added] =
      tables_.try_emplace(name, name, std::move(key), std::move(description));
  ApiAnswer answer;
  answer.result["TableDescription"] = table->second.describe("ACTIVE");
  return answer;
}

ApiOutcome DynamoDbService::describe_table(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string name = args.required_text("TableName");
  if (args.error()) return *args.error();
  const Table* table = find_table(name);
  if (table == nullptr) return no_such_table(name);
  ApiAnswer answer;
  answer.result["Table"] = table->describe("ACTIVE");
  return answer;
}

ApiOutcome DynamoDbService::delete_table(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string name = args.required_text("TableName");
  if (args.error()) return *args.error();
  const Table* table = find_table(name);
  if (table == nullptr) return no_such_table(name);
  ApiAnswer answer;
  answer.result["TableDescription"] = table->describe("DELETING");
  tables_.erase(name);
  return answer;
}

ApiOutcome DynamoDbService::list_tables(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string after = args.text_or("ExclusiveStartTableName", {});
  const std::int64_t limit = args.integer_or("Limit", kListMax);
  if (!args.error() && (limit < 1 || limit > kListMax)) {
    args.fail(validation("1 validation error detected: 'limit' must be from 1 to 100"));
  }
  if (args.error()) return *args.error();
  Json names = Json::array();
  auto table = after.empty() ? tables_.begin() : tables_.upper_bound(after);
  for (; table != tables_.end() && names.size() < static_cast<std::size_t>(limit); ++table) {
    names.push_back(table->first);
  }
  ApiAnswer answer;
  if (table != tables_.end()) answer.result["LastEvaluatedTableName"] = names.back();
  answer.result["TableNames"] = std::move(names);
  return answer;
}

ApiOutcome DynamoDbService::update_time_to_live(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string name = args.required_text("TableName");
  const Json none = Json::object();
  const Json* given = args.object("TimeToLiveSpecification");
  Arguments specification(given == nullptr ? none : *given, ErrorStyle::kJson);
  const std::string attribute = specification.required_text("AttributeName");
  const bool enabled = specification.boolean_or("Enabled", false);
  args.take_error(specification);
  if (args.error()) return *args.error();
  Table* table = find_table(name);
  if (table == nullptr) return no_such_table(name);
  if (enabled == !table->ttl_attribute().empty()) {
    return validation(fmt::format("TimeToLive is already {}", enabled ? "enabled" : "disabled"));
  }
  table->set_time_to_live(enabled ? attribute : "");
  ApiAnswer answer;
  answer.result["TimeToLiveSpecification"] = *given;
  return answer;
}

ApiOutcome DynamoDbService::describe_time_to_live(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string name = args.required_text("TableName");
  if (args.error()) return *args.error();
  const Table* table = find_table(name);
  if (table == nullptr) return no_such_table(name);
  Json description = {
      {"TimeToLiveStatus", table->ttl_attribute().empty() ? "DISABLED" : "ENABLED"}};
  if (!table->ttl_attribute().empty()) description["AttributeName"] = table->ttl_attribute();
  ApiAnswer answer;
  answer.result["TimeToLiveDescription"] = std::move(description);
  return answer;
}

}  // namespace sim
