// Where the outcome of a job goes, as somebody else does it.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "consumers/oncall/job.h"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace consumers::oncall {

// One run, when it is over.
struct Outcome {
  Request request;  // params without secrets
  bool changes = false;
  bool ran = false;  // false: refused before anything was done
  Answer answer;
  int attempt = 1;
  bool last = true;  // false: it is tried again
  base::TimePoint began;
  base::Duration took{0};
  std::string log;  // where its log is: "s3://bucket/key", several separated by blanks
};

// done, invalid, not_found, conflict, timeout or failed: for metrics and audits.
std::string_view result_of(const Answer& answer);
// The answer as it is sent: {"statusCode","body","job","requestId","attempts","durationMs","log"}.
std::string reply_of(const Outcome& outcome);
// Who, what, when, with what result: one JSON object.
std::string audit_of(const Outcome& outcome);
// The reason of a failed answer, shortened, for a line of text.
std::string reason_of(const Answer& answer);

// Takes answers to a queue or a topic.
class Replies {
 public:
  virtual ~Replies() = default;
  // Whether answers may be sent there at all; kInvalid says what is accepted.
  virtual base::Result<void> check(const std::string& to) const = 0;
  virtual boost::asio::awaitable<base::Result<void>> send(std::string to, std::string reply) = 0;
};

// Keeps the log of one run, or its audit record.
class LogKeeper {
 public:
  virtual ~LogKeeper() = default;
  // Where it is now.
  virtual boost::asio::awaitable<base::Result<std::string>> keep(Outcome outcome,
                                                                 std::vector<LogLine> lines) = 0;
};

// Told of jobs that failed for good.
class Pager {
 public:
  virtual ~Pager() = default;
  virtual boost::asio::awaitable<base::Result<void>> failed(Outcome outcome) = 0;
};

// Counts. `job` is the name of a job that exists.
class JobObserver {
 public:
  virtual ~JobObserver() = default;
  virtual void ended(std::string_view job, std::string_view result, base::Duration took) = 0;
};

// Those that are configured. They outlive the runner.
struct Sinks {
  Replies* replies = nullptr;
  std::vector<LogKeeper*> logs;
  std::vector<LogKeeper*> audits;
  Pager* pager = nullptr;
  JobObserver* observer = nullptr;
};

}  // namespace consumers::oncall
