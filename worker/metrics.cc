#include "worker/metrics.h"

#include "worker/version.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <set>

namespace worker {
namespace {

using Counters = prometheus::Family<prometheus::Counter>;
using Gauges = prometheus::Family<prometheus::Gauge>;
using Histograms = prometheus::Family<prometheus::Histogram>;

constexpr std::size_t kDistinctCodesMax = 64;

const prometheus::Histogram::BucketBoundaries kRequestBuckets = {0.005, 0.01, 0.025, 0.05, 0.1,
                                                                 0.25,  0.5,  1,     5,    21};
const prometheus::Histogram::BucketBoundaries kHandlerBuckets = {0.01, 0.05, 0.25, 1,    5,
                                                                 30,   300,  1800, 7200, 36000};
const prometheus::Histogram::BucketBoundaries kAgeBuckets = {0.05, 0.25, 1,    5,
                                                             30,   300,  3600, 43200};

double seconds(std::chrono::microseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  std::set<std::string> codes;

  Counters& counters(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  }
  Gauges& gauges(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
  }
  Histograms& histograms(const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
  }

  Counters& polls = counters("autorecycle_polls_total", "ReceiveMessage long polls, by result");
  Counters& empty_polls =
      counters("autorecycle_polls_empty_total", "Long polls that brought no message");
  Gauges& last_success = gauges("autorecycle_poller_last_success_timestamp_seconds",
                                "When the queue was last polled well, Unix time");
  Counters& received = counters("autorecycle_messages_received_total", "Messages decoded, by kind");
  Histograms& age = histograms("autorecycle_message_age_seconds",
                               "From SQS taking a message to its handler beginning");
  Counters& verdicts = counters("autorecycle_verdicts_total", "What became of messages");
  Histograms& handling =
      histograms("autorecycle_handle_seconds", "From a message's begin to its verdict carried out");
  Counters& poison =
      counters("autorecycle_poison_total", "Messages that can never succeed, by the kind of error");
  Counters& duplicates = counters("autorecycle_duplicates_suppressed_total",
                                  "Redeliveries of finished messages, deleted and not run again");
  Gauges& in_flight = gauges("autorecycle_in_flight", "Messages in hand");
  Counters& extensions =
      counters("autorecycle_visibility_extensions_total", "Extensions of visibility, by result");
  Counters& lost = counters("autorecycle_visibility_lost_total",
                            "Messages whose visibility ended while they were in hand");
  Counters& deletes = counters("autorecycle_deletes_total", "Deleted entries, by result");
  Counters& returns =
      counters("autorecycle_returns_total", "Messages given back to the queue, by result");
  Counters& requests =
      counters("autorecycle_aws_requests_total", "Attempts of AWS API calls, by error code or ok");
  Histograms& request_time =
      histograms("autorecycle_aws_request_seconds", "Duration of attempts of AWS API calls");
  Gauges& running = gauges("autorecycle_recycles_running", "Recycles under way, by strategy");
  Counters& ended = counters("autorecycle_recycles_total", "Ended recycles, by strategy, result");

  std::string folded(const std::string& code) {
    if (codes.contains(code)) return code;
    if (codes.size() >= kDistinctCodesMax) return "other";
    codes.insert(code);
    return code;
  }
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {
  impl_->gauges("autorecycle_build_info", "Always 1; the version is the label")
      .Add({{"version", kVersion}})
      .Set(1);
}

Metrics::~Metrics() = default;

void Metrics::polled(const std::string& queue, const std::string& result, std::size_t messages) {
  impl_->polls.Add({{"queue", queue}, {"result", result}}).Increment();
  if (result == "ok" && messages == 0) impl_->empty_polls.Add({{"queue", queue}}).Increment();
}

void Metrics::poll_succeeded(const std::string& queue, base::TimePoint at) {
  impl_->last_success.Add({{"queue", queue}}).Set(seconds(at.time_since_epoch()));
}

void Metrics::received(const std::string& queue, const std::string& kind,
                       std::chrono::microseconds age) {
  impl_->received.Add({{"queue", queue}, {"kind", kind}}).Increment();
  impl_->age.Add({{"queue", queue}}, kAgeBuckets).Observe(seconds(age));
}

void Metrics::settled(const std::string& queue, const std::string& kind, const std::string& verdict,
                      base::Duration took) {
  impl_->verdicts.Add({{"queue", queue}, {"kind", kind}, {"verdict", verdict}}).Increment();
  impl_->handling.Add({{"queue", queue}, {"verdict", verdict}}, kHandlerBuckets)
      .Observe(seconds(took));
}

void Metrics::poisoned(const std::string& queue, const std::string& error_kind) {
  impl_->poison.Add({{"queue", queue}, {"error_kind", error_kind}}).Increment();
}

void Metrics::duplicate(const std::string& queue) {
  impl_->duplicates.Add({{"queue", queue}}).Increment();
}

void Metrics::in_flight(const std::string& queue, std::size_t messages) {
  impl_->in_flight.Add({{"queue", queue}}).Set(static_cast<double>(messages));
}

void Metrics::extended(const std::string& queue, const std::string& result) {
  impl_->extensions.Add({{"queue", queue}, {"result", result}}).Increment();
}

void Metrics::visibility_lost(const std::string& queue) {
  impl_->lost.Add({{"queue", queue}}).Increment();
}

void Metrics::deleted(const std::string& queue, const std::string& result) {
  impl_->deletes.Add({{"queue", queue}, {"result", result}}).Increment();
}

void Metrics::returned(const std::string& queue, const std::string& result) {
  impl_->returns.Add({{"queue", queue}, {"result", result}}).Increment();
}

void Metrics::aws_request(const std::string& service, const std::string& operation,
                          const std::string& code, base::Duration took) {
  impl_->requests
      .Add({{"service", service}, {"operation", operation}, {"code", impl_->folded(code)}})
      .Increment();
  impl_->request_time.Add({{"service", service}, {"operation", operation}}, kRequestBuckets)
      .Observe(seconds(took));
}

void Metrics::recycles_running(const std::string& strategy, std::size_t count) {
  impl_->running.Add({{"strategy", strategy}}).Set(static_cast<double>(count));
}

void Metrics::recycle_ended(const std::string& strategy, const std::string& result) {
  impl_->ended.Add({{"strategy", strategy}, {"result", result}}).Increment();
}

std::string Metrics::text() const {
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace worker
