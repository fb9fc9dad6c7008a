// The figures of one queue; internal to the metrics.
#pragma once

#include "worker/metrics.h"
#include "worker/metrics_families.h"

#include <memory>
#include <string>

namespace worker {

std::unique_ptr<QueueMetrics> make_queue_metrics(Families& families, const std::string& role);
// Counts nothing.
std::unique_ptr<QueueMetrics> make_no_queue_metrics();

inline double seconds_of(std::chrono::microseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace worker
