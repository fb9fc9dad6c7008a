#include "sim/sqs_message.h"
#include "tests/sim/region_rig.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Sqs : public RegionRig {
 protected:
  // A receive that runs beside the test; `done_at` is set when it has been answered.
  struct Poll {
    std::vector<std::string> bodies;
    std::optional<base::SteadyPoint> done_at;
    bool failed = false;
    boost::asio::cancellation_signal cancel;
  };
  std::shared_ptr<Poll> start_poll(const std::string& url, int wait_seconds, int count = 10) {
    auto poll = std::make_shared<Poll>();
    const Json arguments = {
        {"QueueUrl", url}, {"WaitTimeSeconds", wait_seconds}, {"MaxNumberOfMessages", count}};
    boost::asio::co_spawn(
        loop.executor(),
        region.handle(json_request("AmazonSQS.ReceiveMessage", dump_json(arguments))),
        boost::asio::bind_cancellation_slot(
            poll->cancel.slot(), [poll, this](std::exception_ptr e, base::HttpResponse response) {
              poll->done_at = loop.clock().steady_now();
              poll->failed = e != nullptr;
              if (e) return;
              const Json answer = *parse_json(response.body);
              if (!answer.contains("Messages")) return;
              for (const Json& message : answer["Messages"]) {
                poll->bodies.push_back(message["Body"].get<std::string>());
              }
            }));
    loop.run_for(0ms);
    return poll;
  }
  std::string change(const std::string& url, const Json& message, int seconds) {
    const Json answer = sqs("ChangeMessageVisibility", {{"QueueUrl", url},
                                                        {"ReceiptHandle", message["ReceiptHandle"]},
                                                        {"VisibilityTimeout", seconds}});
    return answer.empty() ? "ok" : error_of(answer) + ": " + answer.value("message", "");
  }
  Json remove(const std::string& url, const Json& message) {
    return sqs("DeleteMessage", {{"QueueUrl", url}, {"ReceiptHandle", message["ReceiptHandle"]}});
  }
};

TEST_F(Sqs, HidesAMessageForItsVisibilityTimeoutAndCountsReceives) {
  const std::string url = create_queue("q", {{"VisibilityTimeout", "30"}});
  send_message(url, "a");
  EXPECT_EQ(receive(url).at(0)["Attributes"]["ApproximateReceiveCount"], "1");
  loop.run_for(29'999ms);
  EXPECT_THAT(receive(url), IsEmpty());
  loop.run_for(1ms);
  EXPECT_EQ(receive(url).at(0)["Attributes"]["ApproximateReceiveCount"], "2");
}

TEST_F(Sqs, AnOldReceiptHandleNeitherDeletesNorExtends) {
  const std::string url = create_queue("q");
  send_message(url, "a");
  const Json first = receive(url, {{"VisibilityTimeout", 1}}).at(0);
  loop.run_for(1s);
  const Json second = receive(url).at(0);
  EXPECT_NE(first["ReceiptHandle"], second["ReceiptHandle"]);
  EXPECT_EQ(remove(url, first), Json::object());  // AWS says yes and deletes nothing
  EXPECT_EQ(queue_state("q")["in_flight"], 1);
  EXPECT_THAT(change(url, first, 10), HasSubstr("InvalidParameterValue"));
  remove(url, second);
  EXPECT_EQ(queue_state("q")["in_flight"], 0);
  EXPECT_THAT(change(url, second, 10), HasSubstr("Message does not exist"));
}

TEST_F(Sqs, AMessageThatIsVisibleAgainIsNotInFlight) {
  const std::string url = create_queue("q");
  send_message(url, "a");
  const Json message = receive(url, {{"VisibilityTimeout", 5}}).at(0);
  loop.run_for(5s);
  EXPECT_THAT(change(url, message, 10), HasSubstr("com.amazonaws.sqs#MessageNotInflight"));
  EXPECT_EQ(remove(url, message), Json::object());  // but its latest handle still deletes it
  EXPECT_THAT(receive(url), IsEmpty());
}

TEST_F(Sqs, ExtendsVisibilityUpToTwelveHoursFromTheReceive) {
  const std::string url = create_queue("q");
  send_message(url, "a");
  const Json message = receive(url, {{"VisibilityTimeout", 43'200}}).at(0);
  EXPECT_EQ(change(url, message, 43'200), "ok");
  loop.run_for(1h);
  EXPECT_THAT(change(url, message, 43'200), HasSubstr("beyond the limit [43200 seconds]"));
  EXPECT_EQ(change(url, message, 39'600), "ok");
  loop.run_for(11h);
  EXPECT_THAT(receive(url), SizeIs(1));
}

TEST_F(Sqs, MovesAMessageToTheDeadLetterQueueOnTheReceiveAfterTheLastAllowed) {
  const std::string dead = create_queue("dead");
  const std::string url = create_queue(
      "q", {{"RedrivePolicy",
             dump_json({{"deadLetterTargetArn", arn("dead")}, {"maxReceiveCount", 2}})}});
  const std::string id = send_message(url, "a")["MessageId"].get<std::string>();
  EXPECT_THAT(receive(url, {{"VisibilityTimeout", 0}}), SizeIs(1));
  EXPECT_THAT(receive(url, {{"VisibilityTimeout", 0}}), SizeIs(1));
  EXPECT_EQ(queue_state("dead")["visible"], 0);
  EXPECT_THAT(receive(url), IsEmpty());
  const Json buried = receive(dead).at(0);
  EXPECT_EQ(buried["MessageId"], id);
  EXPECT_EQ(buried["Attributes"]["DeadLetterQueueSourceArn"], arn("q"));
  EXPECT_EQ(sqs("ListDeadLetterSourceQueues", {{"QueueUrl", dead}})["queueUrls"], Json({url}));
}

TEST_F(Sqs, ALongPollEndsWithItsWaitAndNotBefore) {
  const std::string url = create_queue("q");
  const auto start = loop.clock().steady_now();
  const auto poll = start_poll(url, 20);
  loop.run_for(19'999ms);
  EXPECT_FALSE(poll->done_at);
  loop.run_for(1ms);
  ASSERT_TRUE(poll->done_at);
  EXPECT_EQ(*poll->done_at - start, 20s);
  EXPECT_THAT(poll->bodies, IsEmpty());
}

TEST_F(Sqs, OneMessageWakesOnePollerOfMany) {
  const std::string url = create_queue("q");
  std::vector<std::shared_ptr<Poll>> polls;
  for (int i = 0; i < 20; ++i) polls.push_back(start_poll(url, 5));
  loop.run_for(1s);
  send_message(url, "a");
  loop.run_for(0ms);
  int answered = 0;
  for (const auto& poll : polls) answered += poll->done_at ? 1 : 0;
  EXPECT_EQ(answered, 1);
  EXPECT_THAT(polls.front()->bodies, ElementsAre("a"));
  EXPECT_EQ(queue_state("q")["waiting_receives"], 19);
}

TEST_F(Sqs, ALongPollSeesDelayedAndReturnedMessagesTheMomentTheyAppear) {
  const std::string url = create_queue("q");
  const auto start = loop.clock().steady_now();
  auto poll = start_poll(url, 20);
  send_message(url, "later", {{"DelaySeconds", 7}});
  loop.run_for(8s);
  ASSERT_TRUE(poll->done_at);
  EXPECT_EQ(*poll->done_at - start, 7s);

  send_message(url, "hidden");
  const Json hidden = receive(url, {{"VisibilityTimeout", 600}}).at(0);
  poll = start_poll(url, 20);
  EXPECT_EQ(change(url, hidden, 3), "ok");
  const auto changed = loop.clock().steady_now();
  loop.run_for(4s);
  ASSERT_TRUE(poll->done_at);
  EXPECT_EQ(*poll->done_at - changed, 3s);
}

TEST_F(Sqs, ACancelledPollLeavesTheMessageToTheOthers) {
  const std::string url = create_queue("q");
  const auto first = start_poll(url, 20);
  const auto second = start_poll(url, 20);
  first->cancel.emit(boost::asio::cancellation_type::terminal);
  loop.run_for(1s);
  EXPECT_TRUE(first->failed);
  send_message(url, "a");
  loop.run_for(0ms);
  EXPECT_THAT(second->bodies, ElementsAre("a"));
}

TEST_F(Sqs, APollOnADeletedQueueEnds) {
  const std::string url = create_queue("q");
  const auto poll = start_poll(url, 20);
  sqs("DeleteQueue", {{"QueueUrl", url}});
  loop.run_for(0ms);
  EXPECT_TRUE(poll->done_at);
  EXPECT_EQ(error_of(sqs("CreateQueue", {{"QueueName", "q"}})),
            "com.amazonaws.sqs#QueueDeletedRecently");
  loop.run_for(60s);
  EXPECT_EQ(create_queue("q"), url);
}

TEST_F(Sqs, AFifoGroupIsLockedWhileOneOfItsMessagesIsInFlight) {
  const std::string url =
      create_queue("q.fifo", {{"FifoQueue", "true"}, {"ContentBasedDeduplication", "true"}});
  for (const char* body : {"a1", "a2", "a3"}) send_message(url, body, {{"MessageGroupId", "a"}});
  send_message(url, "b1", {{"MessageGroupId", "b"}});
  const auto first = receive(url, {{"MaxNumberOfMessages", 1}});
  EXPECT_THAT(bodies(first), ElementsAre("a1"));
  EXPECT_THAT(bodies(receive(url)), ElementsAre("b1"));
  remove(url, first.at(0));
  EXPECT_THAT(bodies(receive(url)), ElementsAre("a2", "a3"));
}

TEST_F(Sqs, AFifoGroupKeepsItsOrderThroughFailures) {
  const std::string url =
      create_queue("q.fifo", {{"FifoQueue", "true"}, {"ContentBasedDeduplication", "true"}});
  for (const char* body : {"1", "2", "3"}) send_message(url, body, {{"MessageGroupId", "g"}});
  const auto taken = receive(url, {{"MaxNumberOfMessages", 2}});
  EXPECT_EQ(change(url, taken.at(0), 0), "ok");
  EXPECT_THAT(receive(url), IsEmpty());  // "2" is still in flight
  EXPECT_EQ(change(url, taken.at(1), 0), "ok");
  EXPECT_THAT(bodies(receive(url)), ElementsAre("1", "2", "3"));
}

TEST_F(Sqs, FifoDeduplicatesForFiveMinutesAndAnswersWithTheOriginal) {
  const std::string url = create_queue("q.fifo", {{"FifoQueue", "true"}});
  const Json more = {{"MessageGroupId", "g"}, {"MessageDeduplicationId", "d"}};
  const Json first = send_message(url, "a", more);
  loop.run_for(299s);
  EXPECT_EQ(send_message(url, "a", more)["SequenceNumber"], first["SequenceNumber"]);
  EXPECT_EQ(queue_state("q.fifo")["visible"], 1);
  loop.run_for(1s);
  EXPECT_GT(send_message(url, "a", more)["SequenceNumber"], first["SequenceNumber"]);
  EXPECT_EQ(queue_state("q.fifo")["visible"], 2);
}

TEST_F(Sqs, ARepeatedReceiveAttemptAnswersTheSameMessages) {
  const std::string url =
      create_queue("q.fifo", {{"FifoQueue", "true"}, {"ContentBasedDeduplication", "true"}});
  for (const char* body : {"1", "2"}) send_message(url, body, {{"MessageGroupId", "g"}});
  const Json attempt = {{"ReceiveRequestAttemptId", "try"}, {"MaxNumberOfMessages", 1}};
  const Json first = receive(url, attempt).at(0);
  const Json again = receive(url, attempt).at(0);
  EXPECT_EQ(first, again);
  EXPECT_THAT(receive(url, {{"ReceiveRequestAttemptId", "other"}}), IsEmpty());
}

TEST_F(Sqs, ExpiresMessagesAfterTheirRetention) {
  const std::string url = create_queue("q", {{"MessageRetentionPeriod", "60"}});
  send_message(url, "a");
  loop.run_for(60s);
  EXPECT_THAT(receive(url), IsEmpty());
  EXPECT_EQ(queue_state("q")["visible"], 0);
}

TEST_F(Sqs, CountsBytesOfBodyAndAttributesAgainstTheLimit) {
  const std::string url = create_queue("q");
  const Json attribute = {
      {"MessageAttributes", {{"ab", {{"DataType", "String"}, {"StringValue", "cd"}}}}}};
  // 2 (name) + 6 (String) + 2 (value) = 10 bytes; "é" is two.
  EXPECT_TRUE(send_message(url, std::string(1'048'566, 'x'), attribute).contains("MessageId"));
  EXPECT_THAT(send_message(url, std::string(1'048'567, 'x'), attribute).value("message", ""),
              HasSubstr("must be shorter than 1048576 bytes"));
  EXPECT_THAT(error_of(send_message(url, std::string(1'048'575, 'x') + "é")),
              HasSubstr("InvalidParameterValue"));
  Json entries = Json::array();
  for (const char* id : {"1", "2"}) {
    entries.push_back({{"Id", id}, {"MessageBody", std::string(524'289, 'x')}});
  }
  EXPECT_EQ(error_of(sqs("SendMessageBatch", {{"QueueUrl", url}, {"Entries", entries}})),
            "com.amazonaws.sqs#BatchRequestTooLong");
}

TEST_F(Sqs, AnswersEveryEntryOfABatchOnItsOwn) {
  const std::string url = create_queue("q");
  const Json answer =
      sqs("SendMessageBatch",
          {{"QueueUrl", url},
           {"Entries",
            {{{"Id", "good"}, {"MessageBody", "a"}}, {{"Id", "bad"}, {"MessageBody", ""}}}}});
  ASSERT_EQ(answer["Successful"].size(), 1U);
  EXPECT_EQ(answer["Successful"][0]["Id"], "good");
  ASSERT_EQ(answer["Failed"].size(), 1U);
  EXPECT_EQ(answer["Failed"][0]["Id"], "bad");
  EXPECT_EQ(answer["Failed"][0]["SenderFault"], true);
  EXPECT_EQ(answer["Failed"][0]["Code"], "MissingParameter");
}

TEST_F(Sqs, ComputesTheDigestOfAttributesAsTheSdksDo) {
  // botocore computed it for these attributes and accepted it in an answer.
  const MessageAttributes attributes = {{"a", {"String", "x"}},
                                        {"n", {"Number.int", "3"}},
                                        {"b", {"Binary", std::string("\x00\x01", 2)}}};
  EXPECT_EQ(md5_of_attributes(attributes), "95f4e0cbb3cc67495cbc85aa208e22ee");
}

TEST_F(Sqs, ReturnsOnlyTheAttributesAskedForAndDigestsThose) {
  const std::string url = create_queue("q");
  send_message(url, "a",
               {{"MessageAttributes",
                 {{"app.one", {{"DataType", "String"}, {"StringValue", "1"}}},
                  {"other", {{"DataType", "String"}, {"StringValue", "2"}}}}}});
  const Json message = receive(url, {{"MessageAttributeNames", {"app.*"}}}).at(0);
  EXPECT_EQ(message["MessageAttributes"].size(), 1U);
  EXPECT_EQ(message["MD5OfMessageAttributes"], md5_of_attributes({{"app.one", {"String", "1"}}}));
}

TEST_F(Sqs, RefusesMoreThanTheInFlightLimitAndStaysFastAtThatDepth) {
  const std::string url = create_queue("q");
  SqsQueue& queue = *region.sqs().find_queue("q");
  for (int i = 0; i < kInFlightMax + 1; ++i) {
    StoredMessage message;
    message.body = "m";
    queue.send(std::move(message), std::nullopt);
  }
  int received = 0;
  while (received < kInFlightMax) {
    const auto batch = queue.receive(10, 12h, {}, {});
    ASSERT_TRUE(batch);
    received += static_cast<int>(batch->size());
  }
  EXPECT_EQ(queue.counts().in_flight, static_cast<std::size_t>(kInFlightMax));
  EXPECT_EQ(error_of(sqs("ReceiveMessage", {{"QueueUrl", url}})), "com.amazonaws.sqs#OverLimit");
  const auto poll = start_poll(url, 5);  // a long poll answers nothing instead
  loop.run_for(5s);
  ASSERT_TRUE(poll->done_at);
  EXPECT_THAT(poll->bodies, IsEmpty());
}

TEST_F(Sqs, CreatingAQueueAgainIsHarmlessUnlessAttributesDiffer) {
  const std::string url = create_queue("q", {{"VisibilityTimeout", "10"}});
  EXPECT_EQ(create_queue("q", {{"VisibilityTimeout", "10"}}), url);
  EXPECT_EQ(create_queue("q"), url);
  const Json answer =
      sqs("CreateQueue", {{"QueueName", "q"}, {"Attributes", {{"VisibilityTimeout", "11"}}}});
  EXPECT_EQ(error_of(answer), "com.amazonaws.sqs#QueueNameExists");
}

TEST_F(Sqs, PurgesOnceAMinute) {
  const std::string url = create_queue("q");
  send_message(url, "a");
  EXPECT_EQ(sqs("PurgeQueue", {{"QueueUrl", url}}), Json::object());
  EXPECT_THAT(receive(url), IsEmpty());
  EXPECT_EQ(error_of(sqs("PurgeQueue", {{"QueueUrl", url}})),
            "com.amazonaws.sqs#PurgeQueueInProgress");
}

}  // namespace
}  // namespace sim
