// Jobs: what is behind on-call jobs in one process, wired for production: the catalogue with the
// scripts of --oncall-scripts, the runner, the store of requests, and where outcomes go.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "consumers/idempotency/store.h"
#include "consumers/oncall/consumer.h"
#include "consumers/oncall/jobs/built_in.h"
#include "consumers/oncall/replay_dlq.h"
#include "consumers/oncall/runner.h"
#include "worker/aws_session.h"
#include "worker/config.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace worker {

class Metrics;

// What built-in jobs are made of. References outlive the jobs.
struct JobParts {
  consumers::oncall::DeadLetterReplay& replays;
  const consumers::oncall::Clients& clients;
  const consumers::oncall::BuiltInConfig& built_in;
};
// The concrete jobs; named in worker/main.cc only.
using JobFactory = std::function<consumers::oncall::Catalogue(const JobParts&)>;

// A folder that is no job, and why.
struct BrokenScript {
  std::string folder;
  std::vector<std::string> problems;
};

class Jobs {
 public:
  struct Setup {
    AwsSession& aws;
    const Config& config;
    base::Clock& clock;
    base::Random& random;
    const JobFactory& factory;
    Metrics* metrics = nullptr;
    // The queue that jobs come from; none: nothing is sent anywhere.
    std::optional<base::QueueUrl> queue;
    // Variables of this process, for scripts that list them.
    Settings environment;
  };
  // kInvalid: the folder of scripts or a file cannot be read. A script that is not in order is left
  // out, and told in broken().
  static base::Result<std::unique_ptr<Jobs>> open(const Setup& setup);
  ~Jobs();

  consumers::oncall::Runner& runner();
  consumers::idempotency::Store& store();
  consumers::oncall::ConsumerOptions options() const;
  const std::vector<BrokenScript>& broken() const;

 private:
  struct Impl;
  explicit Jobs(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace worker
