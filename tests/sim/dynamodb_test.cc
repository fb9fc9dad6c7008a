// The simulated DynamoDB: items under conditions, updates, tables and time to live.
#include "sim/dynamodb_service.h"
#include "tests/sim/region_rig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sim {
namespace {

using ::testing::HasSubstr;

class DynamoDb : public RegionRig {
 protected:
  DynamoDb() {
    const Json answer = call("CreateTable", *parse_json(R"({
        "TableName":"jobs","BillingMode":"PAY_PER_REQUEST",
        "KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],
        "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}]})"));
    EXPECT_EQ(answer["TableDescription"]["TableStatus"], "ACTIVE") << answer;
  }

  Json call(const std::string& operation, Json arguments) {
    if (!arguments.contains("TableName")) arguments["TableName"] = "jobs";
    return json("DynamoDB_20120810." + operation, arguments);
  }
  Json call(const std::string& operation, const char* arguments) {
    return call(operation, *parse_json(arguments));
  }
  Json item(const std::string& id = "a") {
    return call("GetItem", Json{{"Key", {{"id", {{"S", id}}}}}}).value("Item", Json());
  }
  // "" when the condition holds for {"id":"a","n":5,"s":"x"}; else the error's code and message.
  std::string judge(const std::string& condition, Json names = Json::object(),
                    Json values = Json::object()) {
    call("PutItem", R"({"Item":{"id":{"S":"a"},"n":{"N":"5"},"s":{"S":"x"}}})");
    Json arguments = {{"Key", {{"id", {{"S", "a"}}}}}, {"ConditionExpression", condition}};
    if (!names.empty()) arguments["ExpressionAttributeNames"] = std::move(names);
    if (!values.empty()) arguments["ExpressionAttributeValues"] = std::move(values);
    const Json answer = call("DeleteItem", arguments);
    if (!answer.contains("__type")) return "";
    return answer["__type"].get<std::string>() + ": " + answer.value("message", "");
  }
};

constexpr const char* kFailed =
    "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException: The conditional request "
    "failed";

TEST_F(DynamoDb, KeepsAnItemUntilItIsDeleted) {
  EXPECT_EQ(call("PutItem", R"({"Item":{"id":{"S":"a"},"n":{"N":"1"}}})"), Json::object());
  EXPECT_EQ(item(), *parse_json(R"({"id":{"S":"a"},"n":{"N":"1"}})"));
  const Json replaced = call("PutItem", R"({"Item":{"id":{"S":"a"}},"ReturnValues":"ALL_OLD"})");
  EXPECT_EQ(replaced["Attributes"]["n"]["N"], "1");
  const Json deleted = call("DeleteItem", R"({"Key":{"id":{"S":"a"}},"ReturnValues":"ALL_OLD"})");
  EXPECT_EQ(deleted["Attributes"], *parse_json(R"({"id":{"S":"a"}})"));
  EXPECT_TRUE(item().is_null());
  EXPECT_EQ(call("DeleteItem", R"({"Key":{"id":{"S":"a"}}})"), Json::object());
}

TEST_F(DynamoDb, JudgesConditionsAsAwsDoes) {
  struct Row {
    const char* condition;
    bool holds;
  };
  const Json values =
      *parse_json(R"({":five":{"N":"5.0"},":six":{"N":"6"},":x":{"S":"x"},":y":{"S":"y"}})");
  for (const Row& row : {
           Row{"n = :five", true},
           Row{"n = :x", false},
           Row{"n <> :x", true},
           Row{"absent <> :x", true},
           Row{"absent = :x", false},
           Row{"absent < :six", false},
           Row{"NOT absent < :six", true},
           Row{"n < :six", true},
           Row{"n <= :five", true},
           Row{"n > :five", false},
           Row{"n >= :five", true},
           Row{"s < :y", true},
           Row{"s < :six", false},
           Row{":five < :six", true},
           Row{"attribute_exists(s)", true},
           Row{"attribute_not_exists(s)", false},
           Row{"attribute_not_exists (absent) AND attribute_exists (n)", true},
           // AND binds more tightly than OR, NOT more tightly than AND.
           Row{"n = :five OR n = :six AND s = :y", true},
           Row{"(n = :five OR n = :six) AND s = :y", false},
           Row{"NOT n = :six AND s = :y", false},
           Row{"NOT (n = :six AND s = :y)", true},
           Row{"not n = :six and s = :x", true},
       }) {
    const std::string condition = row.condition;
    Json used = Json::object();
    for (const auto& [name, value] : values.items()) {
      if (condition.find(name) != std::string::npos) used[name] = value;
    }
    EXPECT_EQ(judge(condition, {}, used), row.holds ? "" : kFailed) << condition;
  }
}

TEST_F(DynamoDb, SendsTheItemWithARefusalWhenAsked) {
  call("PutItem", R"({"Item":{"id":{"S":"a"},"n":{"N":"5"}}})");
  Json put = *parse_json(
      R"json({"Item":{"id":{"S":"a"}},"ConditionExpression":"attribute_not_exists(id)"})json");
  EXPECT_FALSE(call("PutItem", put).contains("Item"));
  put["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD";
  const Json refused = call("PutItem", put);
  EXPECT_THAT(error_of(refused), HasSubstr("#ConditionalCheckFailedException"));
  EXPECT_EQ(refused["Item"], *parse_json(R"({"id":{"S":"a"},"n":{"N":"5"}})"));
  EXPECT_EQ(item()["n"]["N"], "5");
  Json absent = *parse_json(R"json({"Key":{"id":{"S":"b"}},"ConditionExpression":
      "attribute_exists(id)","ReturnValuesOnConditionCheckFailure":"ALL_OLD"})json");
  EXPECT_FALSE(call("DeleteItem", absent).contains("Item"));
}

TEST_F(DynamoDb, UpdatesFromTheItemAsItWasAndCreatesWhatIsNotThere) {
  Json update = *parse_json(R"json({"Key":{"id":{"S":"a"}},"ReturnValues":"ALL_NEW",
      "UpdateExpression":"SET #n = :one, b = if_not_exists(b, :two)",
      "ExpressionAttributeNames":{"#n":"n"},
      "ExpressionAttributeValues":{":one":{"N":"1"},":two":{"N":"2"}}})json");
  EXPECT_EQ(call("UpdateItem", update)["Attributes"],
            *parse_json(R"({"id":{"S":"a"},"n":{"N":"1"},"b":{"N":"2"}})"));
  // n and b change places; both are read before either is written.
  const Json swap = *parse_json(R"({"Key":{"id":{"S":"a"}},"ReturnValues":"UPDATED_OLD",
      "UpdateExpression":"set n = b, b = n remove gone"})");
  EXPECT_EQ(call("UpdateItem", swap)["Attributes"],
            *parse_json(R"({"n":{"N":"1"},"b":{"N":"2"}})"));
  EXPECT_EQ(item()["n"]["N"], "2");
  EXPECT_EQ(item()["b"]["N"], "1");
  const Json removed = *parse_json(
      R"({"Key":{"id":{"S":"a"}},"ReturnValues":"UPDATED_NEW","UpdateExpression":"REMOVE n,b"})");
  EXPECT_EQ(call("UpdateItem", removed), Json::object());
  EXPECT_EQ(item(), *parse_json(R"({"id":{"S":"a"}})"));
}

TEST_F(DynamoDb, RemovesAnItemSomeTimeAfterItsTimeToLive) {
  const Json on =
      *parse_json(R"({"TimeToLiveSpecification":{"Enabled":true,"AttributeName":"expiration"}})");
  EXPECT_EQ(call("UpdateTimeToLive", on)["TimeToLiveSpecification"]["Enabled"], true);
  EXPECT_THAT(error_of(call("UpdateTimeToLive", on)), HasSubstr("ValidationException"));
  EXPECT_EQ(call("DescribeTimeToLive", "{}")["TimeToLiveDescription"]["AttributeName"],
            "expiration");
  const auto in_a_minute = std::chrono::floor<std::chrono::seconds>(loop.clock().now() + 60s);
  call("PutItem",
       Json{{"Item",
             {{"id", {{"S", "a"}}},
              {"expiration", {{"N", std::to_string(in_a_minute.time_since_epoch().count())}}}}}});
  loop.run_for(5min);
  EXPECT_FALSE(item().is_null());  // expired, but still there: readers must look at the time
  loop.run_for(1h);
  EXPECT_TRUE(item().is_null());
}

TEST_F(DynamoDb, ListsAndDeletesTables) {
  for (const char* name : {"other", "third"}) {
    call("CreateTable",
         Json{{"TableName", name},
              {"BillingMode", "PAY_PER_REQUEST"},
              {"KeySchema", {{{"AttributeName", "id"}, {"KeyType", "HASH"}}}},
              {"AttributeDefinitions", {{{"AttributeName", "id"}, {"AttributeType", "N"}}}}});
  }
  const Json first = call("ListTables", R"({"Limit":2})");
  EXPECT_EQ(first,
            *parse_json(R"({"LastEvaluatedTableName":"other","TableNames":["jobs","other"]})"));
  EXPECT_EQ(call("ListTables", R"({"ExclusiveStartTableName":"other"})"),
            *parse_json(R"({"TableNames":["third"]})"));
  call("PutItem", R"({"TableName":"other","Item":{"id":{"N":"1"}}})");
  EXPECT_EQ(call("DescribeTable", R"({"TableName":"other"})")["Table"]["ItemCount"], 1);
  // 1 and 1.0 are the same key.
  EXPECT_TRUE(
      call("GetItem", R"({"TableName":"other","Key":{"id":{"N":"1.0"}}})").contains("Item"));
  EXPECT_EQ(call("DeleteTable", R"({"TableName":"other"})")["TableDescription"]["TableStatus"],
            "DELETING");
  EXPECT_THAT(error_of(call("DescribeTable", R"({"TableName":"other"})")),
              HasSubstr("#ResourceNotFoundException"));
}

TEST_F(DynamoDb, IsThrottledInItsOwnWords) {
  FaultRule rule;
  rule.service = "dynamodb";
  rule.count = 1;
  region.faults().add(rule);
  EXPECT_EQ(error_of(call("GetItem", R"({"Key":{"id":{"S":"a"}}})")),
            "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException");
  EXPECT_EQ(call("GetItem", R"({"Key":{"id":{"S":"a"}}})"), Json::object());
}

struct Refusal {
  const char* name;
  const char* operation;
  const char* arguments;
  const char* error;  // in "__type: message"
};

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.name; }

class DynamoDbRefuses : public DynamoDb, public ::testing::WithParamInterface<Refusal> {};

const Refusal kRefusals[] = {
    {"UnknownTable", "PutItem", R"({"TableName":"none","Item":{"id":{"S":"a"}}})",
     "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException: Requested resource not found"},
    {"NoTable", "PutItem", R"({"TableName":null,"Item":{"id":{"S":"a"}}})",
     "com.amazon.coral.validate#ValidationException: 1 validation error detected: Value null at "
     "'tableName'"},
    {"ItemWithoutKey", "PutItem", R"({"Item":{"n":{"N":"1"}}})", "Missing the key id in the item"},
    {"KeyOfAnotherType", "PutItem", R"({"Item":{"id":{"N":"1"}}})",
     "Type mismatch for key id expected: S actual: N"},
    {"EmptyKey", "PutItem", R"({"Item":{"id":{"S":""}}})",
     "cannot contain an empty string value. Key: id"},
    {"KeyBesideTheSchema", "GetItem", R"({"Key":{"id":{"S":"a"},"n":{"N":"1"}}})",
     "The provided key element does not match the schema"},
    {"NoNumber", "PutItem", R"({"Item":{"id":{"S":"a"},"n":{"N":"1x"}}})",
     "The parameter cannot be converted to a numeric value: 1x"},
    {"LongNumber", "PutItem",
     R"({"Item":{"id":{"S":"a"},"n":{"N":"123456789012345678901234567890123456789"}}})",
     "more than 38 significant digits"},
    {"LargeNumber", "PutItem", R"({"Item":{"id":{"S":"a"},"n":{"N":"1e126"}}})", "Number overflow"},
    {"NoType", "PutItem", R"({"Item":{"id":{"S":"a"},"n":{}}})", "must contain exactly one"},
    {"TwoTypes", "PutItem", R"({"Item":{"id":{"S":"a"},"n":{"N":"1","S":"1"}}})",
     "more than one datatypes set"},
    {"NumberAsJsonNumber", "PutItem", R"({"Item":{"id":{"S":"a"},"n":{"N":1}}})",
     "SerializationException"},
    {"EmptyExpression", "DeleteItem", R"({"Key":{"id":{"S":"a"}},"ConditionExpression":""})",
     "Invalid ConditionExpression: The expression can not be empty;"},
    {"BareHyphen", "DeleteItem", R"({"Key":{"id":{"S":"a"}},"ConditionExpression":"a-b"})",
     "Invalid ConditionExpression: Syntax error; token: \"-\", near: \"a-b\""},
    {"UnfinishedExpression", "DeleteItem",
     R"json({"Key":{"id":{"S":"a"}},"ConditionExpression":"attribute_exists(a) AND NOT b"})json",
     "Syntax error; token: \"<EOF>\", near: \"b\""},
    {"RedundantParentheses", "DeleteItem",
     R"json({"Key":{"id":{"S":"a"}},"ConditionExpression":"((attribute_exists(a)))"})json",
     "The expression has redundant parentheses;"},
    {"UnknownFunction", "DeleteItem",
     R"json({"Key":{"id":{"S":"a"}},"ConditionExpression":"attribute_is(a)"})json",
     "Invalid function name; function: attribute_is"},
    {"FunctionThatIsNotSimulated", "DeleteItem",
     R"json({"Key":{"id":{"S":"a"}},"ConditionExpression":"contains(a, b)"})json",
     "the function contains is not simulated"},
    {"NameNotDefined", "DeleteItem",
     R"json({"Key":{"id":{"S":"a"}},"ConditionExpression":"attribute_exists(#a)"})json",
     "An expression attribute name used in the document path is not defined; attribute name: #a"},
    {"ValueNotDefined", "DeleteItem", R"({"Key":{"id":{"S":"a"}},"ConditionExpression":"a = :b"})",
     "An expression attribute value used in expression is not defined; attribute value: :b"},
    {"ValueNotUsed", "DeleteItem",
     R"json({"Key":{"id":{"S":"a"}},"ConditionExpression":"attribute_exists(a)",
         "ExpressionAttributeValues":{":b":{"S":"x"}}})json",
     "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}"},
    {"ValuesWithoutExpression", "DeleteItem",
     R"({"Key":{"id":{"S":"a"}},"ExpressionAttributeValues":{":b":{"S":"x"}}})",
     "ExpressionAttributeValues can only be specified when using expressions"},
    {"OrderOfABoolean", "DeleteItem",
     R"({"Key":{"id":{"S":"a"}},"ConditionExpression":"a < :b",
         "ExpressionAttributeValues":{":b":{"BOOL":true}}})",
     "Incorrect operand type for operator or function; operator: <, operand type: BOOL"},
    {"UpdateOfTheKey", "UpdateItem", R"({"Key":{"id":{"S":"a"}},"UpdateExpression":"SET id = b"})",
     "Cannot update attribute id. This attribute is part of the key"},
    {"UpdateTwice", "UpdateItem",
     R"({"Key":{"id":{"S":"a"}},"UpdateExpression":"SET b = c REMOVE b"})",
     "Two document paths overlap with each other"},
    {"SectionTwice", "UpdateItem",
     R"({"Key":{"id":{"S":"a"}},"UpdateExpression":"REMOVE b REMOVE c"})",
     "The \"REMOVE\" section can only be used once"},
    {"UpdateFromNothing", "UpdateItem",
     R"({"Key":{"id":{"S":"a"}},"UpdateExpression":"SET b = c"})",
     "refers to an attribute that does not exist in the item"},
    {"Arithmetic", "UpdateItem", R"({"Key":{"id":{"S":"a"}},"UpdateExpression":"SET b = c + d"})",
     "arithmetic is not simulated"},
    {"UpdateWithoutSection", "UpdateItem", R"({"Key":{"id":{"S":"a"}},"UpdateExpression":"b = c"})",
     "Syntax error; token: \"b\""},
    {"OldValuesOfAPut", "PutItem", R"({"Item":{"id":{"S":"a"}},"ReturnValues":"ALL_NEW"})",
     "ReturnValues can only be ALL_OLD or NONE"},
    {"Projection", "GetItem", R"({"Key":{"id":{"S":"a"}},"ProjectionExpression":"a"})",
     "ProjectionExpression is not simulated"},
    {"Query", "Query", "{}", "UnknownOperationException"},
    {"TableThatIsThere", "CreateTable",
     R"({"BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],
         "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}]})",
     "ResourceInUseException: Table already exists: jobs"},
};

TEST_P(DynamoDbRefuses, InAwsOwnWords) {
  const Json answer = call(GetParam().operation, GetParam().arguments);
  EXPECT_THAT(error_of(answer) + ": " + answer.value("message", ""), HasSubstr(GetParam().error));
  EXPECT_TRUE(item().is_null());
}

INSTANTIATE_TEST_SUITE_P(Table, DynamoDbRefuses, ::testing::ValuesIn(kRefusals),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_F(DynamoDb, RefusesWhatIsLargerThanAnItemMayBe) {
  const std::string large(400 * 1024, 'x');
  const Json put = call("PutItem", Json{{"Item", {{"id", {{"S", "a"}}}, {"d", {{"S", large}}}}}});
  EXPECT_EQ(put["message"], "Item size has exceeded the maximum allowed size");
  const Json update =
      call("UpdateItem", Json{{"Key", {{"id", {{"S", "a"}}}}},
                              {"UpdateExpression", "SET d = :d"},
                              {"ExpressionAttributeValues", {{":d", {{"S", large}}}}}});
  EXPECT_EQ(update["message"], "Item size to update has exceeded the maximum allowed size");
  EXPECT_TRUE(item().is_null());
}

TEST_F(DynamoDb, DoesNotRecurseAsDeepAsItIsTold) {
  std::string deep(1900, '(');
  EXPECT_THAT(judge(deep), HasSubstr("too many operators"));
  std::string nots;
  for (int i = 0; i < 1000; ++i) nots += "NOT ";
  EXPECT_THAT(judge(nots), HasSubstr("too many operators"));
  EXPECT_THAT(judge(std::string(5000, 'a')), HasSubstr("expression size: 5000"));
}

}  // namespace
}  // namespace sim
