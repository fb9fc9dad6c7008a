// MetricStore: the metrics that were put into the simulated CloudWatch, and their statistics.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
#pragma once

#include "base/clock.h"
#include "sim/service.h"
#include "sim/world.h"

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace sim {

class MetricStore {
 public:
  static constexpr std::size_t kDataKept = 1'000'000;

  using Dimensions = std::map<std::string, std::string>;
  struct Key {
    std::string name_space;
    std::string name;
    Dimensions dimensions;
    auto operator<=>(const Key&) const = default;
  };
  struct Statistics {
    double sum = 0;
    double samples = 0;
    double least = 0;
    double most = 0;
  };
  struct Put {  // one PutMetricData, as it was carried out
    base::TimePoint at;
    std::size_t data = 0;
  };

  explicit MetricStore(World& world) : world_(world) {}

  ApiOutcome put(const ApiCall& call);
  ApiOutcome statistics(const ApiCall& call) const;
  ApiOutcome list(const ApiCall& call) const;

  // For tests. Over all times.
  Statistics of(const Key& key) const;
  std::vector<Key> keys() const;
  const std::vector<Put>& requests() const { return puts_; }

 private:
  struct Value {
    base::TimePoint at;
    double value = 0;
    double count = 1;
  };
  struct Read {
    Key key;
    std::vector<Value> values;
  };

  std::variant<Read, ApiError> read(const std::string& name_space, const Json& datum) const;

  World& world_;
  std::map<Key, std::deque<Value>> metrics_;
  std::vector<Put> puts_;
  std::size_t kept_ = 0;
};

}  // namespace sim
