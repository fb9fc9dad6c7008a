// History: the recycles of the past, from CloudTrail's record of what was written into and removed
// from the groups' journals. Pure but for the reading.
#pragma once

#include "aws/cloudtrail.h"
#include "base/clock.h"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <vector>

namespace consumers::recycle {

struct PastRun {
  std::string group;
  std::string run_id;
  std::string strategy;
  std::string target;  // "lt-0abc:7"
  std::string phase;   // the last one
  std::string failure;
  bool cancelled = false;  // by an operator; `failure` says so
  std::string by;          // who wrote the journal: the worker's role
  base::TimePoint started_at;
  std::optional<base::TimePoint> ended_at;  // its journal was removed

  // "done", "failed", "cancelled", or "not ended": it runs, or its end is not in the trail yet.
  std::string result() const;
};

// Of events in any order; the newest run first. What is no journal of ours, or cannot be read, is
// left out. `group` empty: of all groups.
std::vector<PastRun> past_runs(std::vector<aws::TrailEvent> events, const std::string& group);

struct TrailEvents {
  std::vector<aws::TrailEvent> events;
  bool complete = true;  // false: there were more than we look through
};

// Everything that touched tags since `from`, page by page at the pace that AWS allows.
boost::asio::awaitable<base::Result<TrailEvents>> read_tag_events(aws::CloudTrail& trail,
                                                                  base::Clock& clock,
                                                                  base::TimePoint from);

}  // namespace consumers::recycle
