// MiniShell: what "runs" on simulated instances and in simulated containers: the few commands of a
// shell that a test needs to make a program that takes time, says something and ends somehow.
//
//   echo TEXT [>&2]    sleep SECONDS    exit CODE    true    false    export (ignored)
//
// One command a line, or separated by ';'. $NAME is replaced. Anything else is "not found" and ends
// with 127, as a shell says it.
#pragma once

#include "base/clock.h"

#include <map>
#include <string>
#include <string_view>

namespace sim {

struct ShellRun {
  std::string output;
  std::string error_output;
  int exit_code = 0;
  base::Duration duration{0};
};

ShellRun run_shell(std::string_view script, const std::map<std::string, std::string>& variables);

}  // namespace sim
