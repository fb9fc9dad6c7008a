// Metrics: the figures of this process, in the Prometheus text format and as samples. The files
// worker/metrics* are the only ones that know prometheus-cpp. Labels are bounded: queue roles,
// kinds, verdicts, strategies, phases, results, AWS operations; what comes from outside (error
// codes, names of jobs) is folded into "other" beyond a number of distinct values. Series whose
// labels are known beforehand are there from the start, at 0.
#pragma once

#include "aws/caller.h"
#include "base/clock.h"
#include "worker/metric_sample.h"

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace worker {

// The figures of one queue. Series are looked up once and kept: what is counted for every message
// costs nanoseconds.
class QueueMetrics {
 public:
  virtual ~QueueMetrics() = default;

  virtual void polled(bool ok, std::size_t messages) = 0;
  virtual void poll_succeeded(base::TimePoint at) = 0;
  virtual void polls_abandoned() = 0;  // by the watchdog
  virtual void pollers(std::size_t count) = 0;
  // How many messages may be in hand now, and the state of the circuit breaker.
  virtual void allowance(int messages, std::string_view circuit) = 0;
  virtual void paused(bool yes) = 0;
  // `age`: from SQS taking the message to its handler beginning. `receives`: how often SQS has
  // handed it out, this time included.
  virtual void received(std::string_view kind, std::chrono::microseconds age, int receives) = 0;
  virtual void settled(std::string_view kind, std::string_view verdict, base::Duration took) = 0;
  virtual void poisoned(std::string_view error_kind) = 0;
  // How many are in its dead-letter queue, approximately.
  virtual void dead_letters(std::size_t messages) = 0;
  virtual void duplicate() = 0;
  virtual void in_flight(std::size_t messages) = 0;
  virtual void prefetched(std::size_t messages) = 0;  // of those, not begun
  virtual void extended(std::string_view result) = 0;
  // Time that was left when a message's visibility was extended or the message deleted.
  virtual void visibility_left(std::chrono::microseconds margin) = 0;
  virtual void visibility_lost() = 0;
  virtual void delete_batch(std::size_t entries) = 0;
  virtual void deleted(std::string_view result) = 0;
  virtual void returned(std::string_view result) = 0;
  // Bodies in S3; `action` is "fetch" or "remove".
  virtual void payload(std::string_view action, std::string_view result) = 0;
};

// What the recycles in hand are doing, all of them together.
struct RecyclesNow {
  using ByPhase = std::pair<std::string, std::string>;  // strategy, phase
  std::map<ByPhase, std::size_t> running;
  std::map<std::string, std::size_t> waiting;    // by what they wait for
  std::map<std::string, base::Duration> oldest;  // by strategy: since the oldest of them began
  std::map<std::string, int> margin;  // by strategy: the least ready capacity above the floor
};

class Metrics {
 public:
  // Off: nothing is counted and there is nothing to see, for a worker that nobody looks at.
  enum class Mode { kOn, kOff };
  explicit Metrics(Mode mode = Mode::kOn);
  ~Metrics();

  // As long as the metrics live. One for each role.
  QueueMetrics& queue(const std::string& role);

  void aws_request(const aws::RequestReport& report);
  void retry_tokens(std::string_view connections, double tokens);
  void clock_skew(base::Duration ahead);  // AWS's clock minus ours

  void recycles(const RecyclesNow& now);
  void recycle_waits(std::string_view for_what);
  void recycle_left_phase(const std::string& strategy, const std::string& phase,
                          base::Duration took);
  void recycle_ended(const std::string& strategy, const std::string& result, base::Duration took);
  // Their results begin at 0. At most 64 names; beyond that they are "other".
  void jobs_known(const std::vector<std::string>& jobs);
  // `result`: "ok", "failed", "refused" and the like; few of them.
  void job_ended(const std::string& job, const std::string& result, base::Duration took);

  // Whether there are any that can be used, and for how long; none: they never expire.
  void credentials(bool usable, std::optional<base::Duration> expire_in);
  void event_loop_lag(std::chrono::microseconds lag);
  // `exporter`: "cloudwatch", "xray", "otlp"; `result`: "sent", "dropped", "unknown", "rejected".
  void exported(const std::string& exporter, const std::string& result, std::size_t count);

  // Called before the figures are read, to bring gauges up to date; as long as what is answered
  // lives, which the metrics outlive.
  class Refresher {
   public:
    ~Refresher();
    Refresher(const Refresher&) = delete;
    Refresher& operator=(const Refresher&) = delete;

   private:
    friend class Metrics;
    explicit Refresher(std::list<std::function<void()>>& list) : list_(list) {}
    std::list<std::function<void()>>& list_;
    std::list<std::function<void()>>::iterator place_;
  };
  std::unique_ptr<Refresher> before_reading(std::function<void()> refresh);

  std::string text() const;
  std::vector<MetricSample> samples() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace worker
