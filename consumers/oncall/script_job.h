// ScriptJob: a script of a team as a job of the catalogue.
//
// On standard input it gets one JSON object:
//
//   {"job","params","request_id","requested_by","dry_run","secrets":{"NAME":"value"}}
//
// On standard output it prints its answer as JSON; what it writes to standard error is its log.
// Exit code 0 is 200 with that answer. Any other is 500 with the last line of the log, unless the
// answer is {"statusCode":4xx,"body":...}: that is taken as it is, so that a script may say 404.
#pragma once

#include "base/secret.h"
#include "consumers/oncall/job.h"
#include "consumers/oncall/script_folder.h"
#include "consumers/oncall/script_process.h"

#include <string>

namespace consumers::oncall {

// Reads secrets, as somebody else does it.
class Secrets {
 public:
  virtual ~Secrets() = default;
  virtual boost::asio::awaitable<base::Result<base::Secret>> fetch(SecretName name) = 0;
};

class ScriptJob final : public Job {
 public:
  // References outlive the job. `variables` are those of this process, "NAME" -> value.
  ScriptJob(Script script, ScriptRunner& runner, Secrets& secrets,
            const std::map<std::string, std::string>& variables);

  const Entry& entry() const override { return script_.entry; }
  boost::asio::awaitable<Answer> run(Request request, JobLog& log) override;

 private:
  Script script_;
  ScriptRunner& runner_;
  Secrets& secrets_;
  std::vector<std::string> environment_;  // "NAME=value"
};

// What a script's end means. `log` has its last words.
Answer answer_of(const ScriptEnd& end, const Script& script, const JobLog& log);

}  // namespace consumers::oncall
