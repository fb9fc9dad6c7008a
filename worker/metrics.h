// Metrics: every metric of the process, in the Prometheus text format. The only files that know
// prometheus-cpp. Labels are bounded: queue roles, kinds, verdicts, strategies, results, AWS
// operations; error codes are folded into "other" beyond a number of distinct ones.
#pragma once

#include "base/clock.h"

#include <cstddef>
#include <memory>
#include <string>

namespace worker {

class Metrics {
 public:
  Metrics();
  ~Metrics();

  void polled(const std::string& queue, const std::string& result, std::size_t messages);
  void poll_succeeded(const std::string& queue, base::TimePoint at);
  // `age`: from SQS taking the message to its handler beginning.
  void received(const std::string& queue, const std::string& kind, std::chrono::microseconds age);
  void settled(const std::string& queue, const std::string& kind, const std::string& verdict,
               base::Duration took);
  void poisoned(const std::string& queue, const std::string& error_kind);
  void duplicate(const std::string& queue);
  void in_flight(const std::string& queue, std::size_t messages);
  void extended(const std::string& queue, const std::string& result);
  void visibility_lost(const std::string& queue);
  void deleted(const std::string& queue, const std::string& result);
  void returned(const std::string& queue, const std::string& result);
  void aws_request(const std::string& service, const std::string& operation,
                   const std::string& code, base::Duration took);
  void recycles_running(const std::string& strategy, std::size_t count);
  void recycle_ended(const std::string& strategy, const std::string& result);

  std::string text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace worker
