#include "worker/metrics.h"

#include "worker/version.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

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

// Series by the value of one label, looked up once. Few: what labels hold is bounded.
template <class Series>
class ByLabel {
 public:
  template <class Add>
  Series& at(std::string_view value, const Add& add) {
    const auto found = series_.find(value);
    if (found != series_.end()) return *found->second;
    return *series_.emplace(std::string(value), &add(std::string(value))).first->second;
  }

 private:
  std::map<std::string, Series*, std::less<>> series_;
};
using CountersByLabel = ByLabel<prometheus::Counter>;
using HistogramsByLabel = ByLabel<prometheus::Histogram>;

struct Families {
  prometheus::Registry registry;

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
  Counters& abandoned = counters("autorecycle_polls_abandoned_total",
                                 "Polls that never answered and were ended by the watchdog");
  Gauges& pollers = gauges("autorecycle_pollers", "Long polls that are kept up side by side");
  Gauges& allowance = gauges("autorecycle_in_flight_allowed", "Messages that may be in hand now");
  Gauges& circuit = gauges("autorecycle_circuit_open",
                           "1 while polling is stopped because handlers fail, 0.5 while probing");
  Counters& payloads = counters("autorecycle_payloads_total",
                                "Message bodies fetched from and removed from S3, by result");
  Gauges& letters = gauges("autorecycle_dead_letters",
                           "Messages in the queue's dead-letter queue, as SQS counts them");
  Gauges& paused = gauges("autorecycle_paused", "1 while polling is paused by an operator");
};

class OneQueue final : public QueueMetrics {
 public:
  OneQueue(Families& all, const std::string& role)
      : all_(all),
        role_(role),
        polls_ok_(all.polls.Add({{"queue", role}, {"result", "ok"}})),
        polls_failed_(all.polls.Add({{"queue", role}, {"result", "error"}})),
        polls_empty_(all.empty_polls.Add(labels())),
        polls_abandoned_(all.abandoned.Add(labels())),
        last_success_(all.last_success.Add(labels())),
        pollers_(all.pollers.Add(labels())),
        allowance_(all.allowance.Add(labels())),
        circuit_(all.circuit.Add(labels())),
        paused_(all.paused.Add(labels())),
        age_(all.age.Add(labels(), kAgeBuckets)),
        duplicates_(all.duplicates.Add(labels())),
        in_flight_(all.in_flight.Add(labels())),
        lost_(all.lost.Add(labels())) {}

  void polled(bool ok, std::size_t messages) override {
    (ok ? polls_ok_ : polls_failed_).Increment();
    if (ok && messages == 0) polls_empty_.Increment();
  }
  void poll_succeeded(base::TimePoint at) override {
    last_success_.Set(seconds(at.time_since_epoch()));
  }
  void polls_abandoned() override { polls_abandoned_.Increment(); }
  void pollers(std::size_t count) override { pollers_.Set(static_cast<double>(count)); }
  void allowance(int messages, std::string_view circuit) override {
    allowance_.Set(messages);
    circuit_.Set(circuit == "open" ? 1 : circuit == "half-open" ? 0.5 : 0);
  }
  void paused(bool yes) override { paused_.Set(yes ? 1 : 0); }

  void received(std::string_view kind, std::chrono::microseconds age) override {
    const auto add = [this](const std::string& value) -> prometheus::Counter& {
      return all_.received.Add({{"queue", role_}, {"kind", value}});
    };
    received_.at(kind, add).Increment();
    age_.Observe(seconds(age));
  }

  void settled(std::string_view kind, std::string_view verdict, base::Duration took) override {
    const auto add = [&](const std::string& value) -> prometheus::Counter& {
      return all_.verdicts.Add(
          {{"queue", role_}, {"kind", value}, {"verdict", std::string(verdict)}});
    };
    const auto add_time = [this](const std::string& value) -> prometheus::Histogram& {
      return all_.handling.Add({{"queue", role_}, {"verdict", value}}, kHandlerBuckets);
    };
    by_verdict(verdict).at(kind, add).Increment();
    handling_.at(verdict, add_time).Observe(seconds(took));
  }

  void poisoned(std::string_view error_kind) override {
    all_.poison.Add({{"queue", role_}, {"error_kind", std::string(error_kind)}}).Increment();
  }
  void duplicate() override { duplicates_.Increment(); }
  void dead_letters(std::size_t messages) override {
    all_.letters.Add(labels()).Set(static_cast<double>(messages));
  }
  void in_flight(std::size_t messages) override { in_flight_.Set(static_cast<double>(messages)); }
  void visibility_lost() override { lost_.Increment(); }
  void extended(std::string_view result) override { count(extensions_, all_.extensions, result); }
  void deleted(std::string_view result) override { count(deletes_, all_.deletes, result); }
  void returned(std::string_view result) override { count(returns_, all_.returns, result); }
  void payload(std::string_view action, std::string_view result) override {
    all_.payloads
        .Add({{"queue", role_}, {"action", std::string(action)}, {"result", std::string(result)}})
        .Increment();
  }

 private:
  std::map<std::string, std::string> labels() const { return {{"queue", role_}}; }

  CountersByLabel& by_verdict(std::string_view verdict) {
    const auto found = verdicts_.find(verdict);
    return found != verdicts_.end() ? found->second : verdicts_[std::string(verdict)];
  }

  void count(CountersByLabel& series, Counters& family, std::string_view result) {
    const auto add = [&](const std::string& value) -> prometheus::Counter& {
      return family.Add({{"queue", role_}, {"result", value}});
    };
    series.at(result, add).Increment();
  }

  Families& all_;
  std::string role_;
  prometheus::Counter& polls_ok_;
  prometheus::Counter& polls_failed_;
  prometheus::Counter& polls_empty_;
  prometheus::Counter& polls_abandoned_;
  prometheus::Gauge& last_success_;
  prometheus::Gauge& pollers_;
  prometheus::Gauge& allowance_;
  prometheus::Gauge& circuit_;
  prometheus::Gauge& paused_;
  prometheus::Histogram& age_;
  prometheus::Counter& duplicates_;
  prometheus::Gauge& in_flight_;
  prometheus::Counter& lost_;
  CountersByLabel received_;
  std::map<std::string, CountersByLabel, std::less<>> verdicts_;  // by verdict, then kind
  HistogramsByLabel handling_;
  CountersByLabel extensions_;
  CountersByLabel deletes_;
  CountersByLabel returns_;
};

}  // namespace

struct Metrics::Impl {
  Families all;
  std::map<std::string, std::unique_ptr<OneQueue>> queues;
  std::set<std::string, std::less<>> codes;

  struct Call {
    std::string service;
    std::string operation;
    std::string code;
    prometheus::Counter* count = nullptr;
    prometheus::Histogram* time = nullptr;
  };
  std::vector<Call> calls;  // the series that were asked for, few

  std::string folded(std::string_view code) {
    if (codes.contains(code)) return std::string(code);
    if (codes.size() >= kDistinctCodesMax) return "other";
    return *codes.emplace(code).first;
  }

  Call& call(std::string_view service, std::string_view operation, std::string_view code) {
    for (Call& known : calls) {
      if (known.operation == operation && known.code == code && known.service == service) {
        return known;
      }
    }
    Call added{std::string(service), std::string(operation), std::string(code)};
    added.count = &all.requests.Add(
        {{"service", added.service}, {"operation", added.operation}, {"code", added.code}});
    added.time = &all.request_time.Add({{"service", added.service}, {"operation", added.operation}},
                                       kRequestBuckets);
    return calls.emplace_back(std::move(added));
  }
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {
  impl_->all.gauges("autorecycle_build_info", "Always 1; the version is the label")
      .Add({{"version", kVersion}})
      .Set(1);
}

Metrics::~Metrics() = default;

QueueMetrics& Metrics::queue(const std::string& role) {
  auto& queue = impl_->queues[role];
  if (!queue) queue = std::make_unique<OneQueue>(impl_->all, role);
  return *queue;
}

void Metrics::aws_request(std::string_view service, std::string_view operation,
                          std::string_view code, base::Duration took) {
  Impl::Call& call = code == "ok" ? impl_->call(service, operation, code)
                                  : impl_->call(service, operation, impl_->folded(code));
  call.count->Increment();
  call.time->Observe(seconds(took));
}

void Metrics::recycles_running(const std::string& strategy, std::size_t count) {
  impl_->all.running.Add({{"strategy", strategy}}).Set(static_cast<double>(count));
}

void Metrics::recycle_ended(const std::string& strategy, const std::string& result) {
  impl_->all.ended.Add({{"strategy", strategy}, {"result", result}}).Increment();
}

std::string Metrics::text() const {
  return prometheus::TextSerializer().Serialize(impl_->all.registry.Collect());
}

}  // namespace worker
