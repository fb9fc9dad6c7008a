#include "worker/cli_jobs.h"

namespace worker {
namespace {

constexpr const char* kFooter =
    "\nExamples:\n"
    "  autorecycle jobs ls\n"
    "  autorecycle jobs describe oncall-replay-dlq\n"
    "  autorecycle jobs run oncall-replay-dlq --param queue=orders-dlq --dry-run --wait\n"
    "  autorecycle jobs lint my-scripts/oncall-flush-cache\n\n"
    "Exit codes: 0 done; 1 the job failed or was refused, with its status code and reason on\n"
    "standard error; 2 wrong usage. See docs/jobs.\n";

}  // namespace

void add_jobs(CLI::App& app, JobsLine& line, const AddCommand& add) {
  CLI::App* jobs = app.add_subcommand("jobs", "On-call jobs: list, describe, run, lint");
  jobs->require_subcommand(1);
  jobs->footer(kFooter);
  add(*jobs, "ls", "List the jobs", kFooter, kJobsScope);
  add(*jobs, "describe", "Say all about a job", kFooter, kJobsScope)
      ->add_option("name", line.name, "The job")
      ->required();
  add(*jobs, "lint", "Say what is wrong with the folder of a script job", kFooter, kJobsScope)
      ->add_option("folder", line.name, "The folder with job.json, or one of such folders")
      ->required();
  add(*jobs, "docs", "Write a page for every job", kFooter, kJobsScope)
      ->add_option("folder", line.name, "Where to")
      ->required();
  CLI::App* run = add(*jobs, "run", "Ask the worker to run a job", kFooter, kJobsScope);
  run->add_option("name", line.name, "The job")->required();
  run->add_option("--param", line.params, "A parameter; several times for several")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  run->add_option("--params", line.params_json, "Parameters as a JSON object")->type_name("JSON");
  run->add_flag("--dry-run", line.dry_run, "Say what would be done, change nothing");
  CLI::Option* wait =
      run->add_flag("--wait", line.wait, "Wait for the answer, on a queue of its own");
  run->add_flag("--local", line.local, "Run it in this process, with its own credentials")
      ->excludes(wait);
  run->add_option("--timeout", line.timeout, "Instead of the job's own time limit")
      ->type_name("DURATION");
  run->add_option("--request-id", line.request_id, "Of two requests with one id one is run")
      ->type_name("ID");
  run->add_option("--requested-by", line.requested_by, "Who asks [$USER]")->type_name("NAME");
  run->add_option("--reply-to", line.reply_to, "A queue or topic that gets the answer")
      ->type_name("QUEUE|ARN")
      ->excludes(wait);
}

}  // namespace worker
