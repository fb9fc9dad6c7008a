#include "worker/metric_deltas.h"

#include "base/random.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

namespace worker {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const base::TimePoint kNow = base::TimePoint(std::chrono::hours(500'000));

MetricSample counter(const std::string& name, double value) {
  return {.kind = MetricSample::Kind::kCounter,
          .name = name,
          .labels = {{"queue", "events"}},
          .value = value};
}

MetricSample histogram(std::vector<std::uint64_t> counts, double sum) {
  MetricSample sample{.kind = MetricSample::Kind::kHistogram, .name = "autorecycle_age_seconds"};
  const double bounds[] = {1, 5, kInfinity};
  for (std::size_t i = 0; i < counts.size(); ++i) sample.buckets.push_back({bounds[i], counts[i]});
  sample.sum = sum;
  return sample;
}

double sum_of(const aws::MetricDatum& datum) {
  double sum = 0;
  for (std::size_t i = 0; i < datum.values.size(); ++i) {
    sum += datum.values[i] * (datum.counts.empty() ? 1 : datum.counts[i]);
  }
  return sum;
}

TEST(MetricDeltas, TellACounterByWhatItHasGrown) {
  MetricDeltas deltas({});
  auto first = deltas.since_told({counter("autorecycle_a_total", 5)}, kNow);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].datum.values, std::vector<double>{5});
  EXPECT_EQ(first[0].datum.unit, "Count");
  EXPECT_EQ(first[0].datum.at, kNow);
  deltas.told(first[0]);
  EXPECT_TRUE(deltas.since_told({counter("autorecycle_a_total", 5)}, kNow).empty());
  const auto second = deltas.since_told({counter("autorecycle_a_total", 7)}, kNow);
  EXPECT_EQ(second.at(0).datum.values, std::vector<double>{2});
}

TEST(MetricDeltas, TellAgainWhatWasNotTold) {
  MetricDeltas deltas({});
  static_cast<void>(deltas.since_told({counter("autorecycle_a_total", 5)}, kNow));
  const auto again = deltas.since_told({counter("autorecycle_a_total", 9)}, kNow);
  EXPECT_EQ(again.at(0).datum.values, std::vector<double>{9});
}

TEST(MetricDeltas, TellGaugesAsTheyAreEveryTime) {
  MetricDeltas deltas({});
  const MetricSample gauge{.name = "autorecycle_in_flight", .value = 0};
  for (int i = 0; i < 2; ++i) {
    const auto changes = deltas.since_told({gauge}, kNow);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].datum.values, std::vector<double>{0});
    deltas.told(changes[0]);
  }
}

TEST(MetricDeltas, TellHistogramsWithTheirExactCountAndSum) {
  MetricDeltas deltas({});
  auto first = deltas.since_told({histogram({2, 0, 1}, 12.5)}, kNow);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].datum.counts, (std::vector<double>{2, 1}));
  EXPECT_DOUBLE_EQ(sum_of(first[0].datum), 12.5);
  EXPECT_EQ(first[0].datum.unit, "Seconds");
  deltas.told(first[0]);
  const auto second = deltas.since_told({histogram({2, 3, 1}, 19.5)}, kNow);
  EXPECT_EQ(second.at(0).datum.counts, std::vector<double>{3});
  EXPECT_DOUBLE_EQ(sum_of(second.at(0).datum), 7);
  deltas.told(second[0]);
  EXPECT_TRUE(deltas.since_told({histogram({2, 3, 1}, 19.5)}, kNow).empty());
}

TEST(MetricDeltas, AddDimensionsBeforeTheLabels) {
  MetricDeltas deltas({.names = {}, .dimensions = {{"Environment", "test"}}});
  MetricSample sample = counter("autorecycle_a_total", 1);
  sample.labels.emplace_back("code", "");
  const auto changes = deltas.since_told({sample}, kNow);
  EXPECT_EQ(changes.at(0).datum.dimensions,
            (std::vector<std::pair<std::string, std::string>>{
                {"Environment", "test"}, {"queue", "events"}, {"code", "none"}}))
      << "CloudWatch takes no empty value";
}

TEST(MetricDeltas, TellOnlyWhatIsSelected) {
  MetricDeltas deltas({.names = {"autorecycle_b_total"}, .dimensions = {}});
  const auto changes = deltas.since_told(
      {counter("autorecycle_a_total", 1), counter("autorecycle_b_total", 1)}, kNow);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].datum.name, "autorecycle_b_total");
}

TEST(Representatives, LieInTheirBucketsAndAddUpToTheSum) {
  base::Random random(11);
  const std::vector<double> bounds = {0, 0.1, 1, 5, 60};
  for (int round = 0; round < 2'000; ++round) {
    std::vector<BucketCount> buckets;
    double sum = 0;
    double count = 0;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
      const bool last = i + 1 == bounds.size();
      const double to = last ? kInfinity : bounds[i + 1];
      const auto number = random.below(4);
      for (int n = 0; n < number; ++n) {
        sum += bounds[i] + random.uniform() * (last ? 1'000 : to - bounds[i]);
      }
      if (number > 0) buckets.push_back({bounds[i], to, static_cast<double>(number)});
      count += static_cast<double>(number);
    }
    if (count == 0) continue;
    const auto values = representatives(buckets, sum);
    double reached = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      EXPECT_GE(values[i], buckets[i].from - 1e-9) << round;
      EXPECT_LE(values[i], buckets[i].to + 1e-9) << round;
      reached += values[i] * buckets[i].count;
    }
    EXPECT_NEAR(reached, sum, 1e-9 * std::max(1.0, sum)) << round;
  }
}

// Clocks that differ make ages below zero.
TEST(Representatives, AddUpToASumThatNoValueInTheBucketsCouldGive) {
  const auto values = representatives({{0, 1, 2}, {1, 5, 1}}, -7);
  EXPECT_DOUBLE_EQ(2 * values.at(0) + values.at(1), -7);
}

}  // namespace
}  // namespace worker
