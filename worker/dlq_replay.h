// A replay as it is asked for by people and jobs: what is asked for is checked, SQS's own move task
// is used where that can do it, else ours.
#pragma once

#include "dlq/replay.h"
#include "worker/dlq_options.h"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>

namespace worker {

struct ReplayRequest {
  DlqArguments arguments;
  std::string run;                                    // empty: a new one
  dlq::EditCommand edit_command;                      // none: not asked for
  std::function<void(const dlq::Summary&)> progress;  // may be none
  std::function<void(const std::string&)> remark;     // for people; may be none
};

// Errors before anything was moved: kInvalid and others that name what is wrong.
boost::asio::awaitable<base::Result<dlq::Summary>> run_replay(dlq::Context context,
                                                              ReplayRequest request,
                                                              const dlq::Stop& stop);

// "autorecycle-replay-letters.checkpoint"
std::string default_checkpoint(const std::string& queue);

}  // namespace worker
