// OncallReplay: the replay behind the job oncall-replay-dlq.
#pragma once

#include "consumers/oncall/replay_dlq.h"
#include "dlq/stop.h"
#include "dlq/walk.h"
#include "worker/dlq_options.h"

#include <string>

namespace worker {

class OncallReplay final : public consumers::oncall::DeadLetterReplay {
 public:
  // References in `context` outlive it.
  explicit OncallReplay(dlq::Context context) : context_(context) {}

  boost::asio::awaitable<base::Result<Outcome>> replay(std::string params, std::string request_id,
                                                       bool dry_run) override;

 private:
  dlq::Context context_;
  dlq::Stop never_;
};

// The parameters as the command's options. Refused are those that belong to a terminal, and the
// edit command: a message on a queue must not be able to run programs.
base::Result<DlqArguments> replay_arguments(const std::string& params, bool dry_run);

}  // namespace worker
