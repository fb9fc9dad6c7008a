// Config: everything that can be set, from four places: a flag wins over the environment
// (AUTORECYCLE_<NAME>), that over the config file, that over the default. One table (option_specs)
// names every option for all of them; a name that is not in it is refused.
#pragma once

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base/secret.h"
#include "worker/telemetry_config.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace worker {

enum class Output { kTable, kJson };

// Queues by name or by URL; an empty name switches the queue off.
struct QueueConfig {
  std::string queue;
  std::string dead_letter_queue;  // empty: what the queue's RedrivePolicy names
  int in_flight_max = 50;         // messages held at once
};

inline constexpr std::size_t kMessageBytesMax = 1U << 20U;  // what SQS takes: body and attributes

// Bodies too long for SQS (worker/large_payload.h).
struct PayloadConfig {
  std::set<std::string> buckets;  // pointers into these are followed
  std::string bucket;             // long bodies go here, and it is read too; empty: nowhere
  std::size_t threshold = kMessageBytesMax;  // a message of more bytes is a long one
};

// Who is told of recycles (consumers/recycle/notify/). A secret is never taken from a flag.
struct NotifyConfig {
  base::Secret slack_webhook;
  base::Secret slack_token;
  std::string slack_channel;
  std::string slack_failure_channel;
  std::string slack_api = "https://slack.com/api";
  base::Secret pagerduty_key;
  std::string pagerduty_url = "https://events.pagerduty.com/v2/enqueue";
  std::string sns_topic;
  std::string event_bus;
  std::string environment;
  std::string ca_bundle;
  base::Duration deadline{10'000};  // for what is left at the end
};

// Gates and hooks (consumers/recycle/gates/).
struct GateConfig {
  std::map<std::string, std::string> tags;  // by tag: what holds where a group has none
  std::string commands;                     // "NAME=PROGRAM ARGUMENT..."
  base::Secret hooks;                       // "NAME=URL or PROGRAM ARGUMENT..."
};

// On-call jobs (consumers/oncall/).
struct JobsConfig {
  std::string folder;                       // of folders with scripts; empty: no scripts
  int scripts_at_once = 4;                  // others wait for their turn
  std::string scratch = "/tmp";             // where scripts get their temporary folders
  std::string allow;                        // rules: who may run what changes things
  std::string reply_to = "oncall-reply-*";  // patterns: where answers may be sent
  std::string log_bucket;                   // "BUCKET" or "BUCKET/PREFIX"
  std::string log_group;                    // of CloudWatch Logs
  std::string audit_group;                  // likewise
  std::string topic;                        // told of jobs that failed
  std::string table;                        // DynamoDB: requests that were run; empty: in memory
  int attempts = 3;                         // of a job that is safe to retry
  std::string cluster = "default";          // ECS's, where a request names none
  std::string suites;                       // a file: what test-integration may run
};

struct Config {
  QueueConfig events{"autorecycle-events", "", 50};
  QueueConfig recycles{"autorecycle-recycles.fifo", "", 1000};
  QueueConfig oncall{"", "", 50};

  int in_flight_total = 1'200;  // of all queues together
  int pollers_max = 10;         // long polls side by side, a queue

  base::Duration visibility_timeout{60'000};
  base::Duration poll_wait{20'000};  // ReceiveMessage's long poll
  base::Duration retry_base{5'000};  // Retry: random * min(base * 2^(receives-1), cap)
  base::Duration retry_cap{900'000};
  base::Duration drain_deadline{30'000};
  base::Duration startup_timeout{60'000};  // how long to wait for the endpoint to answer
  PayloadConfig payloads;

  base::Duration recycle_interval{15'000};
  base::Duration ready_timeout{900'000};
  base::Duration terminate_timeout{3'600'000};
  base::Duration handover_after = std::chrono::hours(11);
  base::Duration sweep_interval{300'000};  // zero: never
  std::string window;                      // "HH:MM:SS, HH:MM:SS"
  std::string exclude_window;              // the same, several separated by ";"
  std::string time_zone = "Europe/London";
  std::string success_channel;

  NotifyConfig notify;
  GateConfig gates;
  TelemetryConfig telemetry;
  JobsConfig jobs;

  std::string region;  // empty: from AWS's own variables and profile
  std::string profile;
  std::string endpoint_url;

  std::string listen = "127.0.0.1:9464";  // "off" for none; port 0 picks a free one
  std::string port_file;
  base::LogLevel log_level = base::LogLevel::kInfo;
  base::LogFormat log_format = base::LogFormat::kText;
  std::optional<Output> output;  // none: what the command prints by itself

  // What one command is asked for.
  std::string group;
  std::string strategy;
  std::string reason;
  std::string at;
  bool force = false;
  bool dry_run = false;
  std::string rollback_to;            // of enqueue: a version of the launch template
  bool watch = false;                 // of status
  base::Duration watch_every{5'000};  // between two looks of status --watch
  bool restore = false;               // of cancel
  int days = 90;                      // of history
};

// Which commands an option belongs to, as bits.
enum Scope : unsigned {
  kWorkerScope = 1,
  kEnqueueScope = 2,
  kPlanScope = 4,
  kDecodeScope = 8,
  kWindowScope = 16,
  kCredentialsScope = 32,
  kStatusScope = 1024,
  kControlScope = 2048,
  kHistoryScope = 4096,
  kDlqScope = 8192,
  kJobsScope = 32768,
  kEveryScope = ~0U,
};

struct OptionSpec {
  std::string name;      // "poll-wait": flag --poll-wait, key poll-wait, AUTORECYCLE_POLL_WAIT
  std::string argument;  // "DURATION"; empty for a switch
  std::string help;
  unsigned scope = kEveryScope;
  std::string accepted;                              // what set() takes, for error messages
  bool (*set)(Config&, std::string_view) = nullptr;  // false: not accepted
  std::string fallback = {};                         // the default, for --help
  bool secret = false;  // environment and config file only: every user may read the flags of all
};

// Rows of worker/options_notify.cc and worker/options_telemetry.cc.
void add_gate_rows(std::vector<OptionSpec>& rows);
void add_notify_rows(std::vector<OptionSpec>& rows);
void add_telemetry_rows(std::vector<OptionSpec>& rows);
// Of worker/options_jobs.cc.
void add_jobs_rows(std::vector<OptionSpec>& rows);

const std::vector<OptionSpec>& option_specs();
const OptionSpec* find_option(std::string_view name);
std::string environment_name(std::string_view option);

using Settings = std::map<std::string, std::string>;  // option name -> text

// `environment` holds whole variable names; those that do not start with AUTORECYCLE_ are skipped,
// and one that names no option is left alone (an orchestrator may set AUTORECYCLE_SERVICE_HOST) but
// reported by unknown_environment(). Errors name the place, the option, the value and what is
// accepted.
base::Result<Config> resolve_config(const Settings& flags, const Settings& environment,
                                    const Settings& file, const std::string& file_name = "");
std::vector<std::string> unknown_environment(const Settings& environment);

// A config file's text: JSON when it starts with '{', else TOML or INI. Flat: option names as keys.
// Errors name the file and the key that is unknown or has no plain value.
base::Result<Settings> parse_config_file(const std::string& text, const std::string& file_name);

// "250ms", "30s", "5m", "2h", a bare number of seconds; at most 14 days.
bool parse_duration(std::string_view text, base::Duration& duration);
std::string format_duration(base::Duration duration);

}  // namespace worker
