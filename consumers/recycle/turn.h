// Turn: what the parts of the planner share. Internal to the planner (planner.cc, out_in.cc,
// in_out.cc, restore.cc).
#pragma once

#include "consumers/recycle/planner.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace consumers::recycle {

// The instances of the group by what they mean for the run; pointers into the snapshot.
struct Census {
  using List = std::vector<const aws::GroupInstance*>;
  List old;          // to be replaced; counted in the desired capacity
  List fresh;        // of the target; counted in the desired capacity
  List leaving_old;  // on their way out
  List standby;      // old or new; not counted in the desired capacity
  int ready_fresh = 0;
  int ready_old = 0;

  int ready() const { return ready_fresh + ready_old; }
  int present() const { return static_cast<int>(old.size() + fresh.size()); }
  int old_count() const { return static_cast<int>(old.size()); }
};

struct Turn {
  const Snapshot& snapshot;
  const Policy& policy;
  const RunContext& context;
  base::TimePoint now;
  Journal journal;  // of the run under way; blank before it began
  Census census;

  const aws::AutoScalingGroup& group() const { return snapshot.group; }
};

// The phases, one function each.
Step preflight(const Turn& turn);
Step grow(const Turn& turn);
Step cull(const Turn& turn);
Step swap(const Turn& turn);
Step restore(const Turn& turn);

// Processes that the journal says we suspend and that are not suspended yet.
std::optional<Mutate> suspend_ours(const Turn& turn);
// Before the first mutation and before the destructive half of out-in-timed: the wait until the
// window opens, none if it is open now (or the strategy knows no window).
base::Result<std::optional<Wait>> window_wait(const Turn& turn);

Mutate enter(const Turn& turn, Phase phase, std::string why);
// Gives the run up: restores, and with `undo` takes the new instances away first.
Mutate give_up(const Turn& turn, std::string failure, bool undo);

// The old instance that goes next: one that does not serve before one that does, then from the zone
// with the most old ones left, then by id. The list must not be empty.
const aws::GroupInstance* pick_victim(const Snapshot& snapshot, const Census::List& old);

// "2 of 4 new instances ready; i-0abc: target group web: initial; 1 not launched yet".
std::string describe_ready(const Turn& turn, int wanted);
// "1 old instance", "2 old instances".
std::string count_of(std::size_t count, std::string_view noun);
std::string join_ids(const Census::List& instances);
std::string describe_duration(base::Duration duration);

}  // namespace consumers::recycle
