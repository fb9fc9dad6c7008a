#include "worker/tracer.h"

#include "aws/autoscaling.h"
#include "base/traced_executor.h"
#include "tests/worker/rig.h"

#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include <algorithm>

namespace worker {
namespace {

constexpr const char* kTraceparent = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01";
constexpr const char* kNotSampled = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-00";

struct Kept final : SpanExporter {
  explicit Kept(std::vector<base::Span>& list) : spans(list) {}
  void take(const base::Span& span) override { spans.push_back(span); }
  awaitable<void> run() override { co_return; }
  void stop() override {}
  std::vector<base::Span>& spans;
};

struct Traced {
  std::vector<base::Span> spans;
  Rig rig;
  Tracer tracer;

  explicit Traced(Tracer::Config config = {}) : tracer(rig.loop.clock(), rig.random, config) {
    tracer.add(std::make_unique<Kept>(spans));
    rig.context.tracer = &tracer;
  }
  ~Traced() { rig.drain(); }

  void send(const std::string& traceparent = {}) {
    aws::MessageAttributes attributes;
    if (!traceparent.empty()) attributes["traceparent"] = {"String", traceparent};
    rig.send("events", request_for("web"), "", std::move(attributes));
    rig.run(10s);
  }
  const base::Span& span(const std::string& name) const {
    const auto found = std::ranges::find(spans, name, &base::Span::name);
    if (found == spans.end()) throw std::logic_error("no span " + name);
    return *found;
  }
};

std::string attribute(const base::Span& span, const std::string& name) {
  for (const auto& [key, value] : span.attributes) {
    if (key == name) return value;
  }
  return {};
}

// A consumer that calls AWS within a step of its own.
awaitable<consumers::Verdict> step_with_a_call(Rig& rig, consumers::Verdict verdict) {
  const auto executor = co_await boost::asio::this_coro::executor;
  base::ActiveSpan step(base::trace_of(executor), base::ActiveSpan::Nesting::kNested,
                        base::Span::Kind::kInternal);
  step.name("recycle.SetDesiredCapacity");
  aws::AutoScaling scaling(rig.caller);
  aws::DescribeAutoScalingGroupsOptions options;
  options.names = {base::GroupName("web")};
  static_cast<void>(co_await scaling.describe_auto_scaling_groups(std::move(options)));
  co_return verdict;
}

TEST(Tracer, ConnectsTheMessageItsStepsAndTheirCalls) {
  Traced traced;
  traced.rig.consume("scripted", "events", [&](consumers::Delivery) {
    return step_with_a_call(traced.rig, consumers::Done{"did it", {}});
  });
  traced.rig.start();
  traced.send(kTraceparent);
  ASSERT_EQ(traced.spans.size(), 3U);
  const base::Span& message = traced.span("events process");
  const base::Span& step = traced.span("recycle.SetDesiredCapacity");
  const base::Span& call = traced.span("autoscaling.DescribeAutoScalingGroups");
  EXPECT_EQ(message.trace_id, "5759e988bd862e3fe1be46a994272793");
  EXPECT_EQ(message.parent_id, "53995c3f42cd8ad8") << "the sender's span";
  EXPECT_TRUE(message.is_root);
  EXPECT_EQ(step.parent_id, message.span_id);
  EXPECT_EQ(call.parent_id, step.span_id);
  EXPECT_EQ(call.trace_id, message.trace_id);
  EXPECT_EQ(call.kind, base::Span::Kind::kClient);
  EXPECT_EQ(attribute(message, "autorecycle.verdict"), "done");
  EXPECT_EQ(attribute(message, "autorecycle.kind"), "recycle-request");
  EXPECT_EQ(attribute(message, "messaging.destination.name"), "events");
  EXPECT_FALSE(attribute(message, "messaging.message.id").empty());
}

TEST(Tracer, BeginsATraceWhoseIdSaysWhen) {
  Traced traced({.sample = 1, .offers_w3c = true});
  traced.rig.on_events([](const consumers::Delivery&) { return consumers::Done{}; });
  traced.rig.start();
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
      traced.rig.loop.clock().now().time_since_epoch());
  traced.send();
  ASSERT_EQ(traced.spans.size(), 1U);
  EXPECT_EQ(traced.spans[0].parent_id, "");
  EXPECT_EQ(traced.spans[0].trace_id.size(), 32U);
  const auto began = std::stoll(traced.spans[0].trace_id.substr(0, 8), nullptr, 16);
  EXPECT_NEAR(static_cast<double>(began), static_cast<double>(now.count()), 10);
}

TEST(Tracer, HandsTheTraceOnToWhatIsSentWithTheMessagesSpanAsItsParent) {
  Traced traced({.sample = 1, .offers_w3c = true});
  traced.rig.on_events([](const consumers::Delivery&) -> consumers::Verdict {
    return consumers::Done{"", {{"recycles", request_for("web"), "web", "one"}}};
  });
  traced.rig.start();
  traced.rig.runtime->pause("recycles", true);
  traced.send();
  traced.rig.run(30s);
  const auto sent = traced.rig.take("recycles.fifo");
  const base::Span& message = traced.span("events process");
  ASSERT_EQ(sent.size(), 1U);
  const auto header = sent[0].system_attributes.find("AWSTraceHeader");
  ASSERT_NE(header, sent[0].system_attributes.end());
  EXPECT_NE(header->second.find("Parent=" + message.span_id + ";Sampled=1"), std::string::npos)
      << header->second;
  EXPECT_EQ(sent[0].attributes.at("traceparent").value,
            "00-" + message.trace_id + "-" + message.span_id + "-01");
}

TEST(Tracer, LeavesAloneWhatItsSenderDidNotSample) {
  Traced traced;
  traced.rig.on_events([](const consumers::Delivery&) { return consumers::Done{}; });
  traced.rig.start();
  traced.send(kNotSampled);
  EXPECT_TRUE(traced.spans.empty());
}

TEST(Tracer, SamplesTheShareThatItIsToldTo) {
  Traced traced({.sample = 0.25, .offers_w3c = false});
  traced.rig.on_events([](const consumers::Delivery&) { return consumers::Done{}; });
  traced.rig.start();
  for (int i = 0; i < 400; ++i) traced.rig.send("events", request_for("web"));
  traced.rig.run(5min);
  EXPECT_GT(traced.spans.size(), 60U);
  EXPECT_LT(traced.spans.size(), 140U);
}

TEST(Tracer, SaysWhatFailed) {
  Traced traced;
  traced.rig.consume("scripted", "events", [&](consumers::Delivery) {
    return step_with_a_call(traced.rig, consumers::Poison{"no such group", "refused"});
  });
  traced.rig.region.faults().add({.kind = sim::FaultKind::kError,
                                  .operation = "DescribeAutoScalingGroups",
                                  .status = 403,
                                  .code = "AccessDenied"});
  traced.rig.start();
  traced.send();
  EXPECT_EQ(traced.span("autoscaling.DescribeAutoScalingGroups").error, "AccessDenied");
  EXPECT_EQ(traced.span("events process").error, "poison");
  EXPECT_EQ(attribute(traced.span("events process"), "autorecycle.reason"), "no such group");
}

}  // namespace
}  // namespace worker
