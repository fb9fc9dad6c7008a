// `autorecycle jobs ...`: the catalogue, a run by hand, the check of scripts, the pages of
// docs/jobs.
#pragma once

#include "base/result.h"
#include "consumers/oncall/entry.h"
#include "worker/cli.h"
#include "worker/config.h"
#include "worker/jobs.h"

#include <iosfwd>
#include <string>

namespace worker {

int run_jobs(const CommandLine& line, const Config& config, const JobFactory& factory,
             const Settings& environment, std::ostream& out, std::ostream& err);

// `jobs run`, once the request is known (worker/command_jobs_run.cc).
int run_job(const JobsLine& line, const Config& config, const JobFactory& factory,
            const Settings& environment, std::ostream& out, std::ostream& err);

// The parameters of a command line as a JSON object: --params, then each --param NAME=VALUE. A
// value is what the entry's schema says (a text stays one); without an entry it is JSON where it
// can be. A --param that is given several times is a list.
base::Result<std::string> params_of(const JobsLine& line, const consumers::oncall::Entry* entry);

}  // namespace worker
