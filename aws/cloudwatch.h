// Amazon CloudWatch over its Query protocol: alarms, and metrics of our own.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
#pragma once

#include "aws/caller.h"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace aws {

struct MetricAlarm {
  std::string name;
  std::string state;      // "OK", "ALARM", "INSUFFICIENT_DATA"
  base::TimePoint since;  // StateTransitionedTimestamp; where it is missing, of the last update
};

// What PutMetricData takes: so many data, and so many bytes of body, in one request.
inline constexpr std::size_t kMetricDataMax = 1'000;
inline constexpr std::size_t kMetricBytesMax = 1'000'000;
inline constexpr std::size_t kMetricValuesMax = 150;  // of one datum
inline constexpr std::size_t kMetricDimensionsMax = 30;

struct MetricDatum {
  std::string name;
  std::vector<std::pair<std::string, std::string>> dimensions;
  base::TimePoint at;
  std::string unit = "None";   // "Count", "Seconds", "None"
  std::vector<double> values;  // at least one
  std::vector<double> counts;  // how often each was seen; empty: each once
};

class CloudWatch {
 public:
  explicit CloudWatch(Caller& caller) : caller_(caller) {}

  // Metric and composite alarms by name, in chunks of 100, all pages. Names that do not exist are
  // absent, not an error.
  boost::asio::awaitable<base::Result<std::vector<MetricAlarm>>> describe_alarms(
      std::vector<std::string> names);

  // One request, compressed where that saves something. It counts what it is sent a second time
  // again, so it is not repeated where the first may have arrived. `data` within the limits above.
  boost::asio::awaitable<base::Result<void>> put_metric_data(std::string name_space,
                                                             std::vector<MetricDatum> data);
  // What a datum adds to the body, uncompressed.
  static std::size_t body_bytes(const MetricDatum& datum);

 private:
  Caller& caller_;
};

}  // namespace aws
