// oncall-replay-dlq: replays a dead-letter queue, with the options of `autorecycle dlq replay` as
// parameters of the same names:
//
//   {"queue":"orders-dlq","kind":["decode"],"where":["detail.id = 7"],"rate":50,"canary":10}
//
// Answers 200 with the summary; 409 when the canary came back; 400 for parameters that cannot be
// read, 404 for queues that are not there; 500 for what may heal and for letters that are still
// there.
#pragma once

#include "base/result.h"
#include "consumers/oncall/job.h"

#include <string>

namespace consumers::oncall {

// Replaying, as somebody else does it.
class DeadLetterReplay {
 public:
  struct Outcome {
    std::string summary;  // a JSON object
    bool canary_came_back = false;
    bool transient = false;  // ended early by what may heal
    bool complete = true;
  };

  virtual ~DeadLetterReplay() = default;
  // `request_id`: of a request that is delivered again, which goes on with the same replay: what it
  // has sent already is known when it comes back, and to FIFO queues as a duplicate.
  // kInvalid: `params` (a JSON object), with the parameter that is wrong.
  virtual boost::asio::awaitable<base::Result<Outcome>> replay(std::string params,
                                                               std::string request_id,
                                                               bool dry_run) = 0;
};

const Entry& replay_dlq_entry();

class ReplayDlqJob final : public Job {
 public:
  explicit ReplayDlqJob(DeadLetterReplay& replay) : replay_(replay) {}

  const Entry& entry() const override;
  boost::asio::awaitable<Answer> run(Request request, JobLog& log) override;

 private:
  DeadLetterReplay& replay_;
};

}  // namespace consumers::oncall
