// Interlock: stands between what a strategy wants next and what is done. The gates that concern the
// run as a whole (alarms, a gate's own timeout) and the hooks are the same for every strategy, so
// they are put in here, once. Internal to the planner; pure.
#pragma once

#include "consumers/recycle/turn.h"

namespace consumers::recycle {

// In this order: an alarm that rings, or an instance that stood too long before a gate, ends the
// run (undone before the point of no return, stopped safely after it); alarms must have been quiet
// for the bake time before old instances go; a hook that is due runs before the step.
Step interlock(const Turn& turn, Step step);
// The hook before the start was not told yet: nothing but the journal may have been changed.
bool is_start_due(const Turn& turn);

}  // namespace consumers::recycle
