// What is counted for every message. A metric of prometheus-cpp takes a lock or an atomic exchange
// for each change, which at full load is more than all the rest of counting; these are plain
// numbers of the one thread that counts, and reach the metric when somebody is about to read it.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace worker {

class CounterTally {
 public:
  explicit CounterTally(prometheus::Counter& counter) : counter_(counter) {}

  void add(std::uint64_t count = 1) { count_ += count; }
  void hand_over() { counter_.Increment(static_cast<double>(std::exchange(count_, 0))); }

 private:
  prometheus::Counter& counter_;
  std::uint64_t count_ = 0;  // since the last hand-over
};

class GaugeTally {
 public:
  explicit GaugeTally(prometheus::Gauge& gauge) : gauge_(gauge) {}

  void set(double value) { value_ = value; }
  void hand_over() { gauge_.Set(value_); }

 private:
  prometheus::Gauge& gauge_;
  double value_ = 0;
};

class HistogramTally {
 public:
  // `bounds`: those of `histogram`, ascending; the last bucket is without a bound.
  HistogramTally(prometheus::Histogram& histogram, const std::vector<double>& bounds)
      : histogram_(histogram), bounds_(bounds), counts_(bounds.size() + 1) {}

  void observe(double value) {
    // Few bounds: a walk is faster than a binary search.
    std::size_t bucket = 0;
    while (bucket < bounds_.size() && value > bounds_[bucket]) ++bucket;
    ++counts_[bucket];
    sum_ += value;
    touched_ = true;
  }

  void hand_over() {
    if (!std::exchange(touched_, false)) return;
    histogram_.ObserveMultiple(counts_, std::exchange(sum_, 0));
    counts_.assign(counts_.size(), 0);
  }

 private:
  prometheus::Histogram& histogram_;
  std::vector<double> bounds_;
  std::vector<double> counts_;  // by bucket, since the last hand-over
  double sum_ = 0;
  bool touched_ = false;
};

}  // namespace worker
