// The families of metrics: names, help and buckets. Included by worker/metrics*.cc alone.
#pragma once

#include "worker/metrics_tally.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <cstddef>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace worker {

using Counters = prometheus::Family<prometheus::Counter>;
using Gauges = prometheus::Family<prometheus::Gauge>;
using Histograms = prometheus::Family<prometheus::Histogram>;
using Buckets = prometheus::Histogram::BucketBoundaries;

inline const Buckets kRequestBuckets = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 21};
inline const Buckets kHandlerBuckets = {0.01, 0.05, 0.25, 1, 5, 30, 300, 1800, 7200, 36000};
inline const Buckets kAgeBuckets = {0.05, 0.25, 1, 5, 30, 300, 3600, 43200};
inline const Buckets kReceivesBuckets = {1, 2, 3, 5, 10};
inline const Buckets kBatchBuckets = {0, 1, 2, 4, 6, 8, 10};
inline const Buckets kVisibilityBuckets = {1, 5, 10, 20, 30, 60, 600, 43200};
inline const Buckets kPhaseBuckets = {1, 10, 60, 300, 900, 1800, 3600, 7200, 21600, 86400};
inline const Buckets kJobBuckets = {0.1, 0.5, 1, 5, 30, 60, 300, 1800, 7200};
inline const Buckets kLagBuckets = {0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5};

// At most so many distinct values; all others are "other".
class Folded {
 public:
  explicit Folded(std::size_t values_max) : values_max_(values_max) {}

  std::string operator()(std::string_view value) {
    if (seen_.contains(value)) return std::string(value);
    if (seen_.size() >= values_max_) return "other";
    return *seen_.emplace(value).first;
  }

 private:
  std::size_t values_max_;
  std::set<std::string, std::less<>> seen_;
};

// Series by the value of one label, looked up once. Few: what labels hold is bounded. The value
// asked for last is asked for again most of the time.
template <class Series>
class ByLabel {
 public:
  template <class Add>
  Series& at(std::string_view value, const Add& add) {
    if (last_ < series_.size() && series_[last_].first == value) return *series_[last_].second;
    for (last_ = 0; last_ < series_.size(); ++last_) {
      if (series_[last_].first == value) return *series_[last_].second;
    }
    return *series_.emplace_back(std::string(value), &add(std::string(value))).second;
  }

 private:
  std::vector<std::pair<std::string, Series*>> series_;
  std::size_t last_ = 0;
};
using CountersByLabel = ByLabel<CounterTally>;
using HistogramsByLabel = ByLabel<HistogramTally>;

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

  // Series that are counted for every message or request. As long as the families live.
  CounterTally& tally(Counters& family, const prometheus::Labels& labels) {
    return counter_tallies.emplace_back(family.Add(labels));
  }
  GaugeTally& tally(Gauges& family, const prometheus::Labels& labels) {
    return gauge_tallies.emplace_back(family.Add(labels));
  }
  HistogramTally& tally(Histograms& family, const prometheus::Labels& labels,
                        const Buckets& buckets) {
    return histogram_tallies.emplace_back(family.Add(labels, buckets), buckets);
  }
  // Before the registry is read.
  void hand_over() {
    for (CounterTally& each : counter_tallies) each.hand_over();
    for (GaugeTally& each : gauge_tallies) each.hand_over();
    for (HistogramTally& each : histogram_tallies) each.hand_over();
  }
  std::deque<CounterTally> counter_tallies;
  std::deque<GaugeTally> gauge_tallies;
  std::deque<HistogramTally> histogram_tallies;

  // Of each queue.
  Counters& polls = counters("autorecycle_polls_total", "ReceiveMessage long polls, by result");
  Counters& empty_polls =
      counters("autorecycle_polls_empty_total", "Long polls that brought no message");
  Histograms& receive_batch =
      histograms("autorecycle_receive_batch_size", "Messages that a poll brought");
  Gauges& last_success = gauges("autorecycle_poller_last_success_timestamp_seconds",
                                "When the queue was last polled well, Unix time");
  Counters& received = counters("autorecycle_messages_received_total", "Messages decoded, by kind");
  Histograms& age = histograms("autorecycle_message_age_seconds",
                               "From SQS taking a message to its handler beginning");
  Histograms& receives = histograms("autorecycle_message_receives",
                                    "How often SQS had handed a message out when it was begun");
  Counters& verdicts = counters("autorecycle_verdicts_total", "What became of messages");
  Histograms& handling =
      histograms("autorecycle_handle_seconds", "From a message's begin to its verdict carried out");
  Counters& poison =
      counters("autorecycle_poison_total", "Messages that can never succeed, by the kind of error");
  Counters& duplicates = counters("autorecycle_duplicates_suppressed_total",
                                  "Redeliveries of finished messages, deleted and not run again");
  Gauges& in_flight = gauges("autorecycle_in_flight", "Messages in hand");
  Gauges& prefetched = gauges("autorecycle_prefetched", "Messages in hand that have not begun");
  Counters& extensions =
      counters("autorecycle_visibility_extensions_total", "Extensions of visibility, by result");
  Histograms& visibility_left =
      histograms("autorecycle_visibility_left_seconds",
                 "Time left when a message's visibility was extended or the message deleted");
  Counters& lost = counters("autorecycle_visibility_lost_total",
                            "Messages whose visibility ended while they were in hand");
  Histograms& delete_batch =
      histograms("autorecycle_delete_batch_size", "Messages that one request deletes");
  Counters& deletes = counters("autorecycle_deletes_total", "Deleted entries, by result");
  Counters& returns =
      counters("autorecycle_returns_total", "Messages given back to the queue, by result");
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

  // Of recycles and jobs.
  Gauges& running =
      gauges("autorecycle_recycles_running", "Recycles under way, by strategy and phase");
  Gauges& waiting =
      gauges("autorecycle_recycles_waiting", "Recycles under way that wait, by what for");
  Counters& waits = counters("autorecycle_recycle_waits_total", "Waits that began, by what for");
  Gauges& oldest = gauges("autorecycle_recycle_oldest_seconds",
                          "Since the oldest recycle under way began; 0 while there is none");
  Gauges& margin = gauges("autorecycle_capacity_margin",
                          "Least ready capacity above the strategy's floor of a group that is "
                          "being recycled; absent while there is none");
  Histograms& phase_time =
      histograms("autorecycle_recycle_phase_seconds", "How long phases of recycles took");
  Histograms& recycle_time = histograms("autorecycle_recycle_seconds",
                                        "From a recycle's begin to its end, by strategy, result");
  Counters& ended = counters("autorecycle_recycles_total", "Ended recycles, by strategy, result");
  Counters& jobs = counters("autorecycle_jobs_total", "Ended on-call jobs, by job, result");
  Histograms& job_time = histograms("autorecycle_job_seconds", "How long on-call jobs took");

  // Of AWS and of this process.
  Counters& requests =
      counters("autorecycle_aws_requests_total", "Attempts of AWS API calls, by error code or ok");
  Histograms& request_time =
      histograms("autorecycle_aws_request_seconds", "Duration of attempts of AWS API calls");
  Counters& billed = counters("autorecycle_sqs_billed_requests_total",
                              "SQS requests as they are billed: one for each 64 KiB begun");
  Gauges& tokens = gauges("autorecycle_aws_retry_tokens", "What is left of the retry quota");
  Gauges& skew = gauges("autorecycle_clock_skew_seconds",
                        "AWS's clock minus ours, as learnt from refused signatures");
  Gauges& usable = gauges("autorecycle_credentials_usable", "1 while there are AWS credentials");
  Gauges& expiry = gauges("autorecycle_credentials_expiry_seconds",
                          "Until the AWS credentials expire; absent if they never do");
  Histograms& lag = histograms("autorecycle_event_loop_lag_seconds",
                               "How late the event loop wakes up, looked at four times a second");
  Counters& exported = counters("autorecycle_exported_total",
                                "Figures and spans for CloudWatch, X-Ray and OTLP, by result");
  Gauges& build = gauges("autorecycle_build_info", "Always 1; the version is the label");
};

}  // namespace worker
