// The command line of autorecycle-sim. CLI11 is in options.cc alone.
#pragma once

#include "sim/service.h"
#include "sim/world.h"

#include <cstdint>
#include <optional>
#include <string>

namespace sim {

struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 4580;
  std::string port_file;
  double speed = 1;
  bool verbose = false;
  WorldConfig world;
  Json lags = Json::object();  // for AutoScalingService::configure()
  std::optional<std::uint64_t> chaos;
};

// The options, or the exit code with which main() is to end at once (help, version, bad usage).
struct ParsedOptions {
  Options options;
  std::optional<int> exit_code;
};
ParsedOptions parse_options(int argc, char** argv);

}  // namespace sim
