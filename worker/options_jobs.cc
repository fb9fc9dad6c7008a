// The options of on-call jobs.
#include "aws/s3.h"
#include "consumers/oncall/allow.h"
#include "worker/config.h"

#include <charconv>

namespace worker {
namespace {

constexpr int kScriptsMax = 64;
constexpr int kAttemptsMax = 10;

template <std::string JobsConfig::*Field>
bool set_text(Config& config, std::string_view text) {
  config.jobs.*Field = text;
  return true;
}

// "off" switches off what has a default.
template <std::string JobsConfig::*Field>
bool set_name(Config& config, std::string_view text) {
  config.jobs.*Field = text == "off" ? std::string() : std::string(text);
  return !text.empty();
}

template <int JobsConfig::*Field, int Most>
bool set_count(Config& config, std::string_view text) {
  int count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  config.jobs.*Field = count;
  return count >= 1 && count <= Most;
}

bool set_allow(Config& config, std::string_view text) {
  config.jobs.allow = text;
  return consumers::oncall::Allow::parse(text).has_value();
}

bool set_log_bucket(Config& config, std::string_view text) {
  config.jobs.log_bucket = text == "off" ? std::string() : std::string(text);
  return text == "off" || aws::check_bucket_name(text.substr(0, text.find('/'))).has_value();
}

bool set_topic(Config& config, std::string_view text) {
  config.jobs.topic = text == "off" ? std::string() : std::string(text);
  return text == "off" ||
         (text.starts_with("arn:") && text.find(":sns:") != std::string_view::npos);
}

}  // namespace

void add_jobs_rows(std::vector<OptionSpec>& rows) {
  const unsigned both = kWorkerScope | kJobsScope;
  rows.push_back({"oncall-allow", "RULES",
                  "Who may run jobs that change things: JOBS=WHO|WHO; ... with * for anything",
                  kWorkerScope, "rules such as oncall-restart-*=alice|bob; oncall-scale-*=*",
                  set_allow, "nobody"});
  rows.push_back({"oncall-scripts", "FOLDER", "Folder of script jobs, one folder each", both,
                  "a folder", set_text<&JobsConfig::folder>});
  rows.push_back({"oncall-scripts-at-once", "N", "Scripts that run at once; others wait", both,
                  "a number from 1 to 64", set_count<&JobsConfig::scripts_at_once, kScriptsMax>,
                  "4"});
  rows.push_back({"oncall-scratch", "FOLDER", "Where scripts get their temporary folders", both,
                  "a folder", set_name<&JobsConfig::scratch>, "/tmp"});
  rows.push_back({"oncall-reply-to", "PATTERNS",
                  "Where answers may be sent: queues of this account by name, topics by ARN",
                  kWorkerScope, "patterns, separated by commas, or off",
                  set_name<&JobsConfig::reply_to>, "oncall-reply-*"});
  rows.push_back({"oncall-log-bucket", "BUCKET[/PREFIX]", "S3 bucket for the logs of jobs",
                  kWorkerScope, "the name of a bucket, with a prefix or without, or off",
                  set_log_bucket, "off"});
  rows.push_back({"oncall-log-group", "GROUP", "CloudWatch log group for the logs of jobs",
                  kWorkerScope, "a log group's name, or off", set_name<&JobsConfig::log_group>,
                  "off"});
  rows.push_back({"oncall-audit-group", "GROUP", "CloudWatch log group for the audit records",
                  kWorkerScope, "a log group's name, or off", set_name<&JobsConfig::audit_group>,
                  "off"});
  rows.push_back({"oncall-topic", "ARN", "SNS topic that is told of jobs that failed", kWorkerScope,
                  "the ARN of an SNS topic, or off", set_topic, "off"});
  rows.push_back({"oncall-table", "TABLE",
                  "DynamoDB table that remembers which requests were run, for several workers",
                  kWorkerScope, "a table's name, or off", set_name<&JobsConfig::table>,
                  "in memory"});
  rows.push_back({"oncall-attempts", "N", "How often a failing job is run that is safe to retry",
                  kWorkerScope, "a number from 1 to 10",
                  set_count<&JobsConfig::attempts, kAttemptsMax>, "3"});
  rows.push_back({"oncall-cluster", "CLUSTER", "ECS cluster, where a request names none", both,
                  "a cluster's name or ARN", set_name<&JobsConfig::cluster>, "default"});
  rows.push_back({"oncall-suites", "FILE", "JSON: the suites that test-integration may run", both,
                  "a file name", set_text<&JobsConfig::suites>});
}

}  // namespace worker
