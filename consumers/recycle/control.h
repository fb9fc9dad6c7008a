// Control: what an operator asks of a run under way, by a tag on the group. `autorecycle pause`,
// `resume` and `cancel` write and delete it; so does anybody with the console. The planner obeys it
// in every phase, and the engine removes it together with the journal.
#pragma once

#include "base/result.h"

#include <map>
#include <string>
#include <string_view>

namespace consumers::recycle {

inline constexpr std::string_view kTagControl = "autorecycle:control";

enum class Control {
  kNone,           // no tag: the run goes on
  kPause,          // stops at the next safe point, floor held, until the tag is gone
  kCancel,         // ends; the group's sizes, bounds, processes and protection as they were
  kCancelRestore,  // and, past the point of no return, back to the version before
};

// "pause", "cancel", "cancel-restore"; empty for kNone.
std::string_view to_string(Control control);
// An error (kInvalid) names the tag, its value and what is accepted.
base::Result<Control> control_from_tags(const std::map<std::string, std::string>& tags);

}  // namespace consumers::recycle
