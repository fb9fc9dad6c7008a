// Status: what is going on with groups, from the groups themselves: their tags, instances and load
// balancers, and what the planner makes of them. Needs no worker to ask, so it is the same from any
// machine. Changes nothing.
#pragma once

#include "consumers/recycle/consumer.h"
#include "consumers/recycle/observer.h"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <vector>

namespace consumers::recycle {

struct GroupStatus {
  enum class State {
    kRunning,     // a run is under way
    kPaused,      // ... and an operator has paused it
    kCancelling,  // ... and an operator has cancelled it
    kBroken,      // there is a journal that cannot be read: nobody touches the group
    kRefused,     // it cannot be recycled as its tags are
    kWaiting,     // there is something to recycle, not now: `until`, if that is known
    kDue,         // there is something to recycle, and nothing in the way
    kIdle,        // nothing to do, or it does not ask to be recycled
  };

  std::string group;
  State state = State::kIdle;
  std::string strategy;
  std::string phase;  // of the journal; empty without a run
  std::string run_id;
  std::string target;   // "lt-0abc:7"
  std::string step;     // what is waited for, what comes next, or what is wrong
  std::string failure;  // why it is being undone or restored
  int desired = 0;
  int old_instances = 0;
  int new_instances = 0;
  int new_ready = 0;
  std::optional<base::TimePoint> started_at;
  std::optional<base::TimePoint> phase_at;
  std::optional<base::TimePoint> deadline;  // of the phase, by this machine's configuration
  std::optional<base::TimePoint> until;     // the window opens
};

std::string_view to_string(GroupStatus::State state);
// A run is under way, or what is left of one.
bool is_run(const GroupStatus& status);

// These groups, in this order; or, for none, every group with a run, a wrong tag or something to
// recycle, by name. Errors: kNotFound for a name that does not exist.
boost::asio::awaitable<base::Result<std::vector<GroupStatus>>> read_status(
    Services services, Config config, Observer& observer, std::vector<base::GroupName> names);

}  // namespace consumers::recycle
