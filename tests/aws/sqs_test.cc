#include "aws/sqs.h"

#include "tests/aws/scripted_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace {

using base::ErrorKind;
using nlohmann::json;

const base::QueueUrl kQueue("https://sqs.eu-west-2.amazonaws.com/123456789012/q");

struct World : ScriptedWorld {
  aws::Sqs sqs{caller};

  json sent(std::size_t index = 0) const { return json::parse(http.request(index).body); }
};

TEST(Sqs, ReceiveAsksForWhatIsReadAndOutwaitsTheLongPoll) {
  World world;
  world.http.answer(200, "{}");
  const auto messages =
      world.loop.run(world.sqs.receive_message(kQueue, {.messages_max = 7,
                                                        .wait = std::chrono::seconds(20),
                                                        .visibility = std::chrono::seconds(90)}));
  EXPECT_TRUE(messages.value().empty());
  EXPECT_EQ(world.sent(), json::parse(R"({
    "QueueUrl": "https://sqs.eu-west-2.amazonaws.com/123456789012/q",
    "MaxNumberOfMessages": 7, "WaitTimeSeconds": 20, "VisibilityTimeout": 90,
    "AttributeNames": ["ApproximateReceiveCount", "SentTimestamp", "MessageGroupId",
      "MessageDeduplicationId", "AWSTraceHeader", "DeadLetterQueueSourceArn"],
    "MessageSystemAttributeNames": ["ApproximateReceiveCount", "SentTimestamp", "MessageGroupId",
      "MessageDeduplicationId", "AWSTraceHeader", "DeadLetterQueueSourceArn"],
    "MessageAttributeNames": ["All"]})"));
  EXPECT_EQ(world.http.header(0, "x-amz-target"), "AmazonSQS.ReceiveMessage");
  EXPECT_EQ(world.http.header(0, "content-type"), "application/x-amz-json-1.0");
  EXPECT_EQ(world.http.sent()[0].options.timeout, std::chrono::seconds(30));
}

TEST(Sqs, ReceiveNamesItsAttemptOnlyWhenItHasOne) {
  World world;
  world.http.answer(200, "{}").answer(200, "{}");
  world.loop.run(world.sqs.receive_message(kQueue, {}));
  aws::ReceiveOptions options;
  options.attempt_id = "attempt-1";
  world.loop.run(world.sqs.receive_message(kQueue, options));
  EXPECT_FALSE(world.sent(0).contains("ReceiveRequestAttemptId"));
  EXPECT_EQ(world.sent(1)["ReceiveRequestAttemptId"], "attempt-1");
}

TEST(Sqs, ReceiveReadsAWholeMessage) {
  World world;
  world.http.answer(200, R"({"Messages":[{"MessageId":"m-1","ReceiptHandle":"h-1",
    "Body":"{\"a\":1}","MD5OfBody":"x",
    "Attributes":{"ApproximateReceiveCount":"3","SentTimestamp":"1767323045123",
      "MessageGroupId":"g","MessageDeduplicationId":"d","SenderId":"AIDA",
      "AWSTraceHeader":"Root=1-2-3"},
    "MessageAttributes":{"n":{"DataType":"Number","StringValue":"5"},
      "b":{"DataType":"Binary.png","BinaryValue":"AAEC"}}},
    {"MessageId":"m-2","ReceiptHandle":"h-2","Body":""}]})");
  const auto messages = world.loop.run(world.sqs.receive_message(kQueue, {})).value();
  ASSERT_EQ(messages.size(), 2U);
  const aws::SqsMessage& first = messages[0];
  EXPECT_EQ(first.message_id, "m-1");
  EXPECT_EQ(first.receipt_handle.value, "h-1");
  EXPECT_EQ(first.body, R"({"a":1})");
  EXPECT_EQ(first.receive_count, 3);
  EXPECT_EQ(base::format_rfc3339(first.sent_at), "2026-01-02T03:04:05.123Z");
  EXPECT_EQ(first.group_id, "g");
  EXPECT_EQ(first.attributes.at("n").value, "5");
  EXPECT_EQ(first.attributes.at("b").data_type, "Binary.png");
  EXPECT_EQ(first.attributes.at("b").value, "AAEC");
  // What was not asked for is not kept, whatever the server sends.
  EXPECT_EQ(first.system_attributes, (aws::FlatMap<std::string>{{"AWSTraceHeader", "Root=1-2-3"},
                                                                {"MessageDeduplicationId", "d"}}));
  EXPECT_EQ(messages[1].receive_count, 1);
  EXPECT_TRUE(messages[1].body.empty());
}

TEST(Sqs, ReceiveToleratesNumbersItCannotRead) {
  World world;
  world.http.answer(200, R"({"Messages":[{"MessageId":"m","ReceiptHandle":"h","Body":"b",
    "Attributes":{"ApproximateReceiveCount":"many","SentTimestamp":"99999999999999999999"}}]})");
  const auto messages = world.loop.run(world.sqs.receive_message(kQueue, {})).value();
  EXPECT_EQ(messages.at(0).receive_count, 1);
  EXPECT_EQ(messages.at(0).sent_at, base::TimePoint{});
}

TEST(Sqs, MalformedAnswersAreTransientErrors) {
  for (const char* body : {"", "<html/>", "[]", R"({"Messages":5})", R"({"Messages":["x"]})",
                           R"({"Messages":[{"MessageId":"m","Body":"no handle"}]})"}) {
    World world;
    world.http.answer(200, body);
    const auto error = world.loop.run(world.sqs.receive_message(kQueue, {})).error();
    EXPECT_EQ(error.kind, ErrorKind::kRetry) << body;
    EXPECT_EQ(error.code, "MalformedResponse") << body;
  }
}

TEST(Sqs, DeleteBatchMapsFailuresToTheirEntries) {
  World world;
  world.http.answer(200, R"({"Successful":[{"Id":"2"},{"Id":"0"}],
    "Failed":[{"Id":"1","Code":"ReceiptHandleIsInvalid","Message":"bad","SenderFault":true},
              {"Id":"3","Code":"InternalError","SenderFault":false},
              {"Id":"77","Code":"InternalError"}]})");
  std::vector<base::ReceiptHandle> handles;
  for (const char* handle : {"a", "b", "c", "d", "e"}) handles.emplace_back(handle);
  const auto results = world.loop.run(world.sqs.delete_message_batch(kQueue, handles)).value();
  EXPECT_EQ(world.sent()["Entries"][1], json::parse(R"({"Id":"1","ReceiptHandle":"b"})"));
  ASSERT_EQ(results.size(), 5U);
  EXPECT_TRUE(results[0].has_value());
  EXPECT_EQ(results[1].error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(results[1].error().message, "bad");
  EXPECT_TRUE(results[2].has_value());
  EXPECT_EQ(results[3].error().kind, ErrorKind::kRetry);
  EXPECT_EQ(results[4].error().code, "MissingBatchEntry");
  EXPECT_EQ(results[4].error().kind, ErrorKind::kRetry);
}

TEST(Sqs, ChangeVisibilityBatchKnowsLostMessages) {
  World world;
  world.http.answer(200, R"({"Successful":[],"Failed":[
    {"Id":"0","Code":"MessageNotInflight","Message":"gone","SenderFault":true},
    {"Id":"1","Code":"AWS.SimpleQueueService.MessageNotInflight","SenderFault":true}]})");
  const auto results = world.loop
                           .run(world.sqs.change_message_visibility_batch(
                               kQueue, {{base::ReceiptHandle("a"), std::chrono::seconds(60)},
                                        {base::ReceiptHandle("b"), std::chrono::seconds(0)}}))
                           .value();
  EXPECT_EQ(world.sent()["Entries"],
            json::parse(R"([{"Id":"0","ReceiptHandle":"a","VisibilityTimeout":60},
                            {"Id":"1","ReceiptHandle":"b","VisibilityTimeout":0}])"));
  for (const auto& result : results) EXPECT_EQ(result.error().kind, ErrorKind::kNotFound);
}

TEST(Sqs, BatchesOfNoneOrTooManyAreNotSent) {
  World world;
  EXPECT_TRUE(world.loop.run(world.sqs.delete_message_batch(kQueue, {})).value().empty());
  const std::vector<base::ReceiptHandle> eleven(11, base::ReceiptHandle("h"));
  EXPECT_EQ(world.loop.run(world.sqs.delete_message_batch(kQueue, eleven)).error().kind,
            ErrorKind::kInvalid);
  EXPECT_TRUE(world.http.sent().empty());
}

TEST(Sqs, SendNamesOnlyWhatWasGiven) {
  World world;
  world.http.answer(200, R"({"MessageId":"m-9"})").answer(200, R"({"MessageId":"m-10"})");
  aws::SendOptions plain;
  plain.queue = kQueue;
  plain.body = "hello";
  EXPECT_EQ(world.loop.run(world.sqs.send_message(plain)).value(), "m-9");
  EXPECT_EQ(world.sent(), json({{"QueueUrl", kQueue.value}, {"MessageBody", "hello"}}));

  aws::SendOptions full = plain;
  full.group_id = "g";
  full.deduplication_id = "d";
  full.delay = std::chrono::seconds(9);
  full.attributes["reason"] = {"String", "why"};
  full.attributes["raw"] = {"Binary", "AAEC"};
  full.trace_header = "Root=1-5759e988-bd862e3fe1be46a994272793";
  EXPECT_EQ(world.loop.run(world.sqs.send_message(full)).value(), "m-10");
  EXPECT_EQ(world.sent(1), json::parse(R"({
    "QueueUrl": "https://sqs.eu-west-2.amazonaws.com/123456789012/q", "MessageBody": "hello",
    "MessageGroupId": "g", "MessageDeduplicationId": "d", "DelaySeconds": 9,
    "MessageAttributes": {"reason": {"DataType": "String", "StringValue": "why"},
                          "raw": {"DataType": "Binary", "BinaryValue": "AAEC"}},
    "MessageSystemAttributes": {"AWSTraceHeader": {"DataType": "String",
      "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}}})"));
}

TEST(Sqs, RefusesABodyThatJsonCannotCarry) {
  World world;
  aws::SendOptions options;
  options.queue = kQueue;
  options.body = "\xFF\xFE";
  EXPECT_EQ(world.loop.run(world.sqs.send_message(options)).error().kind, ErrorKind::kInvalid);
  EXPECT_TRUE(world.http.sent().empty());
}

TEST(Sqs, FindsAQueueOrSaysWhichIsMissing) {
  World world;
  world.http.answer(200, R"({"QueueUrl":"http://localhost/1/q"})")
      .answer(400, R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no such queue"})");
  EXPECT_EQ(world.loop.run(world.sqs.get_queue_url("q")).value().value, "http://localhost/1/q");
  EXPECT_EQ(world.sent(), json({{"QueueName", "q"}}));
  const auto error = world.loop.run(world.sqs.get_queue_url("lost")).error();
  EXPECT_EQ(error.kind, ErrorKind::kNotFound);
  EXPECT_NE(error.message.find("queue 'lost'"), std::string::npos);
}

TEST(Sqs, LeavesAttributesAsText) {
  World world;
  world.http.answer(200, R"({"Attributes":{"VisibilityTimeout":"30",
    "CreatedTimestamp":"1795162487.673498","Odd":5}})");
  const auto attributes = world.loop.run(world.sqs.get_queue_attributes(kQueue)).value();
  EXPECT_EQ(attributes,
            (std::map<std::string, std::string>{{"VisibilityTimeout", "30"},
                                                {"CreatedTimestamp", "1795162487.673498"}}));
}

}  // namespace
