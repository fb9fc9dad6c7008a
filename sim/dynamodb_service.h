// DynamoDbService: the simulated Amazon DynamoDB: tables, and single items under conditions.
//
// Every read is consistent, capacity has no end and a table is there at once; throttling is a
// matter of sim/faults. Queries, scans, indexes, batches, transactions and projections are not
// simulated and refused.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/
#pragma once

#include "sim/arguments.h"
#include "sim/dynamodb_reader.h"
#include "sim/dynamodb_table.h"
#include "sim/service.h"
#include "sim/world.h"

#include <map>
#include <optional>
#include <string>

namespace sim {

class DynamoDbService final : public Service {
 public:
  explicit DynamoDbService(World& world) : world_(world) {}
  boost::asio::awaitable<ApiOutcome> handle(ApiCall call) override;

  // A direct look for tests; nullptr: no such table.
  dynamodb::Table* find_table(const std::string& name);

 private:
  using Operation = ApiOutcome (DynamoDbService::*)(const Json&);
  // A write whose table, key or item, condition and ReturnValues have been read and checked.
  struct Write;

  ApiOutcome create_table(const Json& arguments);
  ApiOutcome describe_table(const Json& arguments);
  ApiOutcome delete_table(const Json& arguments);
  ApiOutcome list_tables(const Json& arguments);
  ApiOutcome update_time_to_live(const Json& arguments);
  ApiOutcome describe_time_to_live(const Json& arguments);

  ApiOutcome get_item(const Json& arguments);
  ApiOutcome put_item(const Json& arguments);
  ApiOutcome update_item(const Json& arguments);
  ApiOutcome delete_item(const Json& arguments);

  std::optional<ApiError> read_write(const Json& arguments, const char* item_member, Write& write);

  World& world_;
  std::map<std::string, dynamodb::Table> tables_;
};

}  // namespace sim
