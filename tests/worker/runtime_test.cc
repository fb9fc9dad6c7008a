// The life of a message: what each verdict does to it.
#include "dlq/dead_letter.h"
#include "tests/worker/rig.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

namespace worker {
namespace {

using consumers::Defer;
using consumers::Delivery;
using consumers::Done;
using consumers::Outgoing;
using consumers::Poison;
using consumers::Retry;
using consumers::Verdict;

TEST(Runtime, DeletesTenDoneMessagesInOneRequest) {
  Rig rig;
  rig.on_events([](const Delivery&) { return Verdict(Done{"done", {}}); });
  for (int i = 0; i < 10; ++i) rig.send("events", request_for("web-" + std::to_string(i)));
  rig.start();
  ASSERT_TRUE(rig.run(1min, [&] { return rig.depth("events") == 0; }));
  EXPECT_EQ(rig.requests("DeleteMessageBatch").size(), 1U);
  EXPECT_TRUE(rig.metrics_have(
      R"(autorecycle_verdicts_total{kind="recycle-request",queue="events",verdict="done"} 10)"));
}

TEST(Runtime, DeletesALoneMessageWithinTenMilliseconds) {
  Rig rig;
  rig.on_events([](const Delivery&) { return Verdict(Done{"done", {}}); });
  rig.send("events", request_for("web"));
  rig.start();
  const auto begin = rig.elapsed();
  ASSERT_TRUE(rig.run(1min, [&] { return rig.depth("events") == 0; }));
  EXPECT_LE(rig.elapsed() - begin, 10ms);
}

TEST(Runtime, SendsOutgoingBeforeItDeletes) {
  Rig rig;
  rig.on_events([](const Delivery&) {
    return Verdict(Done{"one group", {Outgoing{"recycles", request_for("out"), "web", "dedup-1"}}});
  });
  rig.send("events", request_for("in"));
  rig.start();
  ASSERT_TRUE(rig.run(1min, [&] { return rig.depth("events") == 0; }));
  const auto sent = rig.requests("SendMessage").at(1);  // the first is the test's
  const auto deleted = rig.requests("DeleteMessageBatch").front();
  EXPECT_LE(sent.at, deleted.at);
  const auto body = nlohmann::json::parse(sent.body);
  EXPECT_EQ(body["MessageGroupId"], "web");
  EXPECT_EQ(body["MessageDeduplicationId"], "dedup-1");
}

TEST(Runtime, KeepsTheMessageWhenItsOutgoingCannotBeSent) {
  Rig rig;
  rig.on_events([](const Delivery&) {
    return Verdict(Done{"one group", {Outgoing{"recycles", request_for("out"), "web", "dedup-1"}}});
  });
  rig.send("events", request_for("in"));
  rig.region.faults().add({.kind = sim::FaultKind::kError, .operation = "SendMessage", .count = 3});
  rig.start();
  rig.run(1s);
  EXPECT_TRUE(rig.requests("DeleteMessageBatch").empty());
  EXPECT_EQ(rig.depth("events"), 1U);
  // Once sending works again it is done after all.
  EXPECT_TRUE(rig.run(5min, [&] { return rig.depth("events") == 0; }));
}

TEST(Runtime, SendsGarbageToTheDeadLettersAtOnceWithItsReasonAndAttributes) {
  for (const char* garbage : {"garbage", "[]", "{\"schemaVersion\":1}", "\"text\"", "{"}) {
    Rig rig;
    rig.on_events([](const Delivery&) { return Verdict(Done{"done", {}}); });
    rig.send("events", garbage, "", {{"tenant", {"String", "blue"}}});
    rig.start();
    ASSERT_TRUE(rig.run(1min, [&] { return rig.depth("events") == 0; })) << garbage;
    const auto letters = rig.take("events-dlq");
    ASSERT_EQ(letters.size(), 1U) << garbage;
    EXPECT_EQ(letters[0].body, garbage);
    EXPECT_EQ(letters[0].attributes.at("tenant").value, "blue");
    EXPECT_EQ(letters[0].attributes.at(std::string(dlq::kErrorKind)).value, "decode");
    EXPECT_EQ(letters[0].attributes.at(std::string(dlq::kAttempts)).value, "1");
    const std::string reason = letters[0].attributes.at(std::string(dlq::kReason)).value;
    EXPECT_TRUE(reason.starts_with("expected") || reason.starts_with("not JSON")) << reason;
  }
}

TEST(Runtime, SendsWhatNoQueueIsConfiguredForToTheDeadLetters) {
  Rig rig;
  rig.on_events([](const Delivery&) {
    return Verdict(Done{"one job", {Outgoing{"oncall", request_for("out"), "", ""}}});
  });
  rig.send("events", request_for("in"));
  rig.start();
  ASSERT_TRUE(rig.run(1min, [&] { return rig.depth("events") == 0; }));
  const auto letters = rig.take("events-dlq");
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].attributes.at(std::string(dlq::kErrorKind)).value, "unroutable");
}

TEST(Runtime, KeepsBodiesOutOfReasons) {
  for (const char* garbage : {"hunter2 is my password", "[\"hunter2\"]", "\"hunter2\"",
                              R"({"schemaVersion":1,"recycle":{"strategy":["hunter2"]}})"}) {
    Rig rig;
    rig.on_events([](const Delivery&) { return Verdict(Done{"done", {}}); });
    rig.send("events", garbage);
    rig.start();
    ASSERT_TRUE(rig.run(1min, [&] { return rig.depth("events") == 0; })) << garbage;
    const auto letters = rig.take("events-dlq");
    ASSERT_EQ(letters.size(), 1U) << garbage;
    const std::string reason = letters[0].attributes.at(std::string(dlq::kReason)).value;
    EXPECT_EQ(reason.find("hunter2"), std::string::npos) << reason;
  }
}

TEST(Runtime, GivesPoisonUpAfterTheLetterIsSent) {
  Rig rig;
  rig.on_events([](const Delivery&) { return Verdict(Poison{"no such strategy", "refused"}); });
  rig.send("events", request_for("web"));
  rig.start();
  ASSERT_TRUE(rig.run(1min, [&] { return rig.depth("events") == 0; }));
  EXPECT_LE(rig.requests("SendMessage").back().at, rig.requests("DeleteMessageBatch").front().at);
  const auto letters = rig.take("events-dlq");
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].attributes.at(std::string(dlq::kReason)).value, "no such strategy");
  EXPECT_TRUE(
      rig.metrics_have(R"(autorecycle_poison_total{error_kind="refused",queue="events"} 1)"));
}

TEST(Runtime, NeverDeletesPoisonThatHasNoDeadLetterQueue) {
  Rig rig;
  rig.events.dead_letters.reset();
  rig.on_events([](const Delivery&) { return Verdict(Poison{"never", "invalid"}); });
  rig.send("events", request_for("web"));
  rig.start();
  rig.run(3h);
  EXPECT_TRUE(rig.requests("DeleteMessageBatch").empty());
  EXPECT_EQ(rig.depth("events-dlq"), 1U) << "SQS's own redrive takes it";
}

TEST(Runtime, RefusesWhatNoConsumerTakesAsUnroutable) {
  Rig rig;
  rig.on_events([](const Delivery&) { return Verdict(Done{"done", {}}); });
  rig.send("recycles.fifo", request_for("web"), "web");
  rig.start();
  ASSERT_TRUE(rig.run(1min, [&] { return rig.depth("recycles.fifo") == 0; }));
  const auto letters = rig.take("recycles-dlq.fifo");
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].group_id, "web");
  EXPECT_EQ(letters[0].attributes.at(std::string(dlq::kErrorKind)).value, "unroutable");
}

TEST(Runtime, RetriesLaterThanTheVerdictAsksAndThenLeavesItToTheRedrive) {
  std::vector<base::Duration> at;
  Rig rig;
  rig.on_events([&](const Delivery&) {
    at.push_back(rig.elapsed());
    return Verdict(Retry{30s, "not yet"});
  });
  rig.send("events", request_for("web"));
  rig.start();
  ASSERT_TRUE(rig.run(1h, [&] { return rig.depth("events-dlq") == 1; }));
  ASSERT_EQ(at.size(), std::size_t{Rig::kReceivesMax});
  for (std::size_t i = 1; i < at.size(); ++i) EXPECT_GE(at[i] - at[i - 1], 30s);
}

TEST(Runtime, BacksOffBetweenRetriesWithoutEverRetryingAtOnce) {
  std::vector<base::Duration> at;
  std::set<std::int64_t> distinct;
  Rig rig;
  rig.events.retry_base = 10s;
  rig.on_events([&](const Delivery&) {
    at.push_back(rig.elapsed());
    return Verdict(Retry{0s, "not yet"});
  });
  for (int i = 0; i < 20; ++i) rig.send("events", request_for("web-" + std::to_string(i)));
  rig.start();
  ASSERT_TRUE(rig.run(1h, [&] { return rig.depth("events-dlq") == 20; }));
  EXPECT_EQ(at.size(), 60U);
  for (std::size_t i = 20; i < at.size(); ++i) {
    EXPECT_GE(at[i] - at[0], 1s);
    distinct.insert(at[i].count() / 1000);
  }
  EXPECT_GT(distinct.size(), 5U) << "retries are spread by jitter";
}

TEST(Runtime, CountsAnEscapedExceptionAsRetry) {
  int runs = 0;
  Rig rig;
  rig.on_events([&](const Delivery&) -> Verdict {
    if (++runs == 1) throw std::runtime_error("a bug");
    return Done{"done", {}};
  });
  rig.send("events", request_for("web"));
  rig.start();
  EXPECT_TRUE(rig.run(10min, [&] { return rig.depth("events") == 0; }));
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(rig.depth("events-dlq"), 0U);
}

TEST(Runtime, DefersAnyNumberOfTimesWithoutSpendingReceives) {
  int runs = 0;
  int receives_max = 0;
  Rig rig;
  const auto open = rig.loop.clock().now() + 25h;  // needs several deliveries of 12 hours at most
  rig.on_events([&](const Delivery& delivery) -> Verdict {
    ++runs;
    receives_max = std::max(receives_max, delivery.receive_count);
    if (rig.loop.clock().now() < open) return Defer{open, "the window is closed"};
    return Done{"in the window", {}};
  });
  rig.send("events", request_for("web"), "", {{"tenant", {"String", "blue"}}});
  rig.start();
  ASSERT_TRUE(rig.run(30h, [&] { return rig.depth("events") == 0; }));
  EXPECT_GE(rig.loop.clock().now(), open);
  EXPECT_LE(rig.loop.clock().now(), open + 1min);
  EXPECT_GE(runs, 3);
  EXPECT_LE(runs, 12);
  EXPECT_LE(receives_max, 2);
  EXPECT_EQ(rig.depth("events-dlq"), 0U);
}

TEST(Runtime, IgnoresWellFormedEventsOfOtherKinds) {
  Rig rig;
  rig.on_events([](const Delivery&) { return Verdict(Done{"done", {}}); });
  rig.send("events", R"({"version":"0","id":"1","source":"aws.s3","detail-type":"Object Created",)"
                     R"("time":"2026-01-02T03:04:05Z","detail":{}})");
  rig.start();
  EXPECT_TRUE(rig.run(1min, [&] { return rig.depth("events") == 0; }));
  EXPECT_EQ(rig.depth("events-dlq"), 0U);
}

}  // namespace
}  // namespace worker
