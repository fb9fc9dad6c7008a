// Board: what the recycles of this worker are doing, for /status and the metrics.
#pragma once

#include "base/clock.h"
#include "consumers/recycle/consumer.h"

#include <map>
#include <string>
#include <vector>

namespace worker {

class Metrics;

class Board {
 public:
  struct Row {
    consumers::recycle::Progress progress;
    base::TimePoint since;  // when this worker first saw this run
    base::TimePoint updated;
    bool ended = false;
  };
  static constexpr std::size_t kRowsMax = 10'000;
  // An ended run stays visible this long; a silent one (handed over) too.
  static constexpr base::Duration kKeep{600'000};

  Board(base::Clock& clock, Metrics& metrics) : clock_(clock), metrics_(metrics) {}

  void update(const consumers::recycle::Progress& progress);
  std::vector<Row> rows();

 private:
  void forget_old();

  base::Clock& clock_;
  Metrics& metrics_;
  std::map<std::string, Row> rows_;  // by group
};

}  // namespace worker
