#include "worker/cloudwatch_export.h"

#include "messages/kinds.h"
#include "sim/cloudwatch_service.h"
#include "tests/worker/rig.h"
#include "worker/task_group.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

namespace worker {
namespace {

constexpr const char* kNamespace = "Autorecycle/Test";

struct Total {
  double sum = 0;
  double samples = 0;
};
using Totals = std::map<sim::MetricStore::Key, Total>;

sim::MetricStore::Key key_of(const MetricSample& sample) {
  sim::MetricStore::Key key{kNamespace, sample.name, {}};
  for (const auto& [name, value] : sample.labels) key.dimensions[name] = value;
  return key;
}

// What Prometheus would have added up, had it scraped at this moment; gauges have no sum, and the
// export cannot tell of the request that tells.
void add_totals(Totals& totals, const Metrics& metrics) {
  for (const MetricSample& sample : metrics.samples()) {
    if (sample.kind == MetricSample::Kind::kGauge) continue;
    if (sample.name == "autorecycle_exported_total") continue;
    Total& total = totals[key_of(sample)];
    total.sum += sample.kind == MetricSample::Kind::kHistogram ? sample.sum : sample.value;
    for (const auto& bucket : sample.buckets) total.samples += static_cast<double>(bucket.count);
  }
}

double value_of(const Metrics& metrics, const std::string& name, const std::string& result) {
  for (const MetricSample& sample : metrics.samples()) {
    const std::pair<std::string, std::string> label{"result", result};
    if (sample.name == name && std::ranges::find(sample.labels, label) != sample.labels.end()) {
      return sample.value;
    }
  }
  return 0;
}

// One life of a process that exports its metrics.
class Life {
 public:
  Life(Rig& rig, Metrics& metrics,
       CloudWatchConfig config = {.name_space = kNamespace, .selection = {}, .interval = 60s})
      : cloudwatch_(rig.caller),
        rig_(rig),
        tasks_(rig.loop.executor(), rig.loop.clock()),
        exporter_(rig.loop.executor(),
                  {cloudwatch_, rig.credentials, metrics, rig.loop.clock(), rig.random},
                  std::move(config)) {
    tasks_.spawn("exporting", exporter_.run());
  }
  void end() {
    exporter_.stop();
    rig_.loop.run(tasks_.join());
  }

 private:
  aws::CloudWatch cloudwatch_;
  Rig& rig_;
  TaskGroup tasks_;
  CloudWatchExport exporter_;
};

sim::FaultRule put_fault(sim::FaultKind kind, std::string code = {}, int status = 500) {
  return {.kind = kind,
          .service = "monitoring",
          .operation = "PutMetricData",
          .count = 2,
          .status = status,
          .code = std::move(code)};
}

void expect_equal(const Totals& prometheus, const sim::MetricStore& store) {
  for (const auto& [key, total] : prometheus) {
    const auto told = store.of(key);
    EXPECT_NEAR(told.sum, total.sum, 1e-6 * std::max(1.0, std::abs(total.sum))) << key.name;
    if (total.samples > 0) EXPECT_EQ(told.samples, total.samples) << key.name;
  }
}

// Messages that succeed, come again and end in the dead-letter queue, so that every kind of figure
// moves between two exports.
void work(Rig& rig, const std::string& prefix) {
  for (int i = 0; i < 25; ++i) rig.send("events", request_for(prefix + std::to_string(i)));
  rig.run(150s);
}

TEST(CloudWatchExport, AddsUpToPrometheusOverRetriesAndARestart) {
  Rig rig;
  rig.on_events([&rig](const consumers::Delivery& delivery) -> consumers::Verdict {
    if (delivery.receive_count == 1 && rig.random.chance(0.5)) return consumers::Retry{1s, "again"};
    if (rig.random.chance(0.2)) return consumers::Poison{"no good", "refused"};
    return consumers::Done{};
  });
  rig.start();
  Totals prometheus;
  Life first(rig, rig.metrics);
  work(rig, "a");
  for (const auto& fault :
       {put_fault(sim::FaultKind::kThrottle),
        put_fault(sim::FaultKind::kError, "AccessDenied", 403), put_fault(sim::FaultKind::kLost)}) {
    rig.region.faults().add(fault);
    work(rig, "b");
  }
  rig.drain();
  first.end();
  add_totals(prometheus, rig.metrics);
  EXPECT_GT(value_of(rig.metrics, "autorecycle_exported_total", "unknown"), 0)
      << "answers were lost";

  Metrics metrics;  // of a new process
  Context context{rig.loop.executor(), rig.loop.clock(), rig.random, rig.sqs, rig.sqs, metrics,
                  rig.payloads};
  rig.runtime.reset();
  std::vector<std::unique_ptr<ScriptedConsumer>> consumers;
  consumers.push_back(std::make_unique<ScriptedConsumer>(
      "scripted", "events",
      [&rig](consumers::Delivery) { return after(rig.loop.clock(), 2s, consumers::Done{}); }));
  Runtime runtime(context, {rig.events}, {consumers.front().get()}, 1'000);
  TaskGroup tasks(rig.loop.executor(), rig.loop.clock());
  tasks.spawn("running", runtime.run());
  Life second(rig, metrics);
  work(rig, "c");
  runtime.drain();
  rig.loop.run(tasks.join());
  second.end();
  add_totals(prometheus, metrics);

  const sim::MetricStore& store = rig.region.cloudwatch().metrics();
  expect_equal(prometheus, store);
  const sim::MetricStore::Key done{
      kNamespace,
      "autorecycle_messages_received_total",
      {{"kind", std::string(messages::kind::kRecycleRequest)}, {"queue", "events"}}};
  EXPECT_GE(store.of(done).sum, 125) << "there was something to add up";
}

// A request that may have arrived is not sent again: less is told than happened, never more.
TEST(CloudWatchExport, CountsAsUnknownWhatMayHaveArrivedAndNeverTellsItAgain) {
  Rig rig;
  Metrics metrics;
  metrics.job_ended("job", "ok", 1s);
  rig.region.faults().add({.kind = sim::FaultKind::kError,
                           .service = "monitoring",
                           .operation = "PutMetricData",
                           .count = 1,
                           .status = 500,
                           .code = "InternalFailure"});
  Life life(rig, metrics);
  rig.run(60s);
  metrics.job_ended("job", "ok", 1s);
  rig.run(60s);
  life.end();
  const sim::MetricStore::Key jobs{
      kNamespace, "autorecycle_jobs_total", {{"name", "job"}, {"result", "ok"}}};
  EXPECT_EQ(rig.region.cloudwatch().metrics().of(jobs).sum, 1);
  EXPECT_GT(value_of(metrics, "autorecycle_exported_total", "unknown"), 0);
}

TEST(CloudWatchExport, SendsOneRequestAMinuteForAThousandMetrics) {
  Rig rig;
  Metrics metrics;
  // The most series that job names can make, and then some of AWS's.
  for (int i = 0; i < 64; ++i) metrics.job_ended("job-" + std::to_string(i), "ok", 1s);
  std::vector<std::string> operations;
  for (int i = 0; i < 300; ++i) operations.push_back("Operation" + std::to_string(i));
  const auto call_all = [&] {
    for (const std::string& operation : operations) {
      metrics.aws_request({.service = "ec2", .operation = operation, .code = "ok", .took = 30ms});
    }
  };
  Life life(rig, metrics);
  for (int minute = 0; minute < 5; ++minute) {
    call_all();
    rig.run(60s);
  }
  const auto& puts = rig.region.cloudwatch().metrics().requests();
  ASSERT_EQ(puts.size(), 5U);
  for (std::size_t i = 0; i < puts.size(); ++i) {
    EXPECT_GT(puts[i].data, 600U);
    EXPECT_LE(puts[i].data, 1'000U);
    if (i > 0) EXPECT_GE(puts[i].at - puts[i - 1].at, 60s);
  }
  const auto sent = rig.requests("POST");
  ASSERT_EQ(sent.size(), 5U);
  EXPECT_LT(sent.back().body.size(), 100'000U) << "it is compressed";
  life.end();
}

TEST(CloudWatchExport, SplitsWhatIsTooMuchForOneRequest) {
  Rig rig;
  Metrics metrics;
  std::vector<std::string> operations;
  for (int i = 0; i < 1'500; ++i) operations.push_back("Operation" + std::to_string(i));
  for (const std::string& operation : operations) {
    metrics.aws_request({.service = "ec2", .operation = operation, .code = "ok", .took = 30ms});
  }
  Life life(rig, metrics);
  rig.run(60s);
  life.end();
  Totals prometheus;
  add_totals(prometheus, metrics);
  expect_equal(prometheus, rig.region.cloudwatch().metrics());
  for (const auto& put : rig.region.cloudwatch().metrics().requests()) EXPECT_LE(put.data, 1'000U);
  EXPECT_GE(rig.region.cloudwatch().metrics().requests().size(), 4U);
}

TEST(CloudWatchExport, TellsWhatCameLastWhenItIsStopped) {
  Rig rig;
  Metrics metrics;
  Life life(rig, metrics);
  rig.run(70s);
  metrics.job_ended("last", "failed", 1s);
  life.end();
  const sim::MetricStore::Key jobs{
      kNamespace, "autorecycle_jobs_total", {{"name", "last"}, {"result", "failed"}}};
  EXPECT_EQ(rig.region.cloudwatch().metrics().of(jobs).sum, 1);
}

TEST(CloudWatchExport, EndsInTimeWhenCloudWatchDoesNotAnswer) {
  Rig rig;
  Metrics metrics;
  rig.region.faults().add({.kind = sim::FaultKind::kLatency,
                           .service = "monitoring",
                           .latency = std::chrono::hours(1)});
  Life life(rig, metrics);
  rig.run(1s);
  const auto begin = rig.elapsed();
  life.end();
  EXPECT_LE(rig.elapsed() - begin, 30s);
}

TEST(CloudWatchExport, SendsNothingWithoutCredentialsAndLosesNothing) {
  struct Empty final : aws::CredentialsProvider {
    awaitable<base::Result<aws::Credentials>> get() override {
      if (found) co_return aws::Credentials{"AKIDRIG", base::Secret("rig-secret"), {}, {}, "rig"};
      co_return base::Error{base::ErrorKind::kRetry, "Timeout", "metadata does not answer", {}};
    }
    bool found = false;
  };
  Rig rig;
  Metrics metrics;
  Empty purse;
  aws::CloudWatch cloudwatch(rig.caller);
  CloudWatchExport exporter(rig.loop.executor(),
                            {cloudwatch, purse, metrics, rig.loop.clock(), rig.random},
                            {.name_space = kNamespace, .selection = {}, .interval = 60s});
  TaskGroup tasks(rig.loop.executor(), rig.loop.clock());
  tasks.spawn("exporting", exporter.run());
  metrics.job_ended("job", "ok", 1s);
  rig.run(3min);
  EXPECT_TRUE(rig.region.cloudwatch().metrics().requests().empty());
  purse.found = true;
  exporter.stop();
  rig.loop.run(tasks.join());
  const sim::MetricStore::Key jobs{
      kNamespace, "autorecycle_jobs_total", {{"name", "job"}, {"result", "ok"}}};
  EXPECT_EQ(rig.region.cloudwatch().metrics().of(jobs).sum, 1);
}

}  // namespace
}  // namespace worker
