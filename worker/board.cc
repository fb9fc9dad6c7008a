#include "worker/board.h"

#include "consumers/recycle/policy.h"

#include <algorithm>

namespace worker {
namespace {

using consumers::recycle::Moment;
using consumers::recycle::Progress;

// Of a bounded set: what is refused is told of too, with whatever its tag says.
std::string label_of(const std::string& strategy) {
  return consumers::recycle::parse_strategy(strategy) ? strategy : "other";
}

// "broken": a journal that nobody can read.
bool is_end(const std::string& phase) {
  return phase == "finished" || phase == "aborted" || phase == "broken";
}

// "unchanged": there was nothing to do, it was a dry run, or a state machine was started.
std::string result_of(const Progress& end) {
  if (end.moment == Moment::kCancelled) return "cancelled";
  if (end.phase == "finished" && end.moment != Moment::kDone) return "unchanged";
  return end.phase;
}

base::Duration between(base::TimePoint from, base::TimePoint to) {
  return std::max(base::Duration(0), std::chrono::duration_cast<base::Duration>(to - from));
}

}  // namespace

Board::Board(base::Clock& clock, Metrics& metrics)
    : clock_(clock), metrics_(metrics), refresher_(metrics.before_reading([this] {
        forget_old();
        metrics_.recycles(look());
      })) {}

void Board::update(const Progress& progress) {
  const auto found = rows_.find(progress.group);
  if (found == rows_.end() && rows_.size() >= kRowsMax) {
    forget_old();
    if (rows_.size() >= kRowsMax) return;
  }
  Row& row = rows_[progress.group];
  count(row, progress);
  row.progress = progress;
  row.updated = clock_.now();
}

// Before the row takes the progress over.
void Board::count(Row& row, const Progress& progress) {
  const auto now = clock_.now();
  const std::string strategy = label_of(progress.strategy);
  const bool is_new = row.progress.group.empty() || row.ended;
  if (is_new) {
    row = Row();
    row.since = row.phase_since = now;
  }
  if (progress.started) row.since = *progress.started;
  row.ended = is_end(progress.phase);
  if (!is_new && progress.phase != row.progress.phase) {
    metrics_.recycle_left_phase(strategy, row.progress.phase, between(row.phase_since, now));
    row.phase_since = now;
  }
  if (!progress.waits_for.empty() && progress.waits_for != row.progress.waits_for) {
    metrics_.recycle_waits(progress.waits_for);
  }
  if (row.ended) {
    metrics_.recycle_ended(strategy, result_of(progress), between(row.since, now));
  }
}

RecyclesNow Board::look() {
  RecyclesNow now;
  for (const auto& [group, row] : rows_) {
    if (row.ended) continue;
    const std::string strategy = label_of(row.progress.strategy);
    ++now.running[{strategy, row.progress.phase}];
    if (!row.progress.waits_for.empty()) ++now.waiting[std::string(row.progress.waits_for)];
    auto& oldest = now.oldest[strategy];
    oldest = std::max(oldest, between(row.since, clock_.now()));
    if (!row.progress.margin) continue;
    const auto [least, is_first] = now.margin.try_emplace(strategy, *row.progress.margin);
    if (!is_first) least->second = std::min(least->second, *row.progress.margin);
  }
  return now;
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
