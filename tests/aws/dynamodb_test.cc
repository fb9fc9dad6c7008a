#include "aws/dynamodb.h"

#include "tests/aws/scripted_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace {

using nlohmann::json;

struct World : ScriptedWorld {
  aws::DynamoDb dynamodb{caller};
};

aws::ConditionalWrite write_of(std::string update = {}) {
  return {.table = "jobs",
          .item = {{"id", aws::string_value("k")}, {"n", aws::number_value(-7)}},
          .update = std::move(update),
          .condition = "attribute_not_exists(#id)",
          .names = {{"#id", "id"}},
          .values = {{":x", aws::string_value("")}}};
}

constexpr const char* kConditionFailed =
    R"({"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",)"
    R"("Item":{"id":{"S":"k"},"n":{"N":"1e3"},"e":{"S":""},"l":{"L":[]}},)"
    R"("message":"The conditional request failed"})";

TEST(DynamoDb, SendsAnItemWithItsConditionAndAsksForWhatIsThereInstead) {
  World world;
  world.http.answer(200, "{}");
  EXPECT_TRUE(world.loop.run(world.dynamodb.put_item(write_of()))->written);
  EXPECT_EQ(json::parse(world.http.request(0).body),
            json::parse(R"json({"TableName":"jobs","Item":{"id":{"S":"k"},"n":{"N":"-7"}},
                                "ConditionExpression":"attribute_not_exists(#id)",
                                "ExpressionAttributeNames":{"#id":"id"},
                                "ExpressionAttributeValues":{":x":{"S":""}},
                                "ReturnValuesOnConditionCheckFailure":"ALL_OLD"})json"));
  EXPECT_EQ(world.http.header(0, "x-amz-target"), "DynamoDB_20120810.PutItem");
  EXPECT_EQ(world.http.header(0, "content-type"), "application/x-amz-json-1.0");
  EXPECT_EQ(world.http.request(0).url, "https://dynamodb.eu-west-2.amazonaws.com/");
}

TEST(DynamoDb, NamesTheKeyWhenItUpdatesOrDeletes) {
  World world;
  world.http.answer(200, "{}").answer(200, "{}");
  world.loop.run(world.dynamodb.update_item(write_of("SET #id = :x"))).value();
  world.loop.run(world.dynamodb.delete_item(write_of())).value();
  const json update = json::parse(world.http.request(0).body);
  EXPECT_EQ(update["UpdateExpression"], "SET #id = :x");
  EXPECT_EQ(update["Key"]["id"]["S"], "k");
  EXPECT_EQ(world.http.header(0, "x-amz-target"), "DynamoDB_20120810.UpdateItem");
  EXPECT_EQ(json::parse(world.http.request(1).body)["Key"]["id"]["S"], "k");
  EXPECT_EQ(world.http.header(1, "x-amz-target"), "DynamoDB_20120810.DeleteItem");
}

TEST(DynamoDb, TakesAFailedConditionAsAnAnswerThatIsNotRepeated) {
  World world;
  world.http.answer(400, kConditionFailed);
  const auto outcome = world.loop.run(world.dynamodb.put_item(write_of())).value();
  EXPECT_FALSE(outcome.written);
  EXPECT_EQ(outcome.found, (aws::Item{{"id", aws::string_value("k")},
                                      {"n", {aws::AttributeValue::Type::kNumber, "1e3"}},
                                      {"e", aws::string_value("")}}));
  EXPECT_EQ(world.http.sent().size(), 1U);
  EXPECT_EQ(world.caller.quota().tokens(), aws::RetryQuota::kCapacity);
}

TEST(DynamoDb, LeavesTheItemEmptyWhenARefusalComesWithoutIt) {
  World world;
  world.http.answer(400, R"({"__type":"x#ConditionalCheckFailedException","message":"m"})");
  const auto outcome = world.loop.run(world.dynamodb.delete_item(write_of())).value();
  EXPECT_FALSE(outcome.written);
  EXPECT_TRUE(outcome.found.empty());
}

TEST(DynamoDb, RepeatsWhatIsThrottledOrInConflict) {
  for (const char* code : {"ProvisionedThroughputExceededException", "ThrottlingException",
                           "TransactionConflictException", "InternalServerError"}) {
    World world;
    world.http.answer(400, std::string(R"({"__type":"x#)") + code + R"(","message":"m"})")
        .answer(200, "{}");
    EXPECT_TRUE(world.loop.run(world.dynamodb.put_item(write_of())).value().written) << code;
    EXPECT_EQ(world.http.sent().size(), 2U) << code;
  }
}

TEST(DynamoDb, NamesTheTableInAnError) {
  World world;
  world.http.answer(400, R"({"__type":"x#ResourceNotFoundException","message":"not found"})");
  const auto error = world.loop.run(world.dynamodb.put_item(write_of())).error();
  EXPECT_EQ(error.kind, base::ErrorKind::kNotFound);
  EXPECT_NE(error.message.find("table 'jobs'"), std::string::npos) << error.message;
}

TEST(DynamoDb, RefusesToSendWhatIsNotUtf8) {
  World world;
  aws::ConditionalWrite write = write_of();
  write.item["id"] = aws::string_value("\xFF");
  EXPECT_EQ(world.loop.run(world.dynamodb.put_item(std::move(write))).error().kind,
            base::ErrorKind::kInvalid);
  EXPECT_TRUE(world.http.sent().empty());
}

TEST(DynamoDb, TakesASuccessThatIsNoJsonAsPassing) {
  World world;
  world.http.answer(200, "<html>");
  EXPECT_EQ(world.loop.run(world.dynamodb.put_item(write_of())).error().kind,
            base::ErrorKind::kRetry);
}

}  // namespace
