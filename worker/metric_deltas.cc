#include "worker/metric_deltas.h"

#include <algorithm>
#include <cmath>

namespace worker {
namespace {

const char* unit_of(const MetricSample& sample) {
  const std::string& name = sample.name;
  if (name.ends_with("_total")) return "Count";
  // A moment is no duration.
  if (name.ends_with("_timestamp_seconds")) return "None";
  return name.ends_with("_seconds") ? "Seconds" : "None";
}

}  // namespace

std::vector<double> representatives(const std::vector<BucketCount>& buckets, double sum) {
  // Every value at its bucket's begin gives the least sum; what is missing is spread in proportion
  // over the widths, and what does not fit there belongs to the last bucket, which has no end.
  double least = 0;
  double width = 0;
  double endless = 0;
  for (const BucketCount& bucket : buckets) {
    least += bucket.from * bucket.count;
    if (std::isinf(bucket.to)) {
      endless = bucket.count;
    } else {
      width += (bucket.to - bucket.from) * bucket.count;
    }
  }
  const double missing = sum - least;
  const double part = width > 0 ? std::clamp(missing / width, 0.0, 1.0) : 0;
  std::vector<double> values;
  double reached = 0;
  for (const BucketCount& bucket : buckets) {
    double value = bucket.from;
    if (!std::isinf(bucket.to)) value += part * (bucket.to - bucket.from);
    if (std::isinf(bucket.to)) value += std::max(0.0, missing - width) / endless;
    values.push_back(value);
    reached += value * bucket.count;
  }
  // Below the least sum (a clock that went back), and the last bits of the arithmetic.
  if (!values.empty()) values.front() += (sum - reached) / buckets.front().count;
  return values;
}

aws::MetricDatum MetricDeltas::datum_of(const MetricSample& sample, base::TimePoint at) const {
  aws::MetricDatum datum;
  datum.name = sample.name;
  datum.dimensions = selection_.dimensions;
  for (const auto& [name, value] : sample.labels) {
    datum.dimensions.emplace_back(name, value.empty() ? "none" : value);
  }
  datum.at = at;
  datum.unit = unit_of(sample);
  return datum;
}

void MetricDeltas::add_histogram(aws::MetricDatum& datum, const MetricSample& sample,
                                 const Told& before) {
  std::vector<BucketCount> changed;
  double from = 0;
  for (std::size_t i = 0; i < sample.buckets.size(); ++i) {
    const std::uint64_t told = i < before.counts.size() ? before.counts[i] : 0;
    const std::uint64_t count = sample.buckets[i].count - told;
    const double to = sample.buckets[i].up_to;
    if (count > 0) changed.push_back({std::min(from, to), to, static_cast<double>(count)});
    from = to;
  }
  datum.values = representatives(changed, sample.sum - before.sum);
  for (const BucketCount& bucket : changed) datum.counts.push_back(bucket.count);
}

std::vector<MetricDeltas::Change> MetricDeltas::since_told(std::vector<MetricSample> samples,
                                                           base::TimePoint at) const {
  std::vector<Change> changes;
  for (MetricSample& sample : samples) {
    if (!selection_.names.empty() && !selection_.names.contains(sample.name)) continue;
    const auto found = told_.find({sample.name, sample.labels});
    const Told before = found == told_.end() ? Told() : found->second;
    aws::MetricDatum datum = datum_of(sample, at);
    switch (sample.kind) {
      case MetricSample::Kind::kGauge:
        if (std::isfinite(sample.value)) datum.values = {sample.value};
        break;
      case MetricSample::Kind::kCounter:
        if (sample.value > before.value) datum.values = {sample.value - before.value};
        break;
      case MetricSample::Kind::kHistogram:
        add_histogram(datum, sample, before);
        break;
    }
    if (!datum.values.empty()) changes.push_back({std::move(datum), std::move(sample)});
  }
  return changes;
}

void MetricDeltas::told(const Change& change) {
  const MetricSample& sample = change.sample;
  if (sample.kind == MetricSample::Kind::kGauge) return;
  Told& told = told_[{sample.name, sample.labels}];
  told.value = sample.value;
  told.sum = sample.sum;
  told.counts.clear();
  for (const auto& bucket : sample.buckets) told.counts.push_back(bucket.count);
}

}  // namespace worker
