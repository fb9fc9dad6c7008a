// Messages whose bodies are in S3, through the whole runtime.
#include "aws/payload_pointer.h"
#include "dlq/dead_letter.h"
#include "sim/s3_service.h"
#include "tests/worker/rig.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace worker {
namespace {

using consumers::Defer;
using consumers::Delivery;
using consumers::Done;
using consumers::Outgoing;
using consumers::Poison;
using consumers::Retry;
using consumers::Verdict;

const std::string kKey = "theirs/1";

class PayloadRig : public Rig {
 public:
  PayloadRig() { region.s3().create("payloads"); }

  // A message as another program's extended client sends it.
  void send_pointer(const std::string& group_name, const std::string& queue = "events",
                    const std::string& key = kKey, const std::string& fifo_group = "") {
    const std::string body = request_for(group_name);
    ASSERT_TRUE(loop.run(s3.put_object({"payloads", key}, body, "text/plain")));
    send(queue, aws::write_payload_pointer({"payloads", key}).value(), fifo_group,
         {{"ExtendedPayloadSize", {"Number", std::to_string(body.size())}}});
  }
  void fault(sim::FaultKind kind, const std::string& operation, int status = 500,
             const std::string& code = "", base::Duration latency = 0ms,
             std::optional<int> count = std::nullopt) {
    sim::FaultRule rule;
    rule.kind = kind;
    rule.operation = operation;
    rule.status = status;
    rule.code = code;
    rule.latency = latency;
    rule.count = count;
    region.faults().add(rule);
  }
  bool object_exists(const std::string& key = kKey) {
    return region.s3().find("payloads", key) != nullptr;
  }
  bool until_empty(const std::string& queue = "events") {
    return run(10min, [&] { return depth(queue) == 0; });
  }
};

TEST(PayloadRuntime, HandsTheBodyInS3ToTheConsumerAndRemovesItAfterTheMessage) {
  PayloadRig rig;
  std::vector<std::string> groups;
  rig.on_events([&](const Delivery& delivery) {
    groups.push_back(group_of(delivery));
    return Verdict(Done{"done", {}});
  });
  rig.send_pointer("web");
  rig.start();
  ASSERT_TRUE(rig.run(1min, [&] { return !rig.object_exists(); }));
  EXPECT_EQ(groups, std::vector<std::string>{"web"});
  EXPECT_EQ(rig.depth("events"), 0U);
  const auto entry = std::ranges::find(rig.seen, "DeleteMessageBatch", &Request::operation);
  const auto object = std::ranges::find(rig.seen, "DELETE", &Request::operation);
  EXPECT_LT(entry - rig.seen.begin(), object - rig.seen.begin());
  rig.run(1s);
  for (const char* action : {"fetch", "remove"}) {
    EXPECT_TRUE(rig.metrics_have(R"(autorecycle_payloads_total{action=")" + std::string(action) +
                                 R"(",queue="events",result="ok"} 1)"));
  }
}

TEST(PayloadRuntime, LeavesAnObjectAndNeverAMessageWhenItDiesBetweenTheTwoDeletes) {
  PayloadRig rig;
  int handled = 0;
  rig.on_events([&](const Delivery&) {
    ++handled;
    return Verdict(Done{"done", {}});
  });
  rig.send_pointer("web");
  rig.http.after = [&](int number, const base::HttpRequest& request) {
    const auto target = base::find_header(request.headers, "x-amz-target").value_or("");
    if (!target.ends_with("DeleteMessageBatch")) return;
    for (int i = 1; i < 100; ++i) rig.http.fail_request(number + i);  // nothing leaves any more
  };
  rig.start();
  rig.run(5min);
  EXPECT_EQ(handled, 1);
  EXPECT_EQ(rig.depth("events"), 0U);
  EXPECT_TRUE(rig.object_exists()) << "for the bucket's lifecycle rule";
}

TEST(PayloadRuntime, KeepsTheObjectAsLongAsTheMessageIsNotDeleted) {
  PayloadRig rig;
  rig.on_events([&](const Delivery&) { return Verdict(Done{"done", {}}); });
  rig.send_pointer("web");
  rig.fault(sim::FaultKind::kError, "DeleteMessageBatch", 403, "AccessDenied");
  rig.start();
  rig.run(2min);
  EXPECT_EQ(rig.depth("events"), 1U);
  EXPECT_TRUE(rig.object_exists());
  rig.region.faults().clear();
  EXPECT_TRUE(rig.run(5min, [&] { return rig.depth("events") == 0 && !rig.object_exists(); }));
}

TEST(PayloadRuntime, SendsAMessageWhoseObjectIsGoneToTheDeadLettersAsItIs) {
  PayloadRig rig;
  int handled = 0;
  rig.on_events([&](const Delivery&) {
    ++handled;
    return Verdict(Done{"done", {}});
  });
  rig.send_pointer("web");
  // A client that removes the object first died before it deleted the message.
  rig.region.s3().erase("payloads", kKey);
  rig.start();
  ASSERT_TRUE(rig.until_empty());
  EXPECT_EQ(handled, 0);
  const auto letters = rig.take("events-dlq");
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].attributes.at(dlq::kErrorKind).value, "payload");
  EXPECT_TRUE(letters[0].attributes.at(dlq::kReason).value.starts_with("payload not found: "));
  EXPECT_EQ(letters[0].body, aws::write_payload_pointer({"payloads", kKey}).value());
}

TEST(PayloadRuntime, SaysInTheDeadLetterWhatToConfigureForAStrangersBucket) {
  PayloadRig rig;
  rig.on_events([&](const Delivery&) { return Verdict(Done{"done", {}}); });
  rig.send("events", aws::write_payload_pointer({"a-strangers", "k"}).value());
  rig.start();
  ASSERT_TRUE(rig.until_empty());
  const auto letters = rig.take("events-dlq");
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_NE(letters[0].attributes.at(dlq::kReason).value.find("--payload-buckets"),
            std::string::npos);
  EXPECT_TRUE(rig.requests("GET").empty());
}

TEST(PayloadRuntime, LeavesTheObjectToTheDeadLetterThatPointsToIt) {
  PayloadRig rig;
  rig.on_events([](const Delivery&) { return Verdict(Poison{"never", "refused"}); });
  rig.send_pointer("web");
  rig.start();
  ASSERT_TRUE(rig.until_empty());
  rig.run(1min);
  EXPECT_TRUE(rig.object_exists());
  EXPECT_TRUE(rig.requests("DELETE").empty());
  const auto letters = rig.take("events-dlq");
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].body, aws::write_payload_pointer({"payloads", kKey}).value());
  EXPECT_TRUE(letters[0].attributes.contains("ExtendedPayloadSize"));
}

TEST(PayloadRuntime, LeavesTheObjectToTheCopyThatIsSentOn) {
  PayloadRig rig;
  int handled = 0;
  rig.on_events([&](const Delivery&) {
    ++handled;
    if (handled > 3) return Verdict(Done{"done", {}});
    return Verdict(Defer{rig.loop.clock().now() + 1min, "not yet"});
  });
  rig.send_pointer("web");
  rig.start();
  ASSERT_TRUE(rig.run(30min, [&] { return handled == 4 && !rig.object_exists(); }));
  EXPECT_FALSE(rig.requests("SendMessage").size() < 2) << "a copy was sent";
  EXPECT_EQ(rig.depth("events"), 0U);
}

TEST(PayloadRuntime, KeepsTheMessageInvisibleWhileItsBodyComes) {
  PayloadRig rig;
  rig.events.visibility = 15s;
  rig.events.poll_wait = 5s;
  int handled = 0;
  rig.on_events([&](const Delivery& delivery) {
    ++handled;
    EXPECT_EQ(delivery.receive_count, 1);
    return Verdict(Done{"done", {}});
  });
  rig.send_pointer("web");
  rig.fault(sim::FaultKind::kLatency, "GetObject", 500, "", 50s);
  rig.start();
  ASSERT_TRUE(rig.until_empty());
  EXPECT_EQ(handled, 1);
  EXPECT_GE(rig.requests("ChangeMessageVisibilityBatch").size(), 3U);
}

TEST(PayloadRuntime, DropsTheBodyOfAMessageThatWasLostMeanwhile) {
  PayloadRig rig;
  rig.events.visibility = 15s;
  rig.events.poll_wait = 5s;
  int handled = 0;
  rig.on_events([&](const Delivery&) {
    ++handled;
    return Verdict(Done{"done", {}});
  });
  rig.send_pointer("web");
  rig.fault(sim::FaultKind::kLatency, "GetObject", 500, "", 40s, 1);
  rig.fault(sim::FaultKind::kError, "ChangeMessageVisibilityBatch", 500);
  rig.start();
  ASSERT_TRUE(rig.run(30s, [&] {
    return rig.metrics_have(R"(autorecycle_visibility_lost_total{queue="events"} 1)");
  }));
  rig.region.faults().clear();
  ASSERT_TRUE(rig.run(5min, [&] { return !rig.object_exists(); }));
  rig.run(2min);
  EXPECT_EQ(handled, 1) << "by the second delivery only";
}

TEST(PayloadRuntime, TriesAgainLaterWhenS3IsDown) {
  PayloadRig rig;
  rig.on_events([](const Delivery&) { return Verdict(Done{"done", {}}); });
  rig.send_pointer("web");
  rig.fault(sim::FaultKind::kError, "GetObject", 503, "SlowDown", 0ms, 4);
  rig.start();
  ASSERT_TRUE(rig.until_empty());
  EXPECT_EQ(rig.depth("events-dlq"), 0U);
}

TEST(PayloadRuntime, KeepsTheOrderOfAGroupWhileABodyComes) {
  PayloadRig rig;
  std::vector<std::string> order;
  rig.consume("recycle", "recycles", [&](Delivery delivery) -> awaitable<Verdict> {
    order.push_back(group_of(delivery));
    return after(rig.loop.clock(), 1s, Done{});
  });
  rig.send_pointer("first", "recycles.fifo", kKey, "g");
  rig.send("recycles.fifo", request_for("second"), "g");
  rig.fault(sim::FaultKind::kLatency, "GetObject", 500, "", 20s);
  rig.start();
  ASSERT_TRUE(rig.until_empty("recycles.fifo"));
  EXPECT_EQ(order, (std::vector<std::string>{"first", "second"}));
}

TEST(PayloadRuntime, BeginsNoConsumerWhenTheBodyComesAfterTheDrainBegan) {
  PayloadRig rig;
  int handled = 0;
  rig.on_events([&](const Delivery&) {
    ++handled;
    return Verdict(Done{"done", {}});
  });
  rig.send_pointer("web");
  rig.fault(sim::FaultKind::kLatency, "GetObject", 500, "", 10s);
  rig.start();
  rig.run(2s);
  EXPECT_LE(rig.drain(), 10s);
  EXPECT_EQ(handled, 0);
  EXPECT_EQ(rig.take("events").size(), 1U) << "visible at once for the next worker";
  EXPECT_TRUE(rig.object_exists());
}

TEST(PayloadRuntime, GivesUpOnS3AtTheDrainDeadline) {
  PayloadRig rig;
  rig.events.drain_deadline = 5s;
  rig.on_events([](const Delivery&) { return Verdict(Done{"done", {}}); });
  rig.send_pointer("web");
  rig.fault(sim::FaultKind::kLatency, "GetObject", 500, "", 50s);
  rig.start();
  rig.run(2s);
  EXPECT_LE(rig.drain(), 6s);
  EXPECT_EQ(rig.take("events").size(), 1U);
}

TEST(PayloadRuntime, IsNotHeldUpAtItsEndByAnObjectThatCannotBeRemoved) {
  PayloadRig rig;
  rig.on_events([](const Delivery&) { return Verdict(Done{"done", {}}); });
  rig.send_pointer("web");
  rig.fault(sim::FaultKind::kLatency, "DeleteObject", 500, "", 1h);
  rig.start();
  ASSERT_TRUE(rig.until_empty());
  EXPECT_LE(rig.drain(), 11s);
  EXPECT_TRUE(rig.metrics_have(
      R"(autorecycle_payloads_total{action="remove",queue="events",result="error"} 1)"));
}

TEST(PayloadRuntime, PutsALongOutgoingBodyIntoS3) {
  PayloadRig rig;
  rig.on_events([](const Delivery&) {
    return Verdict(
        Done{"one", {Outgoing{"recycles", std::string(kMessageBytesMax + 1, 'x'), "web", "d-1"}}});
  });
  rig.send("events", request_for("in"));
  rig.recycles.in_flight_max = 0;
  rig.start();
  ASSERT_TRUE(rig.until_empty());
  rig.drain();
  EXPECT_EQ(rig.region.s3().size("payloads"), 1U);
}

}  // namespace
}  // namespace worker
