#include "worker/metrics.h"

#include "sim/virtual_loop.h"
#include "worker/board.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace worker {
namespace {

using namespace std::chrono_literals;

bool have(const Metrics& metrics, const std::string& line) {
  return metrics.text().find(line + "\n") != std::string::npos;
}

std::size_t series(const Metrics& metrics) {
  const std::string text = metrics.text();
  std::size_t lines = 0;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    lines += text[at] == '#' ? 0 : 1;
  }
  return lines;
}

aws::RequestReport report(std::string_view operation, std::string_view code,
                          std::size_t received = 0) {
  return {.service = "sqs",
          .operation = operation,
          .code = code,
          .took = 5ms,
          .bytes_sent = 300,
          .bytes_received = received};
}

TEST(Metrics, FoldErrorCodesBeyondABound) {
  Metrics metrics;
  for (int i = 0; i < 1'000; ++i) {
    metrics.aws_request(report("ReceiveMessage", "Code" + std::to_string(i)));
  }
  std::size_t codes = 0;
  for (const MetricSample& sample : metrics.samples()) {
    codes += sample.name == "autorecycle_aws_requests_total" ? 1 : 0;
  }
  EXPECT_EQ(codes, 65U);
  EXPECT_TRUE(have(metrics,
                   R"(autorecycle_aws_requests_total{code="other",operation="ReceiveMessage",)"
                   R"(service="sqs"} 936)"));
}

TEST(Metrics, FoldNamesOfJobsBeyondABound) {
  Metrics metrics;
  for (int i = 0; i < 1'000; ++i) metrics.job_ended("job-" + std::to_string(i), "failed", 1s);
  EXPECT_TRUE(have(metrics, R"(autorecycle_jobs_total{name="other",result="failed"} 936)"));
}

TEST(Metrics, HaveHelpAndTypeForEveryFamily) {
  Metrics metrics;
  metrics.queue("events").in_flight(3);
  metrics.queue("events").polled(true, 0);
  const auto text = metrics.text();
  EXPECT_NE(text.find("# TYPE autorecycle_in_flight gauge"), std::string::npos);
  EXPECT_NE(text.find("# HELP autorecycle_polls_total "), std::string::npos);
  EXPECT_NE(text.find("autorecycle_in_flight{queue=\"events\"} 3"), std::string::npos);
  EXPECT_NE(text.find("autorecycle_polls_empty_total{queue=\"events\"} 1"), std::string::npos);
}

TEST(Metrics, BeginAtZeroWhereTheLabelsAreKnown) {
  Metrics metrics;
  metrics.queue("recycles");
  metrics.jobs_known({"oncall-replay-dlq"});
  for (const char* line : {R"(autorecycle_recycles_total{result="aborted",strategy="in-out"} 0)",
                           R"(autorecycle_recycle_waits_total{for="window"} 0)",
                           R"(autorecycle_deletes_total{queue="recycles",result="error"} 0)",
                           R"(autorecycle_jobs_total{name="oncall-replay-dlq",result="failed"} 0)",
                           R"(autorecycle_recycle_oldest_seconds{strategy="out-in"} 0)"}) {
    EXPECT_TRUE(have(metrics, line)) << line;
  }
}

// https://aws.amazon.com/sqs/pricing/
TEST(Metrics, CountAnSqsRequestForEvery64KiB) {
  Metrics metrics;
  metrics.aws_request(report("ReceiveMessage", "ok", 1));
  metrics.aws_request(report("ReceiveMessage", "ok", 64 << 10));
  metrics.aws_request(report("ReceiveMessage", "ok", (64 << 10) + 1));
  metrics.aws_request(report("ReceiveMessage", "ok", 1 << 20));
  EXPECT_TRUE(
      have(metrics, R"(autorecycle_sqs_billed_requests_total{operation="ReceiveMessage"} 20)"))
      << metrics.text();
}

TEST(Metrics, AreBroughtUpToDateBeforeTheyAreRead) {
  Metrics metrics;
  int asked = 0;
  {
    const auto refresher = metrics.before_reading([&] { metrics.clock_skew(++asked * 1s); });
    EXPECT_TRUE(have(metrics, "autorecycle_clock_skew_seconds 1"));
    static_cast<void>(metrics.samples());
    EXPECT_EQ(asked, 2);
  }
  static_cast<void>(metrics.text());
  EXPECT_EQ(asked, 2) << "who registered is gone";
}

TEST(Metrics, CountNothingOfMessagesWhenTheyAreOff) {
  Metrics metrics(Metrics::Mode::kOff);
  metrics.queue("events").polled(true, 3);
  metrics.aws_request(report("ReceiveMessage", "ok"));
  EXPECT_EQ(metrics.text().find("queue="), std::string::npos);
  EXPECT_EQ(metrics.text().find("ReceiveMessage"), std::string::npos);
}

// Counted by the message, handed over when somebody reads: neither lost nor told twice, and in the
// bucket that Prometheus means (its bounds are inclusive).
TEST(Metrics, TellWhatWasCountedOfMessagesOnceAndInTheRightBucket) {
  Metrics metrics;
  QueueMetrics& queue = metrics.queue("events");
  queue.received("ping", 250ms, 1);
  queue.received("ping", 251ms, 11);
  queue.in_flight(7);
  const auto told = [&] {
    EXPECT_TRUE(
        have(metrics, R"(autorecycle_messages_received_total{kind="ping",queue="events"} 2)"));
    EXPECT_TRUE(
        have(metrics, R"(autorecycle_message_age_seconds_bucket{queue="events",le="0.25"} 1)"));
    EXPECT_TRUE(
        have(metrics, R"(autorecycle_message_age_seconds_bucket{queue="events",le="1"} 2)"));
    EXPECT_TRUE(have(metrics, R"(autorecycle_message_receives_bucket{queue="events",le="10"} 1)"));
    EXPECT_TRUE(
        have(metrics, R"(autorecycle_message_receives_bucket{queue="events",le="+Inf"} 2)"));
    EXPECT_TRUE(have(metrics, R"(autorecycle_message_receives_sum{queue="events"} 12)"));
    EXPECT_TRUE(have(metrics, R"(autorecycle_in_flight{queue="events"} 7)"));
  };
  told();
  told();
  queue.received("pong", 1ms, 2);
  EXPECT_TRUE(have(metrics, R"(autorecycle_message_receives_sum{queue="events"} 14)"));
  EXPECT_TRUE(
      have(metrics, R"(autorecycle_messages_received_total{kind="pong",queue="events"} 1)"));
}

TEST(Metrics, SampleWhatTheTextSays) {
  Metrics metrics;
  metrics.queue("events").received("recycle", 2s, 4);
  const auto samples = metrics.samples();
  const auto age =
      std::ranges::find(samples, "autorecycle_message_age_seconds", &MetricSample::name);
  ASSERT_NE(age, samples.end());
  EXPECT_EQ(age->kind, MetricSample::Kind::kHistogram);
  EXPECT_DOUBLE_EQ(age->sum, 2);
  std::uint64_t count = 0;
  for (const auto& bucket : age->buckets) {
    count += bucket.count;
    if (bucket.up_to == 5) EXPECT_EQ(bucket.count, 1U) << "counts are not cumulative";
  }
  EXPECT_EQ(count, 1U);
  const auto counter =
      std::ranges::find(samples, "autorecycle_messages_received_total", &MetricSample::name);
  ASSERT_NE(counter, samples.end());
  EXPECT_EQ(counter->kind, MetricSample::Kind::kCounter);
  EXPECT_EQ(counter->labels, (std::vector<std::pair<std::string, std::string>>{
                                 {"kind", "recycle"}, {"queue", "events"}}));
}

// What somebody writes into tags, error codes and names of jobs must not become series.
TEST(Metrics, StayAsFewAfter10000RecyclesOf1000Groups) {
  sim::VirtualLoop loop;
  Metrics metrics;
  Board board(loop.clock(), metrics);
  const auto recycle = [&](int number, const std::string& strategy, const std::string& end) {
    consumers::recycle::Progress progress;
    progress.group = fmt::format("group-{}", number % 1'000);
    progress.run_id = fmt::format("run-{}", number);
    progress.target = fmt::format("lt-{}:{}", number, number);
    progress.strategy = strategy;
    for (const char* phase : {"preflight", "grow", "cull", "swap", "restore", end.c_str()}) {
      progress.phase = phase;
      progress.step = fmt::format("terminating i-{:x}", number);
      progress.waits_for = "readiness";
      progress.margin = number % 5;
      board.update(progress);
    }
    QueueMetrics& queue = metrics.queue("recycles");
    queue.received("recycle", 1s, number % 12);
    queue.settled("recycle", "done", 100s);
    queue.visibility_left(30s);
    metrics.aws_request(report("ReceiveMessage", fmt::format("Code{}", number)));
    metrics.job_ended(fmt::format("job-{}", number), "ok", 1s);
    loop.run_for(10ms);
  };
  const char* strategies[] = {"out-in", "out-in-timed", "in-out"};
  const char* ends[] = {"finished", "aborted", "broken"};
  for (int i = 0; i < 1'000; ++i) recycle(i, strategies[i % 3], ends[i / 3 % 3]);
  recycle(1'000, "a strategy from a tag", "aborted");
  const std::size_t after_some = series(metrics);
  for (int i = 1'001; i < 10'000; ++i) {
    recycle(i, i % 7 == 0 ? fmt::format("strategy-{}", i) : strategies[i % 3], ends[i / 3 % 3]);
  }
  const std::size_t after_all = series(metrics);
  EXPECT_LE(after_all, after_some + 100) << "the last strategy's phases and results, no more";
  EXPECT_LT(after_all, 2'500U);
  EXPECT_EQ(metrics.text().find("group-"), std::string::npos);
  EXPECT_EQ(metrics.text().find("strategy-"), std::string::npos);
}

}  // namespace
}  // namespace worker
