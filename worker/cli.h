// The command line: arguments -> what is asked for. The one translation unit that knows CLI11.
#pragma once

#include "worker/config.h"

#include <string>
#include <utility>
#include <vector>

namespace worker {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;    // what was asked for failed or was refused
inline constexpr int kExitUsage = 2;     // the command line or the configuration is wrong
inline constexpr int kExitSignal = 128;  // and its number: a signal ended it, as shells say it

// Of `jobs ...`.
struct JobsLine {
  std::string name;                 // of `describe` and `run`; the folder of `lint` and `docs`
  std::vector<std::string> params;  // NAME=VALUE
  std::string params_json;
  bool dry_run = false;
  bool wait = false;
  bool local = false;
  std::string timeout;
  std::string request_id;
  std::string requested_by;
  std::string reply_to;
};

struct CommandLine {
  bool run = false;  // false: `out`/`err` say everything (help, version, a usage error)
  int exit_code = kExitOk;
  std::string out;
  std::string err;

  std::string command;  // "worker", "enqueue recycle", "plan", "decode", ...
  Settings flags;
  std::string config_file;          // of --config
  std::string input_file;           // of `decode FILE`; "-" is standard input
  std::vector<std::string> groups;  // of `status GROUP...`

  // Of `dlq ...`, see worker/dlq_options.h.
  std::vector<std::pair<std::string, std::string>> dlq_options;
  std::string dlq_queue;
  std::string dlq_id;
  std::string dlq_file;

  JobsLine jobs;
};

// `arguments` without the program's name.
CommandLine parse_command_line(std::vector<std::string> arguments);

}  // namespace worker
