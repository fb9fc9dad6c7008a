// What the tests of idempotency share: a table in the simulated region and any number of workers,
// each with its own HTTP client, caller and store.
#pragma once

#include "consumers/idempotency/dynamodb_store.h"
#include "sim/dynamodb_service.h"
#include "sim/faults.h"
#include "sim/region.h"
#include "sim/virtual_loop.h"
#include "tests/support/sim_http_client.h"

#include <chrono>
#include <stdexcept>
#include <string>

namespace consumers::idempotency {

using namespace std::chrono_literals;
using boost::asio::awaitable;

inline constexpr const char* kTable = "idempotency";

struct Table {
  explicit Table(std::uint64_t seed = 1) : region(loop.executor(), loop.clock(), config_of(seed)) {
    base::HttpRequest request;
    request.method = "POST";
    request.url = "http://aws.test/";
    request.headers = {{"Content-Type", "application/x-amz-json-1.0"},
                       {"X-Amz-Target", "DynamoDB_20120810.CreateTable"}};
    request.body = R"({"TableName":"idempotency","BillingMode":"PAY_PER_REQUEST",)"
                   R"("KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],)"
                   R"("AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}]})";
    if (loop.run(region.handle(std::move(request))).status != 200) {
      throw std::runtime_error("the table could not be created");
    }
    region.dynamodb().find_table(kTable)->set_time_to_live("expiration");
  }

  static sim::WorldConfig config_of(std::uint64_t seed) {
    sim::WorldConfig config;
    config.keys.clear();  // signatures are the matter of other tests
    config.seed = seed;
    return config;
  }
  void add_fault(sim::FaultKind kind, double probability, std::string operation = {}) {
    sim::FaultRule rule;
    rule.kind = kind;
    rule.service = "dynamodb";
    rule.operation = std::move(operation);
    rule.probability = probability;
    region.faults().add(rule);
  }
  // nullptr: there is none. `key` with the store's prefix.
  const sim::Json* item(const std::string& key) {
    return region.dynamodb().find_table(kTable)->find({{"id", {{"S", key}}}}, loop.clock().now());
  }

  sim::VirtualLoop loop;
  sim::Region region;
};

struct TableWorker {
  TableWorker(Table& table, std::uint64_t seed, aws::RetryPolicy retry = {})
      : http([&region = table.region](
                 base::HttpRequest request) { return region.handle(std::move(request)); },
             table.loop.clock()),
        random(seed),
        caller(http, credentials, table.loop.clock(), random,
               aws::EndpointConfig{base::Region("eu-west-2"), "http://aws.test", {}}, retry),
        store(dynamodb, table.loop.clock(), random, {kTable, "test:"}) {}

  test::SimHttpClient http;
  aws::StaticCredentials credentials{
      {"AKIDEXAMPLE", base::Secret("secret"), base::Secret(), std::nullopt, "test"}};
  base::Random random;
  aws::Caller caller;
  aws::DynamoDb dynamodb{caller};
  DynamoDbStore store;
};

inline BeginRequest request_of(std::string key = "k", std::string fingerprint = "f") {
  return {std::move(key), std::move(fingerprint), 60s, 1h};
}

}  // namespace consumers::idempotency
