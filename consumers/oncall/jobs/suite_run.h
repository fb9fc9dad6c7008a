// SuiteRun: one run of a test suite, as an ECS task or as commands on an instance, to its end, and
// what it had to say.
#pragma once

#include "aws/ecs.h"
#include "aws/logs.h"
#include "aws/s3.h"
#include "aws/ssm.h"
#include "base/wait_until.h"
#include "consumers/oncall/job.h"
#include "consumers/oncall/jobs/suites.h"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>

namespace consumers::oncall {

struct SuiteOutcome {
  bool timed_out = false;        // and stopped
  std::optional<int> exit_code;  // none: it never ran, or was stopped
  std::string problem;           // why there is no exit code
  std::string report;            // JUnit; empty: none was found where the suite says
  std::string where;             // the task's ARN or the command's id
  std::string log;               // "group stream" of awslogs, "s3://..." of the report, or empty
};

class SuiteRun {
 public:
  // References outlive it.
  struct Needs {
    aws::Ecs& ecs;
    aws::Logs& logs;
    aws::Ssm& ssm;
    aws::S3& s3;
    base::Clock& clock;
    JobLog& log;
  };
  SuiteRun(Needs needs, Suite suite, Request request, std::string service)
      : needs_(needs),
        suite_(std::move(suite)),
        request_(std::move(request)),
        service_(std::move(service)) {}

  // A task that runs on at the deadline is stopped, a command cancelled. A request that comes again
  // while its task runs finds that task.
  boost::asio::awaitable<base::Result<SuiteOutcome>> run(base::SteadyPoint deadline);

 private:
  boost::asio::awaitable<base::Result<SuiteOutcome>> run_task(base::SteadyPoint deadline);
  boost::asio::awaitable<base::Result<SuiteOutcome>> run_commands(base::SteadyPoint deadline);
  boost::asio::awaitable<base::Result<base::Seen>> has_stopped(aws::EcsTask& task,
                                                               base::SteadyPoint begun);
  boost::asio::awaitable<base::Result<void>> read_report(SuiteOutcome& outcome);
  boost::asio::awaitable<base::Result<void>> read_task_log(const aws::EcsTask& task,
                                                           SuiteOutcome& outcome);
  boost::asio::awaitable<base::Result<base::Seen>> read_stream(std::string group,
                                                               std::string stream,
                                                               std::string& report);
  std::string report_uri() const;
  aws::RunTaskOptions task_options() const;

  Needs needs_;
  Suite suite_;
  Request request_;
  std::string service_;
};

}  // namespace consumers::oncall
