// Amazon CloudWatch over its Query protocol: the alarms.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
#pragma once

#include "aws/caller.h"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

namespace aws {

struct MetricAlarm {
  std::string name;
  std::string state;      // "OK", "ALARM", "INSUFFICIENT_DATA"
  base::TimePoint since;  // StateTransitionedTimestamp; where it is missing, of the last update
};

class CloudWatch {
 public:
  explicit CloudWatch(Caller& caller) : caller_(caller) {}

  // Metric and composite alarms by name, in chunks of 100, all pages. Names that do not exist are
  // absent, not an error.
  boost::asio::awaitable<base::Result<std::vector<MetricAlarm>>> describe_alarms(
      std::vector<std::string> names);

 private:
  Caller& caller_;
};

}  // namespace aws
