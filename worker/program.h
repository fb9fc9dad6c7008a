// The whole program as a function: arguments, environment and streams in, exit code out.
#pragma once

#include "worker/commands.h"

#include <iosfwd>
#include <string>
#include <vector>

namespace worker {

// The variables of this process.
Settings read_environment();

// `arguments` without the program's name.
int run_program(std::vector<std::string> arguments, const Settings& environment, std::istream& in,
                std::ostream& out, std::ostream& err, const Factories& factories);

}  // namespace worker
