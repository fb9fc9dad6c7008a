// The options of `autorecycle dlq`, as a table for the command line and for the parameters of the
// on-call job: the same names, the same checks. They come from nowhere else: a filter or a target
// left behind in the environment would be a trap.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "dlq/filter.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace worker {

struct DlqArguments {
  std::string queue;  // name, URL or ARN
  std::string id;     // of `show`
  std::string file;   // of `export` and `import`; "-": standard output or input

  dlq::FilterSpec filter;
  std::string to;
  double rate = 0;
  base::Duration ramp{0};
  std::size_t max = 0;
  std::size_t canary = 0;
  base::Duration canary_wait = std::chrono::minutes(2);
  bool dry_run = false;
  std::vector<std::string> edits;
  std::string edit_command;
  std::string checkpoint;  // empty: a name made from the queue's; "off": none
  bool resume = false;
  bool own_replay = false;  // no move task of SQS's
  base::Duration visibility = std::chrono::minutes(2);
  std::size_t sample = 100;
  std::size_t count = 10;
  std::size_t skip = 0;
  std::string s3;
  std::optional<long long> yes;
};

enum DlqCommand : unsigned {
  kDlqLs = 1,
  kDlqPeek = 2,
  kDlqShow = 4,
  kDlqReplay = 8,
  kDlqExport = 16,
  kDlqImport = 32,
  kDlqPurge = 64,
};

struct DlqOptionSpec {
  std::string name;
  std::string argument;  // empty: a switch
  std::string help;
  unsigned commands = 0;
  std::string accepted;
  bool (*set)(DlqArguments&, std::string_view) = nullptr;
  bool repeats = false;
};

const std::vector<DlqOptionSpec>& dlq_option_specs();

using DlqSettings = std::vector<std::pair<std::string, std::string>>;

// kInvalid: the option, the value and what is accepted.
base::Result<DlqArguments> read_dlq_arguments(const DlqSettings& settings, unsigned command);

}  // namespace worker
