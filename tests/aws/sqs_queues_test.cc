// Sqs: batches of sends, lists of queues, move tasks.
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

std::vector<aws::SendOptions> entries(std::size_t count) {
  std::vector<aws::SendOptions> list(count);
  for (std::size_t i = 0; i < count; ++i) {
    list[i].queue = kQueue;
    list[i].body = "body " + std::to_string(i);
  }
  return list;
}

TEST(SqsSendBatch, WritesEveryMemberAndReadsEveryEntryByItsId) {
  World world;
  world.http.answer(200,
                    R"({"Successful":[{"Id":"2","MessageId":"m-2"},{"Id":"0","MessageId":"m-0"}],
    "Failed":[{"Id":"1","SenderFault":true,"Code":"InvalidParameterValue","Message":"long"}]})");
  auto list = entries(4);
  list[1].group_id = "g";
  list[1].deduplication_id = "d";
  list[1].attributes["n"] = {"Number", "5"};
  list[1].trace_header = "Root=1-2-3";
  const auto sent = world.loop.run(world.sqs.send_message_batch(list)).value();
  EXPECT_EQ(world.sent()["QueueUrl"], kQueue.value);
  EXPECT_EQ(world.sent()["Entries"].size(), 4U);
  EXPECT_EQ(world.sent()["Entries"][1], json::parse(R"({"Id":"1","MessageBody":"body 1",
    "MessageGroupId":"g","MessageDeduplicationId":"d",
    "MessageAttributes":{"n":{"DataType":"Number","StringValue":"5"}},
    "MessageSystemAttributes":{
      "AWSTraceHeader":{"DataType":"String","StringValue":"Root=1-2-3"}}})"));
  ASSERT_EQ(sent.size(), 4U);
  EXPECT_EQ(sent[0].value(), "m-0");
  EXPECT_EQ(sent[1].error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(sent[2].value(), "m-2");
  EXPECT_EQ(sent[3].error().code, "MissingBatchEntry");
}

TEST(SqsSendBatch, IsNotSentAgainWhereSqsMayHaveTakenIt) {
  World world;
  world.http.answer(500, R"({"__type":"InternalError"})").answer(200, "{}");
  const auto sent = world.loop.run(world.sqs.send_message_batch(entries(1)));
  EXPECT_EQ(sent.error().kind, ErrorKind::kRetry);
  EXPECT_EQ(world.http.sent().size(), 1U);
}

TEST(SqsSendBatch, RefusesMoreEntriesThanSqsTakes) {
  World world;
  const auto sent = world.loop.run(world.sqs.send_message_batch(entries(11)));
  EXPECT_EQ(sent.error().kind, ErrorKind::kInvalid);
  EXPECT_TRUE(world.http.sent().empty());
}

TEST(SqsQueues, ListsFollowTheirPages) {
  World world;
  world.http.answer(200, R"({"QueueUrls":["u1","u2"],"NextToken":"t"})")
      .answer(200, R"({"QueueUrls":["u3"]})")
      .answer(200, R"({"queueUrls":["s1"]})");
  EXPECT_EQ(world.loop.run(world.sqs.list_queues("pre")).value().size(), 3U);
  EXPECT_EQ(world.sent(0), json::parse(R"({"QueueNamePrefix":"pre","MaxResults":1000})"));
  EXPECT_EQ(world.sent(1)["NextToken"], "t");
  const auto sources = world.loop.run(world.sqs.list_dead_letter_source_queues(kQueue)).value();
  EXPECT_EQ(sources, (std::vector{base::QueueUrl("s1")}));
}

TEST(SqsQueues, AnArnIsReadWholeOrNotAtAll) {
  const auto arn = aws::parse_sqs_arn("arn:aws:sqs:eu-west-2:123456789012:q.fifo");
  EXPECT_EQ(arn.region, "eu-west-2");
  EXPECT_EQ(arn.account, "123456789012");
  EXPECT_EQ(arn.name, "q.fifo");
  for (const char* text : {"", "q", "arn:aws:sns:eu-west-2:123456789012:q",
                           "arn:aws:sqs:eu-west-2:1:", "arn:aws:sqs:eu-west-2:1:q:more"}) {
    EXPECT_EQ(aws::parse_sqs_arn(text).name, "") << text;
  }
}

TEST(SqsMoves, AreStartedListedAndCancelled) {
  World world;
  world.http.answer(200, R"({"TaskHandle":"h"})")
      .answer(200, R"({"Results":[{"TaskHandle":"h","Status":"RUNNING","SourceArn":"a",
        "ApproximateNumberOfMessagesMoved":3,"ApproximateNumberOfMessagesToMove":9,
        "StartedTimestamp":1767323045123},{"Status":"FAILED","FailureReason":"why"}]})")
      .answer(200, R"({"ApproximateNumberOfMessagesMoved":4})");
  aws::MoveTaskOptions options;
  options.source_arn = "a";
  options.rate = 7;
  EXPECT_EQ(world.loop.run(world.sqs.start_message_move_task(options)).value(), "h");
  EXPECT_EQ(world.sent(0), json::parse(R"({"SourceArn":"a","MaxNumberOfMessagesPerSecond":7})"));
  const auto tasks = world.loop.run(world.sqs.list_message_move_tasks("a")).value();
  ASSERT_EQ(tasks.size(), 2U);
  EXPECT_EQ(tasks[0].status, "RUNNING");
  EXPECT_EQ(tasks[0].moved, 3);
  EXPECT_EQ(tasks[0].to_move, 9);
  EXPECT_EQ(base::format_rfc3339(tasks[0].started_at), "2026-01-02T03:04:05.123Z");
  EXPECT_EQ(tasks[1].failure_reason, "why");
  EXPECT_EQ(world.loop.run(world.sqs.cancel_message_move_task("h")).value(), 4);
  EXPECT_EQ(world.sent(2)["TaskHandle"], "h");
}

}  // namespace
