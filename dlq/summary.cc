#include "dlq/summary.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace dlq {

const char* to_string(Ended ended) {
  switch (ended) {
    case Ended::kRunning:
      return "running";
    case Ended::kDone:
      return "done";
    case Ended::kLimit:
      return "limit reached";
    case Ended::kStopped:
      return "stopped";
    case Ended::kCanary:
      return "canary came back";
    case Ended::kFailed:
      return "failed";
  }
  return "failed";
}

bool leaves_something(const Summary& summary) {
  if (summary.failed + summary.no_target + summary.undeleted > 0) return true;
  return summary.ended == Ended::kDone && summary.elsewhere + summary.blocked > 0;
}

void count(std::map<std::string, std::size_t>& counts, const std::string& name) {
  const bool known = counts.contains(name) || counts.size() < kNamesMax;
  ++counts[known ? name : "other"];
}

void add_problem(Summary& summary, const std::string& text) {
  if (summary.problems.size() >= kProblemsMax) return;
  if (std::ranges::find(summary.problems, text) == summary.problems.end()) {
    summary.problems.push_back(text);
  }
}

std::string to_json(const Summary& summary) {
  nlohmann::ordered_json json = {{"queue", summary.queue},
                                 {"run", summary.run},
                                 {"ended", to_string(summary.ended)},
                                 {"dry_run", summary.dry_run},
                                 {"move_task", summary.move_task},
                                 {"depth_at_start", summary.depth},
                                 {"looked_at", summary.looked_at},
                                 {"matched", summary.matched},
                                 {"sent", summary.sent},
                                 {"sent_before", summary.sent_before},
                                 {"deleted", summary.deleted},
                                 {"kept", summary.kept},
                                 {"newer", summary.newer},
                                 {"came_back", summary.came_back},
                                 {"failed", summary.failed},
                                 {"no_target", summary.no_target},
                                 {"possibly_twice", summary.possibly_twice},
                                 {"undeleted", summary.undeleted},
                                 {"not_returned", summary.not_returned},
                                 {"in_flight_elsewhere", summary.elsewhere},
                                 {"not_handed_out", summary.blocked},
                                 {"by_kind", summary.by_kind},
                                 {"by_target", summary.by_target}};
  json["problems"] = summary.problems;
  if (summary.error) json["error"] = summary.error->to_string();
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace dlq
