// The planner: a pure function from what is to what to do next. No I/O, no clock, no randomness.
//
// One mutation per turn, then the world is read again. The same function runs production, the dry
// run (folded over consumers/recycle/model.h) and the simulator.
#pragma once

#include "base/clock.h"
#include "consumers/recycle/action.h"
#include "consumers/recycle/journal.h"
#include "consumers/recycle/policy.h"
#include "consumers/recycle/snapshot.h"

#include <optional>
#include <string>
#include <variant>

namespace consumers::recycle {

// What does not change during a run and does not come from the group.
struct RunContext {
  std::string run_id;                           // for a journal that is to be written
  std::optional<base::TimePoint> force_before;  // set when the request was forced
  base::Duration ready_timeout{900'000};        // new instances not proven after this: undo
  base::Duration terminate_timeout{3'600'000};  // an old one not gone after this: safe stop
  base::Duration preflight_timeout{3'600'000};  // still set aside by others after this: refused
  std::optional<base::TimePoint> requested_at;  // which that counts from
  // Nothing fails before for want of new instances that are ready: a delivery that takes a run over
  // may find the launch not asked for yet, and proves their age by what it sees itself.
  std::optional<base::TimePoint> patient_until;
};

struct Mutate {
  Action action;
  std::string why;
};
// What a run waits for, in a word: for those who count.
enum class WaitsFor {
  kReadiness,    // new instances, or others, to serve
  kTermination,  // old instances to be gone
  kPeople,       // somebody who paused it, or set instances aside
  kWindow,       // the hours in which it may run
  kTakeover,     // what another delivery has begun
};
std::string_view to_string(WaitsFor what);

// Look again after the poll interval, or not before `not_before` (a window, a pause) if that is
// set: such a wait holds no worker, everything that matters is in the journal.
struct Wait {
  std::string why;
  std::optional<base::TimePoint> not_before;
  std::optional<base::TimePoint> deadline;  // when the run gives up waiting
  WaitsFor what = WaitsFor::kReadiness;
};
// Nothing (more) to do: the group is as it was, only newer, and nothing of ours is on it.
struct Finished {
  std::string result;
};
// Ended without success; nothing of ours is on the group any more.
struct Abort {
  std::string why;
  bool cancelled = false;  // an operator wanted it so
};

using Step = std::variant<Mutate, Wait, Finished, Abort>;

// `context.run_id`, times and strategy of a run that is under way come from its journal.
Step next(const Snapshot& snapshot, const std::optional<Journal>& journal, const Policy& policy,
          const RunContext& context, base::TimePoint now);

// Gives the run under way up for a reason that the planner does not know of: tags that do not allow
// it any more, a call that AWS refuses for good.
Mutate giving_up(const Snapshot& snapshot, const Journal& journal, const Policy& policy,
                 const RunContext& context, base::TimePoint now, std::string why);

// What the run has come to once `done` is carried out. Only removing the journal of a failed run
// ends it (with its reason): nothing on the group remembers the failure, so asking next() again
// would start a new run. After everything else: none, look at the group again.
std::optional<Abort> ends_with(const Action& done);

}  // namespace consumers::recycle
