#include "worker/metrics_queue.h"

#include <initializer_list>
#include <map>
#include <utility>

namespace worker {
namespace {

class OneQueue final : public QueueMetrics {
 public:
  OneQueue(Families& all, const std::string& role)
      : all_(all),
        role_(role),
        polls_ok_(all.polls.Add({{"queue", role}, {"result", "ok"}})),
        polls_failed_(all.polls.Add({{"queue", role}, {"result", "error"}})),
        polls_empty_(all.empty_polls.Add(labels())),
        receive_batch_(all.tally(all.receive_batch, labels(), kBatchBuckets)),
        polls_abandoned_(all.abandoned.Add(labels())),
        last_success_(all.last_success.Add(labels())),
        pollers_(all.pollers.Add(labels())),
        allowance_(all.allowance.Add(labels())),
        circuit_(all.circuit.Add(labels())),
        paused_(all.paused.Add(labels())),
        age_(all.tally(all.age, labels(), kAgeBuckets)),
        receives_(all.tally(all.receives, labels(), kReceivesBuckets)),
        duplicates_(all.duplicates.Add(labels())),
        in_flight_(all.tally(all.in_flight, labels())),
        prefetched_(all.tally(all.prefetched, labels())),
        visibility_left_(all.tally(all.visibility_left, labels(), kVisibilityBuckets)),
        lost_(all.lost.Add(labels())),
        delete_batch_(all.tally(all.delete_batch, labels(), kBatchBuckets)) {
    for (const char* result : {"ok", "error"}) {
      counter(deletes_, all_.deletes, result);
      counter(returns_, all_.returns, result);
      counter(extensions_, all_.extensions, result);
    }
    counter(extensions_, all_.extensions, "lost");
  }

  void polled(bool ok, std::size_t messages) override {
    (ok ? polls_ok_ : polls_failed_).Increment();
    if (!ok) return;
    receive_batch_.observe(static_cast<double>(messages));
    if (messages == 0) polls_empty_.Increment();
  }
  void poll_succeeded(base::TimePoint at) override {
    last_success_.Set(seconds_of(at.time_since_epoch()));
  }
  void polls_abandoned() override { polls_abandoned_.Increment(); }
  void pollers(std::size_t count) override { pollers_.Set(static_cast<double>(count)); }
  void allowance(int messages, std::string_view circuit) override {
    allowance_.Set(messages);
    circuit_.Set(circuit == "open" ? 1 : circuit == "half-open" ? 0.5 : 0);
  }
  void paused(bool yes) override { paused_.Set(yes ? 1 : 0); }

  void received(std::string_view kind, std::chrono::microseconds age, int receives) override {
    const auto add = [this](const std::string& value) -> CounterTally& {
      return all_.tally(all_.received, {{"queue", role_}, {"kind", value}});
    };
    received_.at(kind, add).add();
    age_.observe(seconds_of(age));
    receives_.observe(receives);
  }

  void settled(std::string_view kind, std::string_view verdict, base::Duration took) override {
    const auto add = [&](const std::string& value) -> CounterTally& {
      return all_.tally(all_.verdicts,
                        {{"queue", role_}, {"kind", value}, {"verdict", std::string(verdict)}});
    };
    const auto add_time = [this](const std::string& value) -> HistogramTally& {
      return all_.tally(all_.handling, {{"queue", role_}, {"verdict", value}}, kHandlerBuckets);
    };
    by_verdict(verdict).at(kind, add).add();
    handling_.at(verdict, add_time).observe(seconds_of(took));
  }

  void poisoned(std::string_view error_kind) override {
    all_.poison.Add({{"queue", role_}, {"error_kind", std::string(error_kind)}}).Increment();
  }
  void duplicate() override { duplicates_.Increment(); }
  void dead_letters(std::size_t messages) override {
    all_.letters.Add(labels()).Set(static_cast<double>(messages));
  }
  void in_flight(std::size_t messages) override { in_flight_.set(static_cast<double>(messages)); }
  void prefetched(std::size_t messages) override { prefetched_.set(static_cast<double>(messages)); }
  void visibility_left(std::chrono::microseconds margin) override {
    visibility_left_.observe(seconds_of(margin));
  }
  void visibility_lost() override { lost_.Increment(); }
  void delete_batch(std::size_t entries) override {
    delete_batch_.observe(static_cast<double>(entries));
  }
  void extended(std::string_view result) override {
    counter(extensions_, all_.extensions, result).add();
  }
  void deleted(std::string_view result) override { counter(deletes_, all_.deletes, result).add(); }
  void returned(std::string_view result) override { counter(returns_, all_.returns, result).add(); }
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

  CounterTally& counter(CountersByLabel& series, Counters& family, std::string_view result) {
    const auto add = [&](const std::string& value) -> CounterTally& {
      return all_.tally(family, {{"queue", role_}, {"result", value}});
    };
    return series.at(result, add);
  }

  Families& all_;
  std::string role_;
  prometheus::Counter& polls_ok_;
  prometheus::Counter& polls_failed_;
  prometheus::Counter& polls_empty_;
  HistogramTally& receive_batch_;
  prometheus::Counter& polls_abandoned_;
  prometheus::Gauge& last_success_;
  prometheus::Gauge& pollers_;
  prometheus::Gauge& allowance_;
  prometheus::Gauge& circuit_;
  prometheus::Gauge& paused_;
  HistogramTally& age_;
  HistogramTally& receives_;
  prometheus::Counter& duplicates_;
  GaugeTally& in_flight_;
  GaugeTally& prefetched_;
  HistogramTally& visibility_left_;
  prometheus::Counter& lost_;
  HistogramTally& delete_batch_;
  CountersByLabel received_;
  std::map<std::string, CountersByLabel, std::less<>> verdicts_;  // by verdict, then kind
  HistogramsByLabel handling_;
  CountersByLabel extensions_;
  CountersByLabel deletes_;
  CountersByLabel returns_;
};

class NoQueue final : public QueueMetrics {
 public:
  void polled(bool, std::size_t) override {}
  void poll_succeeded(base::TimePoint) override {}
  void polls_abandoned() override {}
  void pollers(std::size_t) override {}
  void allowance(int, std::string_view) override {}
  void paused(bool) override {}
  void received(std::string_view, std::chrono::microseconds, int) override {}
  void settled(std::string_view, std::string_view, base::Duration) override {}
  void poisoned(std::string_view) override {}
  void dead_letters(std::size_t) override {}
  void duplicate() override {}
  void in_flight(std::size_t) override {}
  void prefetched(std::size_t) override {}
  void extended(std::string_view) override {}
  void visibility_left(std::chrono::microseconds) override {}
  void visibility_lost() override {}
  void delete_batch(std::size_t) override {}
  void deleted(std::string_view) override {}
  void returned(std::string_view) override {}
  void payload(std::string_view, std::string_view) override {}
};

}  // namespace

std::unique_ptr<QueueMetrics> make_queue_metrics(Families& families, const std::string& role) {
  return std::make_unique<OneQueue>(families, role);
}

std::unique_ptr<QueueMetrics> make_no_queue_metrics() { return std::make_unique<NoQueue>(); }

}  // namespace worker
