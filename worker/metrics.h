// Metrics: the figures of this process, in the Prometheus text format. The only files that know
// prometheus-cpp. Labels are bounded: queue roles, kinds, verdicts, strategies, results, AWS
// operations; error codes are folded into "other" beyond a number of distinct ones.
#pragma once

#include "base/clock.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

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
  // `age`: from SQS taking the message to its handler beginning.
  virtual void received(std::string_view kind, std::chrono::microseconds age) = 0;
  virtual void settled(std::string_view kind, std::string_view verdict, base::Duration took) = 0;
  virtual void poisoned(std::string_view error_kind) = 0;
  // How many are in its dead-letter queue, approximately.
  virtual void dead_letters(std::size_t messages) = 0;
  virtual void duplicate() = 0;
  virtual void in_flight(std::size_t messages) = 0;
  virtual void extended(std::string_view result) = 0;
  virtual void visibility_lost() = 0;
  virtual void deleted(std::string_view result) = 0;
  virtual void returned(std::string_view result) = 0;
  // Bodies in S3; `action` is "fetch" or "remove".
  virtual void payload(std::string_view action, std::string_view result) = 0;
};

class Metrics {
 public:
  Metrics();
  ~Metrics();

  // As long as the metrics live. One for each role.
  QueueMetrics& queue(const std::string& role);

  void aws_request(std::string_view service, std::string_view operation, std::string_view code,
                   base::Duration took);
  void recycles_running(const std::string& strategy, std::size_t count);
  void recycle_ended(const std::string& strategy, const std::string& result);

  std::string text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace worker
