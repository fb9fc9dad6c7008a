// What a timeline and the oracle read in a call and in a group.
#pragma once

#include "consumers/recycle/journal.h"
#include "tests/recycle_proof/stage.h"

#include <optional>
#include <string>

namespace proof {

std::string arguments_of(const sim::ApiCall& call);
// "[OO++..] min 2 desired 4 max 8": O old and serving, + new and serving, lower case and "." when
// they do not serve (yet), x on its way out, S in standby.
std::string bar_of(Stage& stage, const sim::Group& group);

// Empty if it is not there; of what is no text, the JSON.
std::string text_of(const sim::Json& arguments, const char* name);
// None if there is none, or a broken one.
std::optional<consumers::recycle::Journal> journal_of(const sim::Group& group);

}  // namespace proof
