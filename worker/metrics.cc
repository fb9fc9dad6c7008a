#include "worker/metrics.h"

#include "worker/metrics_families.h"
#include "worker/metrics_queue.h"
#include "worker/version.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace worker {
namespace {

constexpr std::size_t kDistinctCodesMax = 64;
constexpr std::size_t kDistinctJobsMax = 64;
constexpr std::size_t kBilledChunk = 64U << 10U;

const std::initializer_list<const char*> kStrategies = {"out-in", "out-in-timed", "in-out",
                                                        "other"};
const std::initializer_list<const char*> kPhases = {"preflight", "grow", "cull", "swap", "restore"};
const std::initializer_list<const char*> kResults = {"finished", "unchanged", "aborted",
                                                     "cancelled", "broken"};
const std::initializer_list<const char*> kWaits = {"readiness", "termination", "people", "window",
                                                   "takeover"};

// https://aws.amazon.com/sqs/pricing/: every 64 KB chunk of a payload is billed as one request.
double billed_requests(const aws::RequestReport& report) {
  const std::size_t bytes = std::max(report.bytes_sent, report.bytes_received);
  return static_cast<double>(std::max<std::size_t>(1, (bytes + kBilledChunk - 1) / kBilledChunk));
}

MetricSample sample_of(const prometheus::MetricFamily& family,
                       const prometheus::ClientMetric& metric) {
  MetricSample sample;
  sample.name = family.name;
  for (const auto& label : metric.label) sample.labels.emplace_back(label.name, label.value);
  std::ranges::sort(sample.labels);
  switch (family.type) {
    case prometheus::MetricType::Counter:
      sample.kind = MetricSample::Kind::kCounter;
      sample.value = metric.counter.value;
      break;
    case prometheus::MetricType::Histogram: {
      sample.kind = MetricSample::Kind::kHistogram;
      sample.sum = metric.histogram.sample_sum;
      std::uint64_t before = 0;
      for (const auto& bucket : metric.histogram.bucket) {
        sample.buckets.push_back({bucket.upper_bound, bucket.cumulative_count - before});
        before = bucket.cumulative_count;
      }
      break;
    }
    default:
      sample.value = metric.gauge.value;
  }
  return sample;
}

}  // namespace

struct Metrics::Impl {
  Families all;
  bool on = true;
  std::map<std::string, std::unique_ptr<QueueMetrics>> queues;
  std::list<std::function<void()>> refreshers;
  Folded codes{kDistinctCodesMax};
  Folded jobs{kDistinctJobsMax};
  std::map<std::string, prometheus::Gauge*> margins;
  prometheus::Gauge* expiry = nullptr;
  prometheus::Histogram& lag = all.lag.Add({}, kLagBuckets);

  struct Call {
    std::string service;
    std::string operation;
    std::string code;
    CounterTally* count = nullptr;
    HistogramTally* time = nullptr;
    prometheus::Counter* billed = nullptr;
  };
  std::vector<Call> calls;  // the series that were asked for, few

  Call& call(std::string_view service, std::string_view operation, std::string_view code) {
    for (Call& known : calls) {
      if (known.operation == operation && known.code == code && known.service == service) {
        return known;
      }
    }
    Call added{std::string(service), std::string(operation), std::string(code)};
    added.count = &all.tally(
        all.requests,
        {{"service", added.service}, {"operation", added.operation}, {"code", added.code}});
    added.time =
        &all.tally(all.request_time, {{"service", added.service}, {"operation", added.operation}},
                   kRequestBuckets);
    if (service == "sqs") added.billed = &all.billed.Add({{"operation", added.operation}});
    return calls.emplace_back(std::move(added));
  }

  // What is known beforehand is there from the start, so that the first event is an increase.
  void begin_at_zero() {
    for (const char* strategy : kStrategies) {
      all.oldest.Add({{"strategy", strategy}});
      for (const char* phase : kPhases) {
        all.running.Add({{"strategy", strategy}, {"phase", phase}});
      }
      for (const char* result : kResults) {
        all.ended.Add({{"strategy", strategy}, {"result", result}});
      }
    }
    for (const char* wait : kWaits) {
      all.waits.Add({{"for", wait}});
      all.waiting.Add({{"for", wait}});
    }
  }

  void refresh() {
    for (const auto& refresher : refreshers) refresher();
    all.hand_over();
  }
};

Metrics::Metrics(Mode mode) : impl_(std::make_unique<Impl>()) {
  impl_->on = mode == Mode::kOn;
  impl_->all.build.Add({{"version", kVersion}}).Set(1);
  impl_->begin_at_zero();
}

Metrics::~Metrics() = default;

QueueMetrics& Metrics::queue(const std::string& role) {
  auto& queue = impl_->queues[role];
  if (!queue) queue = impl_->on ? make_queue_metrics(impl_->all, role) : make_no_queue_metrics();
  return *queue;
}

void Metrics::aws_request(const aws::RequestReport& report) {
  if (!impl_->on) return;
  const bool ok = report.code == "ok";
  Impl::Call& call = ok ? impl_->call(report.service, report.operation, report.code)
                        : impl_->call(report.service, report.operation, impl_->codes(report.code));
  call.count->add();
  call.time->observe(seconds_of(report.took));
  if (call.billed != nullptr) call.billed->Increment(billed_requests(report));
}

void Metrics::retry_tokens(std::string_view connections, double tokens) {
  impl_->all.tokens.Add({{"connections", std::string(connections)}}).Set(tokens);
}

void Metrics::clock_skew(base::Duration ahead) { impl_->all.skew.Add({}).Set(seconds_of(ahead)); }

void Metrics::recycles(const RecyclesNow& now) {
  Families& all = impl_->all;
  for (const char* strategy : kStrategies) {
    all.oldest.Add({{"strategy", strategy}}).Set(0);
    for (const char* phase : kPhases) {
      all.running.Add({{"strategy", strategy}, {"phase", phase}}).Set(0);
    }
  }
  for (const auto& [strategy, age] : now.oldest) {
    all.oldest.Add({{"strategy", strategy}}).Set(seconds_of(age));
  }
  for (const auto& [key, count] : now.running) {
    all.running.Add({{"strategy", key.first}, {"phase", key.second}})
        .Set(static_cast<double>(count));
  }
  for (const char* wait : kWaits) {
    const auto found = now.waiting.find(wait);
    all.waiting.Add({{"for", wait}})
        .Set(found == now.waiting.end() ? 0 : static_cast<double>(found->second));
  }
  for (auto& [strategy, gauge] : impl_->margins) {
    if (gauge == nullptr || now.margin.contains(strategy)) continue;
    all.margin.Remove(gauge);
    gauge = nullptr;
  }
  for (const auto& [strategy, margin] : now.margin) {
    prometheus::Gauge*& gauge = impl_->margins[strategy];
    if (gauge == nullptr) gauge = &all.margin.Add({{"strategy", strategy}});
    gauge->Set(margin);
  }
}

void Metrics::recycle_waits(std::string_view for_what) {
  impl_->all.waits.Add({{"for", std::string(for_what)}}).Increment();
}

void Metrics::recycle_left_phase(const std::string& strategy, const std::string& phase,
                                 base::Duration took) {
  impl_->all.phase_time.Add({{"strategy", strategy}, {"phase", phase}}, kPhaseBuckets)
      .Observe(seconds_of(took));
}

void Metrics::recycle_ended(const std::string& strategy, const std::string& result,
                            base::Duration took) {
  impl_->all.ended.Add({{"strategy", strategy}, {"result", result}}).Increment();
  impl_->all.recycle_time.Add({{"strategy", strategy}, {"result", result}}, kPhaseBuckets)
      .Observe(seconds_of(took));
}

void Metrics::jobs_known(const std::vector<std::string>& jobs) {
  for (const std::string& job : jobs) {
    const std::string name = impl_->jobs(job);
    for (const char* result : {"done", "failed", "timeout"}) {
      impl_->all.jobs.Add({{"name", name}, {"result", result}});
    }
  }
}

void Metrics::job_ended(const std::string& job, const std::string& result, base::Duration took) {
  const std::string name = impl_->jobs(job);
  impl_->all.jobs.Add({{"name", name}, {"result", result}}).Increment();
  impl_->all.job_time.Add({{"name", name}}, kJobBuckets).Observe(seconds_of(took));
}

void Metrics::credentials(bool usable, std::optional<base::Duration> expire_in) {
  impl_->all.usable.Add({}).Set(usable ? 1 : 0);
  if (expire_in) {
    if (impl_->expiry == nullptr) impl_->expiry = &impl_->all.expiry.Add({});
    impl_->expiry->Set(seconds_of(*expire_in));
  } else if (impl_->expiry != nullptr) {
    impl_->all.expiry.Remove(std::exchange(impl_->expiry, nullptr));
  }
}

void Metrics::event_loop_lag(std::chrono::microseconds lag) { impl_->lag.Observe(seconds_of(lag)); }

void Metrics::exported(const std::string& exporter, const std::string& result, std::size_t count) {
  impl_->all.exported.Add({{"exporter", exporter}, {"result", result}})
      .Increment(static_cast<double>(count));
}

std::unique_ptr<Metrics::Refresher> Metrics::before_reading(std::function<void()> refresh) {
  std::unique_ptr<Refresher> refresher(new Refresher(impl_->refreshers));
  refresher->place_ = impl_->refreshers.insert(impl_->refreshers.end(), std::move(refresh));
  return refresher;
}

Metrics::Refresher::~Refresher() { list_.erase(place_); }

std::string Metrics::text() const {
  impl_->refresh();
  return prometheus::TextSerializer().Serialize(impl_->all.registry.Collect());
}

std::vector<MetricSample> Metrics::samples() const {
  impl_->refresh();
  std::vector<MetricSample> samples;
  for (const prometheus::MetricFamily& family : impl_->all.registry.Collect()) {
    for (const prometheus::ClientMetric& metric : family.metric) {
      samples.push_back(sample_of(family, metric));
    }
  }
  return samples;
}

}  // namespace worker
