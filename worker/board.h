// Board: what the recycles of this worker are doing, for /status and the metrics.
#pragma once

#include "base/clock.h"
#include "consumers/recycle/consumer.h"
#include "worker/metrics.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace worker {

class Board {
 public:
  struct Row {
    consumers::recycle::Progress progress;
    base::TimePoint since;        // when the run began, as far as is known here
    base::TimePoint phase_since;  // when this worker first saw it in this phase
    base::TimePoint updated;
    bool ended = false;
  };
  static constexpr std::size_t kRowsMax = 10'000;
  // An ended run stays visible this long; a silent one (handed over) too.
  static constexpr base::Duration kKeep{600'000};

  // References outlive the board.
  Board(base::Clock& clock, Metrics& metrics);

  void update(const consumers::recycle::Progress& progress);
  std::vector<Row> rows();

 private:
  void forget_old();
  void count(Row& row, const consumers::recycle::Progress& progress);
  RecyclesNow look();

  base::Clock& clock_;
  Metrics& metrics_;
  std::map<std::string, Row> rows_;  // by group
  std::unique_ptr<Metrics::Refresher> refresher_;
};

}  // namespace worker
