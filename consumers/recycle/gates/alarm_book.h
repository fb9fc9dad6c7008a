// AlarmBook: the state of CloudWatch alarms, read once for all runs of a worker: a thousand groups
// that watch the same alarms cost one DescribeAlarms per hundred names and interval.
#pragma once

#include "aws/cloudwatch.h"
#include "base/clock.h"
#include "consumers/recycle/gates/readings.h"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <string>
#include <vector>

namespace consumers::recycle {

class AlarmBook {
 public:
  // References outlive the book. One executor.
  AlarmBook(aws::CloudWatch& cloudwatch, base::Clock& clock)
      : cloudwatch_(cloudwatch), clock_(clock) {}

  // No older than kFresh; in the order of the names.
  boost::asio::awaitable<base::Result<std::vector<AlarmReading>>> read(
      std::vector<std::string> names);

  static constexpr base::Duration kFresh{10'000};
  static constexpr base::Duration kForgotten{300'000};  // not asked for: left out of the next read

 private:
  struct Entry {
    AlarmReading reading;
    base::SteadyPoint asked_at;
    std::optional<base::SteadyPoint> read_at;
  };
  bool is_fresh(const std::vector<std::string>& names, base::SteadyPoint since) const;
  boost::asio::awaitable<base::Result<void>> refresh();

  aws::CloudWatch& cloudwatch_;
  base::Clock& clock_;
  std::map<std::string, Entry> entries_;
  bool refreshing_ = false;
};

}  // namespace consumers::recycle
