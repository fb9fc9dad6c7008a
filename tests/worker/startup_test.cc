#include "worker/startup.h"

#include "tests/worker/rig.h"

#include <gtest/gtest.h>

namespace worker {
namespace {

Config rig_config() {
  Config config;
  config.events.queue = "events";
  config.recycles.queue = "http://sqs.test/123456789012/recycles.fifo";
  return config;
}

base::Result<std::vector<QueueSettings>> find(Rig& rig, const Config& config) {
  return rig.loop.run(find_queues(rig.context, config, "http://sqs.test"));
}

TEST(Startup, FindsQueuesByNameAndUrlAndTheirDeadLettersByRedrivePolicy) {
  Rig rig;
  const auto queues = find(rig, rig_config());
  ASSERT_TRUE(queues) << queues.error().to_string();
  ASSERT_EQ(queues->size(), 2U);
  const QueueSettings& events = queues->at(0);
  EXPECT_EQ(events.role, "events");
  EXPECT_EQ(events.target.url, rig.events.target.url);
  EXPECT_FALSE(events.target.fifo);
  ASSERT_TRUE(events.dead_letters);
  EXPECT_EQ(queue_name_of(events.dead_letters->url.value), "events-dlq");
  const QueueSettings& recycles = queues->at(1);
  EXPECT_EQ(recycles.name, "recycles.fifo");
  EXPECT_TRUE(recycles.target.fifo);
  EXPECT_TRUE(recycles.dead_letters && recycles.dead_letters->fifo);
  EXPECT_EQ(recycles.in_flight_max, 1000);
  EXPECT_GT(recycles.receives_max.value_or(-1), 0);
}

TEST(Startup, PrefersTheDeadLetterQueueThatIsGiven) {
  Rig rig;
  auto config = rig_config();
  config.events.dead_letter_queue = "recycles-dlq.fifo";
  const auto queues = find(rig, config);
  ASSERT_TRUE(queues);
  EXPECT_EQ(queue_name_of(queues->at(0).dead_letters->url.value), "recycles-dlq.fifo");
}

TEST(Startup, NamesTheQueueTheEndpointAndTheOptionsOfAMissingQueue) {
  Rig rig;
  auto config = rig_config();
  config.events.queue = "nowhere";
  const auto queues = find(rig, config);
  ASSERT_FALSE(queues);
  const auto text = queues.error().to_string();
  for (const char* part :
       {"nowhere", "http://sqs.test", "--events-queue", "AUTORECYCLE_EVENTS_QUEUE", "create it"}) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  }
}

TEST(Startup, RefusesOneQueueInTwoRoles) {
  Rig rig;
  auto config = rig_config();
  config.recycles.queue = "events";
  auto queues = find(rig, config);
  ASSERT_FALSE(queues);
  EXPECT_NE(queues.error().message.find("--recycles-queue are the same queue, events"),
            std::string::npos)
      << queues.error().message;
  config = rig_config();
  config.events.dead_letter_queue = "events";
  queues = find(rig, config);
  ASSERT_FALSE(queues);
  EXPECT_NE(queues.error().message.find("--events-dlq"), std::string::npos);
}

TEST(Startup, SendsToTheEndpointWhenWhatAnswersThereIsNotAws) {
  for (const char* code : {"TlsError", "Http302", "BodyTooLarge", "InvalidRequest"}) {
    const auto text = advice({base::ErrorKind::kInvalid, code, "odd", ""}, "events-queue");
    EXPECT_NE(text.find("AWS_ENDPOINT_URL"), std::string::npos) << code << ": " << text;
  }
  EXPECT_NE(advice({base::ErrorKind::kFatal, "TlsError", "", ""}, "x").find("AWS_CA_BUNDLE"),
            std::string::npos);
  base::Error error = base::invalid("The specified queue does not exist.");
  append_advice(error, "create it");
  EXPECT_EQ(error.message, "The specified queue does not exist; create it");
}

TEST(Startup, WaitsForAnEndpointThatComesUpLate) {
  Rig rig;
  for (int i = 1; i <= 20; ++i) rig.http.fail_request(rig.http.requests() + i);
  const auto queues = find(rig, rig_config());
  EXPECT_TRUE(queues) << queues.error().to_string();
}

TEST(Startup, GivesUpAfterTheTimeoutAndSaysWhereToLook) {
  Rig rig;
  for (int i = 1; i <= 10'000; ++i) rig.http.fail_request(rig.http.requests() + i);
  const auto begin = rig.elapsed();
  const auto queues = find(rig, rig_config());
  ASSERT_FALSE(queues);
  EXPECT_LE(rig.elapsed() - begin, 65s);
  EXPECT_GE(rig.elapsed() - begin, 50s);
  EXPECT_NE(queues.error().message.find("AWS_ENDPOINT_URL"), std::string::npos);
}

TEST(Startup, RefusesToWorkOnNothing) {
  Rig rig;
  Config config;
  config.events.queue.clear();
  config.recycles.queue.clear();
  EXPECT_FALSE(find(rig, config));
}

TEST(Startup, ReadsARedrivePolicyWithItsCountAsNumberOrText) {
  for (const char* count : {"3", R"("3")"}) {
    const auto redrive = parse_redrive_policy(
        std::string(R"({"deadLetterTargetArn":"arn:aws:sqs:r:1:dead","maxReceiveCount":)") + count +
        "}");
    EXPECT_EQ(redrive.target, "dead");
    EXPECT_EQ(redrive.receives_max, 3);
  }
  for (const char* text : {"", "x", "[]", "{}", R"({"deadLetterTargetArn":3})",
                           R"({"maxReceiveCount":"x"})", R"({"maxReceiveCount":null})"}) {
    EXPECT_EQ(parse_redrive_policy(text).target, "") << text;
    EXPECT_EQ(parse_redrive_policy(text).receives_max, 0) << text;
  }
}

}  // namespace
}  // namespace worker
