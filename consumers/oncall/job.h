// Job: what an on-call job is asked and what it answers. It is the same for built-in jobs and
// scripts, and the same as that of the functions that such jobs take the place of:
//
//   {"job","params","request_id","requested_by","reply_to","dry_run","timeout"}
//     -> {"statusCode":200,"body":"{\"service\":\"web\"}"}      the body is JSON, as a string
//     -> {"statusCode":500,"body":"\"Error restarting service: ...\""}
//
// A new built-in job is one file in consumers/oncall/jobs/: a class with an Entry, and run().
#pragma once

#include "base/clock.h"
#include "consumers/oncall/entry.h"
#include "consumers/oncall/job_log.h"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace consumers::oncall {

struct Request {
  std::string job;            // "oncall-replay-dlq"
  std::string params;         // a JSON object that fits the entry's schema, defaults filled in
  std::string request_id;     // the sender's, else SQS's message id
  std::string requested_by;   // as the sender says it
  std::string reply_to;       // a queue or a topic that gets the answer too; usually empty
  bool dry_run = false;       // say what would be done, change nothing
  base::Duration timeout{0};  // of this run; the runner cancels it then and answers 408
};

// As HTTP means it: 200 done; 400 the request is wrong; 404 what it names is not there; 409 not as
// things stand (or not allowed); 408 the time was up; 500 everything else that failed.
struct Answer {
  int status_code = 200;
  std::string body = "null";  // JSON text: an object when done, a string with the reason otherwise
};

Answer answer_done(std::string body);  // 200; `body` is JSON text
// `reason` is for people: one line that names what failed, what was found and what is accepted.
Answer answer_failed(int status_code, std::string_view reason);
// By the error's kind: kNotFound 404, kInvalid 400, everything else 500. `doing` in -ing form.
Answer answer_failed(const base::Error& error, std::string_view doing);

// {"statusCode":200,"body":"<the body as a JSON string>"}
std::string to_json(const Answer& answer);

class Job {
 public:
  virtual ~Job() = default;
  virtual const Entry& entry() const = 0;
  // Called with checked parameters only. May be cancelled at any suspension point (its time is up,
  // the worker ends) and has to leave nothing behind that runs on. Log lines are kept with the
  // answer; errors of the outside world come back as an Answer, never as an exception.
  virtual boost::asio::awaitable<Answer> run(Request request, JobLog& log) = 0;
};

using Catalogue = std::vector<std::unique_ptr<Job>>;

}  // namespace consumers::oncall
