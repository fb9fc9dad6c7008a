// Message move tasks of the simulated SQS.
#include "tests/sim/region_rig.h"

namespace sim {
namespace {

class SqsMove : public RegionRig {
 protected:
  SqsMove() {
    letters = create_queue("letters");
    source = create_queue("source", redrive_to("letters"));
    create_queue("other", redrive_to("letters"));
  }
  Json redrive_to(const std::string& queue) {
    return {{"RedrivePolicy",
             dump_json({{"deadLetterTargetArn", arn(queue)}, {"maxReceiveCount", 1}})}};
  }
  // Through the queue into its dead-letter queue, as failing consumers do it.
  void bury(const std::string& url, int count) {
    for (int i = 0; i < count; ++i) send_message(url, "m" + std::to_string(i));
    pass_through(url, count);
  }
  void pass_through(const std::string& url, int count) {
    for (int i = 0; i < 2 * (count / 10 + 1); ++i) {
      receive(url, {{"VisibilityTimeout", 1}});
      if (i >= count / 10) loop.run_for(2s);
    }
  }
  Json task() { return sqs("ListMessageMoveTasks", {{"SourceArn", arn("letters")}})["Results"][0]; }
  Json start(Json more = Json::object()) {
    more["SourceArn"] = arn("letters");
    return sqs("StartMessageMoveTask", more);
  }

  std::string letters;
  std::string source;
};

TEST_F(SqsMove, TakesEachMessageBackToItsOwnSourceAsANewMessage) {
  bury(source, 3);
  bury("http://x/123456789012/other", 2);
  const auto before = receive(letters, {{"VisibilityTimeout", 1}});
  loop.run_for(2s);
  ASSERT_EQ(before.size(), 5U);
  EXPECT_TRUE(start().contains("TaskHandle"));
  EXPECT_EQ(task()["Status"], "RUNNING");
  EXPECT_EQ(task()["ApproximateNumberOfMessagesToMove"], 5);
  loop.run_for(2s);
  EXPECT_EQ(task()["Status"], "COMPLETED");
  EXPECT_EQ(task()["ApproximateNumberOfMessagesMoved"], 5);
  EXPECT_FALSE(task().contains("TaskHandle"));
  EXPECT_EQ(queue_state("source")["visible"], 3);
  EXPECT_EQ(queue_state("other")["visible"], 2);
  const auto moved = receive(source);
  ASSERT_EQ(moved.size(), 3U);
  for (const Json& message : before) EXPECT_NE(message["MessageId"], moved[0]["MessageId"]);
  EXPECT_EQ(moved[0]["Attributes"]["ApproximateReceiveCount"], "1");
  EXPECT_FALSE(moved[0]["Attributes"].contains("DeadLetterQueueSourceArn"));
}

TEST_F(SqsMove, KeepsToItsRateAndCanBeCancelledHalfWay) {
  bury(source, 40);
  const Json started = start({{"MaxNumberOfMessagesPerSecond", 10}});
  loop.run_for(1050ms);
  EXPECT_EQ(queue_state("source")["visible"], 10);
  const Json cancelled = sqs("CancelMessageMoveTask", {{"TaskHandle", started["TaskHandle"]}});
  EXPECT_EQ(cancelled["ApproximateNumberOfMessagesMoved"], 10);
  EXPECT_EQ(task()["Status"], "CANCELLING");
  loop.run_for(5s);
  EXPECT_EQ(task()["Status"], "CANCELLED");
  EXPECT_EQ(queue_state("letters")["visible"], 30) << "what was moved stays moved, the rest stays";
  EXPECT_EQ(error_of(sqs("CancelMessageMoveTask", {{"TaskHandle", started["TaskHandle"]}})),
            "com.amazonaws.sqs#UnsupportedOperation");
}

TEST_F(SqsMove, FailsAtAMessageOfUnknownSourceUnlessADestinationIsGiven) {
  send_message(letters, "sent straight to the dead-letter queue");
  start();
  loop.run_for(1s);
  EXPECT_EQ(task()["Status"], "FAILED");
  EXPECT_EQ(task()["FailureReason"], "CouldNotDetermineMessageSource");
  EXPECT_EQ(queue_state("letters")["visible"], 1);
  start({{"DestinationArn", arn("source")}});
  loop.run_for(1s);
  EXPECT_EQ(task()["Status"], "COMPLETED");
  EXPECT_EQ(queue_state("source")["visible"], 1);
}

TEST_F(SqsMove, RefusesWhatAwsRefuses) {
  create_queue("fifo.fifo", {{"FifoQueue", "true"}});
  const std::string unsupported = "com.amazonaws.sqs#UnsupportedOperation";
  const auto started = [&](const Json& arguments) {
    return error_of(sqs("StartMessageMoveTask", arguments));
  };
  const auto named = [](const std::string& error, const std::string& code) {
    return error.find(code) != std::string::npos;
  };
  EXPECT_TRUE(named(started({{"SourceArn", arn("none")}}), "ResourceNotFoundException"));
  EXPECT_TRUE(named(started({{"SourceArn", arn("source")}}), "InvalidParameterValue"))
      << "not a dead-letter queue";
  for (const std::string destination : {"letters", "fifo.fifo"}) {
    EXPECT_TRUE(
        named(error_of(start({{"DestinationArn", arn(destination)}})), "InvalidParameterValue"));
  }
  EXPECT_TRUE(
      named(error_of(start({{"DestinationArn", arn("none")}})), "ResourceNotFoundException"));
  for (const int rate : {0, 501}) {
    EXPECT_TRUE(
        named(error_of(start({{"MaxNumberOfMessagesPerSecond", rate}})), "InvalidParameterValue"));
  }
  bury(source, 5);
  start({{"MaxNumberOfMessagesPerSecond", 1}});
  EXPECT_EQ(error_of(start()), unsupported) << "one task a source at a time";
}

TEST_F(SqsMove, KeepsTheOrderOfFifoGroupsAndIsNotSwallowedAsADuplicate) {
  create_queue("letters.fifo", {{"FifoQueue", "true"}});
  Json attributes = redrive_to("letters.fifo");
  attributes["FifoQueue"] = "true";
  const std::string url = create_queue("source.fifo", attributes);
  for (int i = 0; i < 4; ++i) {
    send_message(url, "m" + std::to_string(i),
                 {{"MessageGroupId", "g"}, {"MessageDeduplicationId", std::to_string(i)}});
  }
  pass_through(url, 4);
  ASSERT_EQ(queue_state("letters.fifo")["visible"], 4);
  sqs("StartMessageMoveTask", {{"SourceArn", arn("letters.fifo")}});
  loop.run_for(2s);
  EXPECT_EQ(bodies(receive(url)), (std::vector<std::string>{"m0", "m1", "m2", "m3"}));
}

}  // namespace
}  // namespace sim
