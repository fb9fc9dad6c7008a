// What a timeline says of a call and of a group.
#pragma once

#include "tests/recycle_proof/stage.h"

#include <string>

namespace proof {

std::string arguments_of(const sim::ApiCall& call);
// "[OO++..] min 2 desired 4 max 8": O old and serving, + new and serving, lower case and "." when
// they do not serve (yet), x on its way out, S in standby.
std::string bar_of(Stage& stage, const sim::Group& group);

}  // namespace proof
