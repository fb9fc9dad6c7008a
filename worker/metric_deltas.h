// MetricDeltas: what of the metrics CloudWatch has not been told yet. Pure bookkeeping.
//
// Prometheus's counters and histograms grow for as long as the process lives; CloudWatch adds up
// what it is sent. So a counter goes out as what it has grown by since what was last told, and a
// histogram as one value a bucket with how often it was seen since. A value stands for its bucket
// and lies within it, and the values are chosen such that their sum is the exact sum of what was
// observed: count, sum and average are Prometheus's own, percentiles are true to a bucket.
// Gauges go out as they are. What has not changed is not sent.
#pragma once

#include "aws/cloudwatch.h"
#include "worker/metric_sample.h"
#include "worker/telemetry_config.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace worker {

class MetricDeltas {
 public:
  struct Change {
    aws::MetricDatum datum;
    MetricSample sample;  // what was told of it once this is
  };

  explicit MetricDeltas(MetricSelection selection) : selection_(std::move(selection)) {}

  std::vector<Change> since_told(std::vector<MetricSample> samples, base::TimePoint at) const;
  // Never to be told again, whether it arrived or may have.
  void told(const Change& change);

 private:
  struct Told {
    double value = 0;
    double sum = 0;
    std::vector<std::uint64_t> counts;  // of the buckets
  };
  using Key = std::pair<std::string, std::vector<std::pair<std::string, std::string>>>;

  aws::MetricDatum datum_of(const MetricSample& sample, base::TimePoint at) const;
  static void add_histogram(aws::MetricDatum& datum, const MetricSample& sample,
                            const Told& before);

  MetricSelection selection_;
  std::map<Key, Told> told_;
};

// For each bucket with a count a value within it, so that the sum of value * count is `sum`; the
// lowest bucket begins at 0, or below where the sum says so.
struct BucketCount {
  double from = 0;
  double to = 0;  // infinity for the last one
  double count = 0;
};
std::vector<double> representatives(const std::vector<BucketCount>& buckets, double sum);

}  // namespace worker
