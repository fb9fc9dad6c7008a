#include "worker/jobs.h"

#include "aws/dynamodb.h"
#include "base/log.h"
#include "consumers/idempotency/cached_store.h"
#include "consumers/idempotency/dynamodb_store.h"
#include "consumers/idempotency/memory_store.h"
#include "consumers/oncall/aws_secrets.h"
#include "consumers/oncall/aws_sinks.h"
#include "consumers/oncall/cloudwatch_log.h"
#include "consumers/oncall/script_files.h"
#include "consumers/oncall/script_job.h"
#include "worker/commands.h"
#include "worker/metrics.h"
#include "worker/oncall_letters.h"
#include "worker/oncall_replay.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/prctl.h>

#include <algorithm>
#include <utility>

namespace worker {

namespace oncall = consumers::oncall;
namespace idempotency = consumers::idempotency;

namespace {

constexpr std::size_t kSuitesBytesMax = 1U << 20U;

class CountedJobs final : public oncall::JobObserver {
 public:
  explicit CountedJobs(Metrics& metrics) : metrics_(metrics) {}
  void ended(std::string_view job, std::string_view result, base::Duration took) override {
    metrics_.job_ended(std::string(job), std::string(result), took);
  }

 private:
  Metrics& metrics_;
};

base::Result<oncall::BuiltInConfig> built_in_config(const Config& config) {
  oncall::BuiltInConfig built_in;
  built_in.cluster = config.jobs.cluster;
  built_in.events_queue = config.events.queue;
  if (config.jobs.suites.empty()) return built_in;
  auto text = oncall::read_small_file(config.jobs.suites, kSuitesBytesMax);
  if (!text)
    return base::invalid("--oncall-suites " + config.jobs.suites + ": " + text.error().message);
  auto suites = oncall::parse_suites(*text);
  if (!suites) return suites.error().while_doing("reading --oncall-suites " + config.jobs.suites);
  built_in.suites = std::move(*suites);
  return built_in;
}

}  // namespace

struct Jobs::Impl {
  explicit Impl(const Setup& setup)
      : replays({setup.aws.polls(), setup.aws.sqs(), setup.clock, setup.random}),
        scripts(setup.clock, {setup.config.jobs.scripts_at_once, setup.config.jobs.scratch}),
        secrets(setup.aws.ssm(), setup.aws.secrets_manager()),
        letters({setup.aws.polls(), setup.aws.sqs(), setup.clock, setup.random}),
        memory(setup.clock),
        config(setup.config.jobs) {}

  OncallReplay replays;
  oncall::ScriptRunner scripts;
  oncall::AwsSecrets secrets;
  OncallLetters letters;
  idempotency::MemoryStore memory;
  std::unique_ptr<idempotency::DynamoDbStore> table;
  std::unique_ptr<idempotency::CachedStore> cached;
  std::unique_ptr<oncall::AwsReplies> replies;
  std::unique_ptr<oncall::S3Log> s3_log;
  std::unique_ptr<oncall::CloudWatchLog> group_log;
  std::unique_ptr<oncall::CloudWatchLog> audit_log;
  std::unique_ptr<oncall::SnsPager> pager;
  std::unique_ptr<CountedJobs> observer;
  std::unique_ptr<oncall::Runner> runner;
  std::vector<BrokenScript> broken;
  JobsConfig config;

  base::Result<void> add_scripts(const Setup& setup, oncall::Catalogue& jobs) {
    if (config.folder.empty()) return {};
    const auto folders = oncall::script_folders(config.folder);
    if (!folders) return folders.error().while_doing("reading --oncall-scripts");
    for (const std::string& folder : *folders) {
      auto found = oncall::read_script_folder(folder);
      const auto is_taken = [&](const auto& job) {
        return found.script && job->entry().name == found.script->entry.name;
      };
      if (std::ranges::any_of(jobs, is_taken)) {
        found.problems.push_back("job.json: name: there is a built-in job of this name");
      }
      if (!found.problems.empty()) {
        broken.push_back({folder, std::move(found.problems)});
        continue;
      }
      jobs.push_back(std::make_unique<oncall::ScriptJob>(std::move(*found.script), scripts, secrets,
                                                         setup.environment));
    }
    return {};
  }

  oncall::Sinks sinks(const Setup& setup) {
    oncall::Sinks sinks;
    if (setup.metrics != nullptr) observer = std::make_unique<CountedJobs>(*setup.metrics);
    sinks.observer = observer.get();
    if (!setup.queue) return sinks;
    aws::Sns& sns = setup.aws.notify_clients().sns;
    replies = std::make_unique<oncall::AwsReplies>(setup.aws.sqs(), sns, *setup.queue,
                                                   oncall::parse_patterns(config.reply_to));
    sinks.replies = replies.get();
    if (!config.log_bucket.empty()) {
      const auto slash = std::min(config.log_bucket.find('/'), config.log_bucket.size());
      std::string prefix = config.log_bucket.substr(std::min(slash + 1, config.log_bucket.size()));
      while (prefix.ends_with('/')) prefix.pop_back();
      s3_log = std::make_unique<oncall::S3Log>(setup.aws.s3(), config.log_bucket.substr(0, slash),
                                               std::move(prefix));
      sinks.logs.push_back(s3_log.get());
    }
    using Kind = oncall::CloudWatchLog::Kind;
    if (!config.log_group.empty()) {
      group_log =
          std::make_unique<oncall::CloudWatchLog>(setup.aws.logs(), config.log_group, Kind::kLines);
      sinks.logs.push_back(group_log.get());
    }
    if (!config.audit_group.empty()) {
      audit_log = std::make_unique<oncall::CloudWatchLog>(setup.aws.logs(), config.audit_group,
                                                          Kind::kAudit);
      sinks.audits.push_back(audit_log.get());
    }
    if (!config.topic.empty()) {
      pager = std::make_unique<oncall::SnsPager>(sns, config.topic);
      sinks.pager = pager.get();
    }
    return sinks;
  }
};

Jobs::Jobs(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Jobs::~Jobs() = default;

base::Result<std::unique_ptr<Jobs>> Jobs::open(const Setup& setup) {
  auto impl = std::make_unique<Impl>(setup);
  auto allow = oncall::Allow::parse(setup.config.jobs.allow);
  if (!allow) return allow.error().while_doing("reading --oncall-allow");
  oncall::Catalogue jobs;
  const auto built_in = built_in_config(setup.config);
  if (!built_in) return built_in.error();
  auto recycle = recycle_config(setup.config);
  if (!recycle) return recycle.error();
  AwsSession& aws = setup.aws;
  const oncall::Clients clients{aws.ecs(),       aws.logs(),     aws.ssm(),   aws.s3(),
                                aws.sqs(),       aws.power(),    aws.hooks(), aws.load_balancers(),
                                aws.jobs_http(), aws.services(), *recycle,    impl->letters,
                                setup.clock};
  if (setup.factory) jobs = setup.factory({impl->replays, clients, *built_in});
  if (const auto added = impl->add_scripts(setup, jobs); !added) return added.error();
  for (const BrokenScript& one : impl->broken) {
    base::log_error(
        "oncall", "a script job is not in order and left out",
        {{"folder", one.folder}, {"problems", fmt::format("{}", fmt::join(one.problems, "; "))}});
  }
  if (!setup.config.jobs.table.empty() && setup.queue) {
    impl->table = std::make_unique<idempotency::DynamoDbStore>(
        setup.aws.dynamodb(), setup.clock, setup.random,
        idempotency::DynamoDbStoreOptions{setup.config.jobs.table, "oncall/"});
    impl->cached = std::make_unique<idempotency::CachedStore>(*impl->table, setup.clock);
  }
  impl->runner = std::make_unique<oncall::Runner>(std::move(jobs), setup.clock, std::move(*allow),
                                                  impl->sinks(setup));
  if (setup.metrics != nullptr) {
    std::vector<std::string> names;
    for (const oncall::Entry* entry : impl->runner->entries()) names.push_back(entry->name);
    setup.metrics->jobs_known(names);
  }
  // Scripts that run as our user must not read our memory and environment.
  if (!setup.config.jobs.folder.empty()) ::prctl(PR_SET_DUMPABLE, 0);
  return std::unique_ptr<Jobs>(new Jobs(std::move(impl)));
}

oncall::Runner& Jobs::runner() { return *impl_->runner; }

idempotency::Store& Jobs::store() {
  if (impl_->cached) return *impl_->cached;
  return impl_->memory;
}

oncall::ConsumerOptions Jobs::options() const {
  oncall::ConsumerOptions options;
  options.attempts_max = impl_->config.attempts;
  return options;
}

const std::vector<BrokenScript>& Jobs::broken() const { return impl_->broken; }

}  // namespace worker
