// Visibility: what is in hand stays in hand, and what is lost is let go.
#include "tests/worker/rig.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace worker {
namespace {

using consumers::Delivery;
using consumers::Done;
using consumers::Verdict;

// Counts the consumers that unwound without finishing.
struct Unwinding {
  int& count;
  bool finished = false;
  ~Unwinding() { count += finished ? 0 : 1; }
};

awaitable<Verdict> work(base::Clock& clock, base::Duration duration, int& unwound) {
  Unwinding guard{unwound};
  co_await clock.sleep_for(duration);
  guard.finished = true;
  co_return Done{"worked", {}};
}

TEST(Visibility, IsExtendedBeforeTheMarginSoThatLongWorkRunsOnce) {
  int runs = 0;
  int unwound = 0;
  Rig rig;
  rig.events.visibility = 30s;
  rig.consume("long", "events", [&](Delivery) {
    ++runs;
    return work(rig.loop.clock(), 3h, unwound);
  });
  rig.send("events", request_for("web"));
  rig.start();
  ASSERT_TRUE(rig.run(4h, [&] { return rig.depth("events") == 0; }));
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(unwound, 0);
  const auto extensions = rig.requests("ChangeMessageVisibilityBatch");
  // Half of 30 s is the margin and a tenth the jitter: one extension every 12 to 15 s.
  EXPECT_GE(extensions.size(), 700U);
  EXPECT_LE(extensions.size(), 930U);
  for (std::size_t i = 1; i < extensions.size(); ++i) {
    EXPECT_LE(extensions[i].at - extensions[i - 1].at, 15s);
  }
}

TEST(Visibility, IsExtendedTenMessagesARequest) {
  int unwound = 0;
  Rig rig;
  rig.events.visibility = 60s;
  rig.consume("long", "events", [&](Delivery) { return work(rig.loop.clock(), 1h, unwound); });
  for (int i = 0; i < 50; ++i) rig.send("events", request_for("web-" + std::to_string(i)));
  rig.start();
  ASSERT_TRUE(rig.run(2h, [&] { return rig.depth("events") == 0; }));
  EXPECT_EQ(unwound, 0);
  // 50 messages, about 100 rounds: 5 requests a round when full.
  EXPECT_LE(rig.requests("ChangeMessageVisibilityBatch").size(), 1'100U);
}

TEST(Visibility, SurvivesFailingExtensionsWithinTheMargin) {
  int runs = 0;
  int unwound = 0;
  Rig rig;
  rig.events.visibility = 60s;
  rig.consume("long", "events", [&](Delivery) {
    ++runs;
    return work(rig.loop.clock(), 10min, unwound);
  });
  rig.send("events", request_for("web"));
  rig.region.faults().add({.kind = sim::FaultKind::kThrottle,
                           .operation = "ChangeMessageVisibilityBatch",
                           .probability = 0.6});
  rig.start();
  ASSERT_TRUE(rig.run(1h, [&] { return rig.depth("events") == 0; }));
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(unwound, 0);
}

TEST(Visibility, LostToTheDeadlineCancelsTheConsumerAndDropsItsResult) {
  int runs = 0;
  int unwound = 0;
  Rig rig;
  rig.events.visibility = 30s;
  rig.consume("long", "events", [&](Delivery) {
    ++runs;
    return work(rig.loop.clock(), runs == 1 ? 10min : 1s, unwound);
  });
  rig.send("events", request_for("web"));
  rig.region.faults().add(
      {.kind = sim::FaultKind::kError, .operation = "ChangeMessageVisibilityBatch", .status = 503});
  rig.start();
  ASSERT_TRUE(rig.run(5min, [&] { return unwound == 1; }));
  EXPECT_LE(rig.elapsed(), 31s) << "cancelled when the visibility ended, not later";
  EXPECT_TRUE(rig.requests("DeleteMessageBatch").empty());
  ASSERT_TRUE(rig.run(5min, [&] { return rig.depth("events") == 0; }));
  EXPECT_EQ(runs, 2);
  EXPECT_TRUE(rig.metrics_have(R"(autorecycle_visibility_lost_total{queue="events"} 1)"));
}

TEST(Visibility, LostBetweenTwoSendsLeavesTheRestToWhoeverHasTheMessage) {
  int runs = 0;
  Rig rig;
  rig.events.visibility = 30s;
  rig.consume("forward", "events", [&](Delivery) {
    Done done;
    for (const char* group : {"a", "b"}) {
      done.outgoing.push_back({"recycles", request_for(group), group, group});
    }
    return after(rig.loop.clock(), ++runs == 1 ? 20s : 1h, Verdict(std::move(done)));
  });
  rig.send("events", request_for("web"));
  rig.region.faults().add(
      {.kind = sim::FaultKind::kError, .operation = "ChangeMessageVisibilityBatch", .status = 503});
  rig.region.faults().add(
      {.kind = sim::FaultKind::kLatency, .operation = "SendMessage", .latency = 14s});
  rig.start();
  rig.run(2min);
  EXPECT_GE(runs, 2) << "it came back";
  const auto mention = [&](const char* operation, const std::string& text) {
    return std::ranges::count_if(rig.requests(operation), [&](const Request& request) {
      return request.body.find(text) != std::string::npos;
    });
  };
  EXPECT_EQ(mention("SendMessage", R"("MessageGroupId":"a","MessageDeduplicationId":"a")"), 1);
  EXPECT_EQ(mention("SendMessage", R"("MessageGroupId":"b","MessageDeduplicationId":"b")"), 0);
  EXPECT_EQ(mention("DeleteMessageBatch", "/events\""), 0);
}

TEST(Visibility, IsNotBroughtBackByAnAnswerThatComesTooLate) {
  Rig rig;
  rig.events.visibility = 40s;
  rig.events.drain_deadline = 1s;
  rig.consume("long", "events", [&](Delivery) {
    return after(rig.loop.clock(), 21s, Done{"worked", {}});
  });
  rig.send("events", request_for("web"));
  // The first extension, at 18 to 20 s, is carried out but its answer is lost; the second attempt
  // is given up after 15 s, the third one answered when the 40 s are over.
  int extensions = 0;
  const auto record = rig.http.before;
  rig.http.before = [&](int number, const base::HttpRequest& request) {
    if (record) record(number, request);
    const auto target = base::find_header(request.headers, "x-amz-target").value_or("");
    if (!target.ends_with("ChangeMessageVisibilityBatch")) return;
    ++extensions;
    rig.region.faults().clear();
    sim::FaultRule rule;
    rule.kind = extensions == 1 ? sim::FaultKind::kLost : sim::FaultKind::kLatency;
    rule.latency = extensions == 2 ? 20s : 10s;
    rig.region.faults().add(rule);
  };
  rig.start();
  rig.run(21s);
  EXPECT_GT(rig.drain(), 20s) << "the drain waited for it";
  EXPECT_EQ(extensions, 3);
  EXPECT_TRUE(rig.requests("DeleteMessageBatch").empty());
}

struct Refusal {
  const char* code;
  const char* message;
};

// One extension is refused so; answers how many consumers were cancelled before the deadline.
int cancelled_after(const Refusal& refusal) {
  int unwound = 0;
  Rig rig;
  rig.events.visibility = 60s;
  rig.consume("long", "events", [&](Delivery) { return work(rig.loop.clock(), 1h, unwound); });
  rig.send("events", request_for("web"));
  rig.start();
  rig.run(5s);
  rig.region.faults().add({.kind = sim::FaultKind::kError,
                           .operation = "ChangeMessageVisibilityBatch",
                           .count = 1,
                           .status = 400,
                           .code = refusal.code,
                           .message = refusal.message});
  rig.run(55s);
  EXPECT_TRUE(rig.requests("DeleteMessageBatch").empty());
  return unwound;
}

TEST(Visibility, LostToAnotherWorkerCancelsTheConsumer) {
  for (const Refusal& refusal :
       {Refusal{"ReceiptHandleIsInvalid", "the handle is not valid"},
        Refusal{"MessageNotInflight", "the message is not in flight"},
        Refusal{"AWS.SimpleQueueService.MessageNotInflight", "not in flight"},
        Refusal{"InvalidParameterValue",
                "Value x for parameter ReceiptHandle is invalid. Reason: "
                "Message does not exist or is not available for "
                "visibility timeout change."}}) {
    EXPECT_EQ(cancelled_after(refusal), 1) << refusal.code;
  }
}

// The extension is under way when the consumer gives the message back, and then finds it lost: it
// is not finished for that, and must not be deleted unread when it comes again.
TEST(Visibility, LostOnTheWayBackIsNotTakenForFinished) {
  int runs = 0;
  Rig rig;
  rig.events.visibility = 60s;
  rig.consume("busy", "events", [&](Delivery) {
    const bool first = ++runs == 1;
    Verdict verdict = Done{"done", {}};
    if (first) verdict = consumers::Retry{0s, "busy"};
    return after(rig.loop.clock(), first ? 45s : 1s, std::move(verdict));
  });
  rig.send("events", request_for("web"));
  const std::string extension = "ChangeMessageVisibilityBatch";
  rig.region.faults().add(
      {.kind = sim::FaultKind::kLatency, .operation = extension, .count = 1, .latency = 10s});
  rig.region.faults().add({.kind = sim::FaultKind::kError,
                           .operation = extension,
                           .count = 1,
                           .status = 400,
                           .code = "ReceiptHandleIsInvalid"});
  rig.start();
  ASSERT_TRUE(rig.run(10min, [&] { return rig.depth("events") == 0; }));
  EXPECT_EQ(runs, 2);
}

TEST(Visibility, IsNotLostWhenSqsGoesNoFurtherThanTwelveHours) {
  EXPECT_EQ(cancelled_after({"InvalidParameterValue",
                             "Total VisibilityTimeout for the message is beyond the limit"}),
            0);
}

TEST(Visibility, NoExtensionFollowsADelete) {
  int unwound = 0;
  Rig rig;
  rig.events.visibility = 20s;
  rig.consume("long", "events", [&](Delivery) { return work(rig.loop.clock(), 61s, unwound); });
  for (int i = 0; i < 30; ++i) rig.send("events", request_for("web-" + std::to_string(i)));
  rig.region.faults().add({.kind = sim::FaultKind::kLatency, .latency = 300ms});
  rig.start();
  ASSERT_TRUE(rig.run(5min, [&] { return rig.depth("events") == 0; }));
  rig.run(5min);
  EXPECT_EQ(unwound, 0);
  const auto text = rig.metrics.text();
  const std::string extensions = "autorecycle_visibility_extensions_total{queue=\"events\",result=";
  EXPECT_EQ(text.find(extensions + "\"ok\"} 0\n"), std::string::npos);
  EXPECT_NE(text.find(extensions + "\"lost\"} 0\n"), std::string::npos);
  EXPECT_NE(text.find(extensions + "\"error\"} 0\n"), std::string::npos);
}

TEST(Visibility, EndsWithSqssTwelveHours) {
  int runs = 0;
  int unwound = 0;
  Rig rig;
  rig.consume("endless", "events", [&](Delivery) {
    ++runs;
    return work(rig.loop.clock(), 100h, unwound);
  });
  rig.send("events", request_for("web"));
  rig.start();
  rig.run(11h);
  EXPECT_EQ(unwound, 0);
  rig.run(90min);
  EXPECT_EQ(unwound, 1);
  EXPECT_EQ(runs, 2);
}

TEST(Deletes, AreTriedAgainWhenEntriesFail) {
  int runs = 0;
  Rig rig;
  rig.on_events([&](const Delivery&) {
    ++runs;
    return Verdict(Done{"done", {}});
  });
  for (int i = 0; i < 40; ++i) rig.send("events", request_for("web-" + std::to_string(i)));
  rig.start();
  rig.region.faults().settings().batch_entry_fails = 0.5;
  ASSERT_TRUE(rig.run(10min, [&] { return rig.depth("events") == 0; }));
  EXPECT_EQ(runs, 40) << "a failed delete is not a failed message";
}

TEST(Deletes, ThatWereLostAreMadeUpForWithoutASecondRun) {
  int runs = 0;
  Rig rig;
  rig.events.visibility = 10s;
  rig.on_events([&](const Delivery&) {
    ++runs;
    return Verdict(Done{"done", {}});
  });
  rig.send("events", request_for("web"));
  rig.region.faults().add({.kind = sim::FaultKind::kError,
                           .operation = "DeleteMessageBatch",
                           .count = 1,
                           .status = 400,
                           .code = "ReceiptHandleIsInvalid"});
  rig.start();
  ASSERT_TRUE(rig.run(5min, [&] { return rig.depth("events") == 0; }));
  EXPECT_EQ(runs, 1);
  EXPECT_TRUE(rig.metrics_have(R"(autorecycle_duplicates_suppressed_total{queue="events"} 1)"));
}

}  // namespace
}  // namespace worker
