// The command line of `jobs`: part of worker/cli.cc, and with it the only one that knows CLI11.
#pragma once

#include "worker/cli.h"

#include <CLI/CLI.hpp>

#include <functional>

namespace worker {

// Adds a command with the options of its scope; in worker/cli.cc.
using AddCommand = std::function<CLI::App*(CLI::App& parent, const char* name, const char* about,
                                           const char* footer, unsigned scope)>;

void add_jobs(CLI::App& app, JobsLine& line, const AddCommand& add);

}  // namespace worker
