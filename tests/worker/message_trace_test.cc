#include "worker/message_trace.h"

#include "tests/worker/rig.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

namespace worker {
namespace {

using consumers::Defer;
using consumers::Delivery;
using consumers::Done;
using consumers::Outgoing;
using consumers::Poison;
using consumers::Verdict;

constexpr const char* kXray =
    "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
constexpr const char* kW3c = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01";
constexpr const char* kOtherW3c = "00-aaaaaaaabbbbbbbbccccccccdddddddd-1111111111111111-01";

aws::SqsMessage message_with(const char* header, const char* traceparent,
                             const char* tracestate = "") {
  aws::SqsMessage message;
  if (*header != '\0') message.system_attributes["AWSTraceHeader"] = header;
  if (*traceparent != '\0') message.attributes["traceparent"] = {"String", traceparent};
  if (*tracestate != '\0') message.attributes["tracestate"] = {"String", tracestate};
  return message;
}

TEST(MessageTrace, IsReadFromEitherPlace) {
  EXPECT_EQ(trace_of_message(message_with("", "")), nullptr);
  EXPECT_EQ(base::format_xray_header(*trace_of_message(message_with(kXray, ""))), kXray);
  const auto w3c = trace_of_message(message_with("", kW3c, "a=1"));
  EXPECT_EQ(base::format_traceparent(*w3c), kW3c);
  EXPECT_EQ(w3c->trace_state, "a=1");
}

TEST(MessageTrace, PrefersXraysHeader) {
  const auto trace = trace_of_message(message_with(kXray, kOtherW3c, "a=1"));
  EXPECT_EQ(base::format_xray_header(*trace), kXray);
  EXPECT_EQ(trace->trace_state, "") << "of another trace";
  const auto same = trace_of_message(message_with(kXray, kW3c, "a=1"));
  EXPECT_EQ(base::format_xray_header(*same), kXray);
  EXPECT_EQ(same->trace_state, "a=1");
  const auto broken = trace_of_message(message_with("Root=nonsense", kW3c));
  ASSERT_NE(broken, nullptr) << "the other one is still good";
  EXPECT_EQ(base::format_traceparent(*broken), kW3c);
}

TEST(MessageTrace, IsNotReadFromAttributesThatAreNotText) {
  aws::SqsMessage message;
  message.attributes["traceparent"] = {"Binary", kW3c};
  EXPECT_EQ(trace_of_message(message), nullptr);
}

TEST(MessageTrace, IsCarriedAsItCame) {
  aws::SendOptions none;
  carry_trace(nullptr, none);
  EXPECT_EQ(none.trace_header, "");
  EXPECT_TRUE(none.attributes.empty());
  aws::SendOptions xray;
  carry_trace(trace_of_message(message_with(kXray, "")), xray);
  EXPECT_EQ(xray.trace_header, kXray);
  EXPECT_TRUE(xray.attributes.empty());
  aws::SendOptions w3c;
  carry_trace(trace_of_message(message_with("", kW3c, "a=1")), w3c);
  EXPECT_EQ(w3c.trace_header, kXray);
  EXPECT_EQ(w3c.attributes.at("traceparent").value, kW3c);
  EXPECT_EQ(w3c.attributes.at("tracestate").value, "a=1");
}

TEST(MessageTrace, LeavesTheTenAttributesOfAMessageAlone) {
  const auto trace = trace_of_message(message_with("", kW3c, "a=1"));
  aws::SendOptions send;
  for (char c = '0'; c <= '8'; ++c) send.attributes[std::string("a") + c] = {"String", "v"};
  carry_trace(trace, send);
  EXPECT_EQ(send.attributes.size(), 10U);
  EXPECT_TRUE(send.attributes.contains("traceparent"));
  EXPECT_FALSE(send.attributes.contains("tracestate"));
  EXPECT_EQ(send.trace_header, kXray) << "counts against no limit";
  aws::SendOptions theirs;
  theirs.attributes["traceparent"] = {"String", kOtherW3c};
  carry_trace(trace, theirs);
  EXPECT_EQ(theirs.attributes.at("traceparent").value, kOtherW3c);
}

TEST(MessageTrace, IsNamedInLogLinesWhereThereIsOne) {
  EXPECT_EQ(with_trace(nullptr, {{"queue", "events"}}).size(), 1U);
  const auto fields = with_trace(trace_of_message(message_with(kXray, "")), {{"queue", "events"}});
  ASSERT_EQ(fields.size(), 2U);
  EXPECT_EQ(fields[1].key, "trace_id");
  EXPECT_EQ(fields[1].value, "1-5759e988-bd862e3fe1be46a994272793");
}

class TraceRig : public Rig {
 public:
  void send_traced(const std::string& queue, const std::string& body, const std::string& header,
                   aws::MessageAttributes attributes = {}) {
    aws::SendOptions send;
    send.queue = base::QueueUrl("http://sqs.test/123456789012/" + queue);
    send.body = body;
    send.trace_header = header;
    send.attributes = std::move(attributes);
    ASSERT_TRUE(loop.run(sqs.send_message(std::move(send))));
  }
  // X-Amzn-Trace-Id of every request of the operation from now on.
  void note_headers(const std::string& operation) {
    http.before = [this, operation](int, const base::HttpRequest& request) {
      const auto target = base::find_header(request.headers, "x-amz-target").value_or("");
      if (!target.ends_with("." + operation)) return;
      headers.emplace_back(base::find_header(request.headers, "x-amzn-trace-id").value_or("none"));
    };
  }

  std::vector<std::string> headers;
};

awaitable<void> look_up(aws::Sqs& sqs) {
  const auto found = co_await sqs.get_queue_url("events-dlq");
  EXPECT_TRUE(found);
}

// A consumer as ours are: it knows nothing of traces, and part of its work is spawned.
awaitable<Verdict> ask_aws(aws::Sqs& sqs, base::Clock& clock) {
  const auto executor = co_await boost::asio::this_coro::executor;
  co_await look_up(sqs);
  co_await clock.sleep_for(3s);
  co_await boost::asio::co_spawn(executor, look_up(sqs), boost::asio::use_awaitable);
  co_return Verdict(Done{});
}

TEST(MessageTrace, IsOnEveryRequestThatAConsumerMakesForItsMessageAndOnNoOther) {
  TraceRig rig;
  rig.consume("asks", "events", [&](Delivery) { return ask_aws(rig.sqs, rig.loop.clock()); });
  rig.send_traced("events", request_for("traced"), kXray);
  rig.note_headers("GetQueueUrl");
  rig.start();
  ASSERT_TRUE(rig.run(1min, [&] { return rig.depth("events") == 0; }));
  EXPECT_EQ(rig.headers, (std::vector<std::string>{kXray, kXray}));
  rig.headers.clear();
  rig.send("events", request_for("plain"));
  ASSERT_TRUE(rig.run(1min, [&] { return rig.depth("events") == 0; }));
  EXPECT_EQ(rig.headers, (std::vector<std::string>{"none", "none"}));
}

TEST(MessageTrace, IsNotOnRequestsAboutMessagesOfManyTraces) {
  TraceRig rig;
  rig.on_events([](const Delivery&) { return Verdict(Done{}); });
  rig.send_traced("events", request_for("traced"), kXray);
  rig.note_headers("DeleteMessageBatch");
  rig.start();
  ASSERT_TRUE(rig.run(1min, [&] { return rig.depth("events") == 0; }));
  EXPECT_EQ(rig.headers, (std::vector<std::string>{"none"}));
}

TEST(MessageTrace, GoesAlongWithWhatIsSentBecauseOfTheMessage) {
  TraceRig rig;
  rig.on_events([](const Delivery&) {
    return Verdict(Done{"one group", {Outgoing{"recycles", request_for("out"), "web", "d-1"}}});
  });
  rig.send_traced("events", request_for("in"), "",
                  {{"traceparent", {"String", kW3c}}, {"tracestate", {"String", "a=1"}}});
  rig.note_headers("SendMessage");
  rig.recycles.in_flight_max = 0;  // nobody takes it from there
  rig.start();
  ASSERT_TRUE(rig.run(1min, [&] { return rig.depth("events") == 0; }));
  EXPECT_EQ(rig.headers, (std::vector<std::string>{kXray}));
  const auto sent = rig.take("recycles.fifo");
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].system_attributes.at("AWSTraceHeader"), kXray);
  EXPECT_EQ(sent[0].attributes.at("traceparent").value, kW3c);
  EXPECT_EQ(sent[0].attributes.at("tracestate").value, "a=1");
}

TEST(MessageTrace, GoesAlongWithCopiesAndDeadLetters) {
  TraceRig rig;
  int handled = 0;
  rig.on_events([&](const Delivery&) {
    ++handled;
    if (handled < 3) return Verdict(Defer{rig.loop.clock().now() + 1min, "not yet"});
    return Verdict(Poison{"never", "refused"});
  });
  rig.send_traced("events", request_for("in"), kXray, {{"traceparent", {"String", kW3c}}});
  rig.start();
  ASSERT_TRUE(rig.run(30min, [&] { return rig.depth("events") == 0; }));
  EXPECT_EQ(rig.requests("SendMessage").size(), 3U) << "the test's, a copy, a dead letter";
  const auto letters = rig.take("events-dlq");
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].system_attributes.at("AWSTraceHeader"), kXray);
  EXPECT_EQ(letters[0].attributes.at("traceparent").value, kW3c);
}

}  // namespace
}  // namespace worker
