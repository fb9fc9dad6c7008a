#include "dlq/dead_letter.h"
#include "tests/oncall/rig.h"

#include <fmt/format.h>

namespace test {
namespace {

class DebugQueue : public OncallRig {
 protected:
  DebugQueue() {
    letters_url = create_queue("orders-dlq");
    const Json policy = {{"deadLetterTargetArn", region.world().arn("sqs", "orders-dlq")},
                         {"maxReceiveCount", 5}};
    queue_url =
        create_queue("orders", {{"RedrivePolicy", policy.dump()}, {"VisibilityTimeout", "45"}});
  }
  // As our worker gives a message up.
  void give_up(const std::string& reason, const std::string& kind) {
    aws::SqsMessage message;
    message.message_id = "m";
    message.body = "{}";
    dlq::Cause cause{.reason = reason, .error_kind = kind, .source_queue = "orders"};
    cause.now = loop.clock().now();
    aws::SendOptions send = dlq::make_dead_letter(message, cause, false).send;
    send.queue = base::QueueUrl(letters_url);
    aws::Sqs sqs(stage.operating.caller);
    EXPECT_TRUE(loop.run(sqs.send_message(std::move(send))).has_value());
  }

  std::string queue_url;
  std::string letters_url;
};

TEST_F(DebugQueue, ShowsDepthsAndWhyTheLettersAreDead) {
  for (int i = 0; i < 7; ++i) send_message(queue_url, "work");
  for (int i = 0; i < 3; ++i) give_up(fmt::format("order {} has no price", 40 + i), "invalid");
  loop.run_for(2h);
  give_up("field a: missing", "decode");
  send_message(letters_url, "by hand");
  const auto outcome = run("debug-queue", {{"queue", "orders"}});
  EXPECT_EQ(outcome.status, 200) << outcome.text();
  EXPECT_EQ(outcome.body["visible"], 7);
  EXPECT_EQ(outcome.body["visibility_timeout"], 45);
  EXPECT_EQ(outcome.body["receives_max"], 5);
  const Json& letters = outcome.body["dead_letters"];
  EXPECT_EQ(letters["queue"], "orders-dlq");
  EXPECT_EQ(letters["visible"], 5);
  EXPECT_EQ(letters["sampled"], 5);
  EXPECT_EQ(letters["kinds"]["invalid"], 3);
  EXPECT_EQ(letters["kinds"]["decode"], 1);
  EXPECT_EQ(letters["reasons"]["order <n> has no price"], 3);
  EXPECT_GE(letters["oldest_age"], 7200);
  // Nothing is hidden afterwards.
  const Json after = run("debug-queue", {{"queue", "orders"}, {"sample", 0}}).body;
  EXPECT_EQ(after["dead_letters"]["visible"], 5);
  EXPECT_EQ(after["dead_letters"]["in_flight"], 0);
  EXPECT_FALSE(after["dead_letters"].contains("kinds"));
}

TEST_F(DebugQueue, OfADeadLetterQueueItselfByNameUrlAndArn) {
  give_up("no", "invalid");
  for (const std::string& name :
       {std::string("orders-dlq"), letters_url, region.world().arn("sqs", "orders-dlq")}) {
    const auto outcome = run("debug-queue", {{"queue", name}});
    EXPECT_EQ(outcome.status, 200) << outcome.text();
    EXPECT_EQ(outcome.body["queue"], "orders-dlq");
    EXPECT_EQ(outcome.body["sources"], Json({"orders"}));
    EXPECT_EQ(outcome.body["dead_letters"]["sampled"], 1);
  }
}

TEST_F(DebugQueue, OfAQueueWithoutARedrivePolicy) {
  create_queue("plain");
  const auto outcome = run("debug-queue", {{"queue", "plain"}});
  EXPECT_EQ(outcome.status, 200) << outcome.text();
  EXPECT_TRUE(outcome.body["dead_letters"].is_null());
  EXPECT_TRUE(outcome.body["receives_max"].is_null());
}

TEST_F(DebugQueue, OfAQueueThatIsNotThereIs404) {
  const auto outcome = run("debug-queue", {{"queue", "nobody"}});
  EXPECT_EQ(outcome.status, 404) << outcome.text();
  EXPECT_TRUE(outcome.text().starts_with("Error looking at queue: "));
  EXPECT_EQ(run("debug-queue", Json::object()).status, 400);
  EXPECT_EQ(run("debug-queue", {{"queue", "orders"}, {"sample", 5000}}).status, 400);
}

}  // namespace
}  // namespace test
