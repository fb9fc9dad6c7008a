// The example messages of tests/data/events, by name.
#pragma once

#include <string>
#include <vector>

namespace examples {

std::string read(const std::string& name);  // "tags-created"; fails the test if there is none
std::vector<std::string> names();           // sorted

}  // namespace examples
