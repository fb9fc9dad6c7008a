// `autorecycle dlq ...`: its commands, each of which reads and writes what it is given.
#pragma once

#include "base/result.h"
#include "dlq/stop.h"
#include "dlq/summary.h"
#include "dlq/walk.h"
#include "worker/cli.h"
#include "worker/command_session.h"
#include "worker/config.h"
#include "worker/dlq_options.h"

#include <boost/asio/signal_set.hpp>

#include <iosfwd>
#include <string>
#include <vector>

namespace worker {

// Something that was meant is still in the dead-letter queue, or could not be looked at.
inline constexpr int kExitLeft = 3;

// What `dlq` was asked for on the command line.
int run_dlq(const CommandLine& line, const Config& config, std::istream& in, std::ostream& out,
            std::ostream& err);

// What every one of them is given.
struct DlqRun {
  CommandSession& session;
  DlqArguments arguments;
  Output output = Output::kTable;
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  dlq::Stop& stop;
  int& signal;  // the one that asked to stop, 0 if none did

  dlq::Context context() const {
    return {(*session.aws)->polls(), (*session.aws)->sqs(), session.clock, session.random};
  }
};

int dlq_ls(DlqRun& run);
int dlq_peek(DlqRun& run);
int dlq_show(DlqRun& run);
int dlq_replay(DlqRun& run);
int dlq_export(DlqRun& run);
int dlq_import(DlqRun& run);
int dlq_purge(DlqRun& run);

// The exit code of a finished replay.
int exit_code_of(const dlq::Summary& summary, int signal);
void print_summary(const dlq::Summary& summary, Output output, std::ostream& out);

}  // namespace worker
