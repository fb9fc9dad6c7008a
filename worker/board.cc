#include "worker/board.h"

#include "consumers/recycle/policy.h"
#include "worker/metrics.h"

namespace worker {
namespace {

// Of a bounded set: what is refused is told of too, with whatever its tag says.
std::string label_of(const std::string& strategy) {
  return consumers::recycle::parse_strategy(strategy) ? strategy : "other";
}

// "broken": a journal that nobody can read.
bool is_end(const std::string& phase) {
  return phase == "finished" || phase == "aborted" || phase == "broken";
}

}  // namespace

void Board::update(const consumers::recycle::Progress& progress) {
  const auto now = clock_.now();
  const auto found = rows_.find(progress.group);
  if (found == rows_.end() && rows_.size() >= kRowsMax) {
    forget_old();
    if (rows_.size() >= kRowsMax) return;
  }
  Row& row = rows_[progress.group];
  const bool is_new = row.progress.group.empty() || row.ended;
  if (is_new) row.since = now;
  row.progress = progress;
  row.updated = now;
  row.ended = is_end(progress.phase);
  if (row.ended) metrics_.recycle_ended(label_of(progress.strategy), progress.phase);

  std::map<std::string, std::size_t> running = {{label_of(progress.strategy), 0}};
  for (const auto& [group, other] : rows_) {
    running[label_of(other.progress.strategy)] += other.ended ? 0 : 1;
  }
  for (const auto& [strategy, count] : running) metrics_.recycles_running(strategy, count);
}

std::vector<Board::Row> Board::rows() {
  forget_old();
  std::vector<Row> rows;
  for (const auto& [group, row] : rows_) rows.push_back(row);
  return rows;
}

void Board::forget_old() {
  const auto now = clock_.now();
  std::erase_if(rows_, [&](const auto& entry) { return now - entry.second.updated > kKeep; });
}

}  // namespace worker
