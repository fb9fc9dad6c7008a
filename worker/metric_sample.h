// MetricSample: one series of the metrics at one moment, for exports other than Prometheus's own.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace worker {

struct MetricSample {
  enum class Kind { kCounter, kGauge, kHistogram };
  struct Bucket {
    double up_to = 0;         // infinity for the last one
    std::uint64_t count = 0;  // of this bucket alone, since the process began
  };

  Kind kind = Kind::kGauge;
  std::string name;                                         // "autorecycle_polls_total"
  std::vector<std::pair<std::string, std::string>> labels;  // sorted by name
  double value = 0;                                         // of counters and gauges
  double sum = 0;                                           // of a histogram's observations
  std::vector<Bucket> buckets;                              // of histograms
};

}  // namespace worker
