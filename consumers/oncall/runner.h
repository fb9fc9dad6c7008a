// Runner: one request from its check to its answer.
//
//   find the job, check parameters, reply_to and permission   400, 404, 409: nothing was done
//   wait for the turn, where runs would clash
//   run it within its time                                    408 when it is up
//   keep the log, write the audit record, count, answer, page
#pragma once

#include "base/clock.h"
#include "consumers/oncall/allow.h"
#include "consumers/oncall/job.h"
#include "consumers/oncall/schema.h"
#include "consumers/oncall/sinks.h"
#include "consumers/oncall/turns.h"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace consumers::oncall {

inline constexpr std::size_t kAnswerBodyBytesMax =
    192 * 1024;  // SQS and SNS take 256 with the rest

// What a run depends on besides the request itself.
struct RunOptions {
  int attempt = 1;
  int attempts_max = 1;  // of a job that is safe to retry and answered 500
  bool trusted = false;  // asked for with the asker's own credentials: needs no rule
  // Called when the job is about to run. An answer stops it: it must not.
  std::function<boost::asio::awaitable<std::optional<Answer>>()> before;
};

class Runner {
 public:
  // std::invalid_argument where two jobs have one name, or an entry is not in order: a bug.
  Runner(Catalogue jobs, base::Clock& clock, Allow allow, Sinks sinks);

  // `request.params` as it came. Cancelled in the middle of a job that changes things and is not
  // safe to retry, it comes back with an answer that says so; else it throws operation_aborted.
  boost::asio::awaitable<Outcome> run(Request request, RunOptions options);

  const Entry* find(std::string_view job) const;
  std::vector<const Entry*> entries() const;  // by name

 private:
  struct Known {
    std::unique_ptr<Job> job;
    Schema schema;
  };
  struct Work;

  std::optional<Answer> refuse(const Known& known, const RunOptions& options,
                               Request& request) const;
  boost::asio::awaitable<void> carry_out(const Known& known, Work& work, const RunOptions& options);
  boost::asio::awaitable<Answer> run_job(const Known& known, Work& work);
  boost::asio::awaitable<void> finish(Work& work);

  std::map<std::string, Known, std::less<>> jobs_;
  base::Clock& clock_;
  Allow allow_;
  Sinks sinks_;
  Turns turns_;
};

}  // namespace consumers::oncall
