// The table of every option. Adding one is adding a row.
#include "aws/s3.h"
#include "worker/config.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace worker {
namespace {

constexpr std::string_view kDurationText = "a duration such as 250ms, 30s, 5m or 2h";

bool parse_bool(std::string_view text, bool& value) {
  if (text == "true" || text == "yes" || text == "on" || text == "1")
    value = true;
  else if (text == "false" || text == "no" || text == "off" || text == "0")
    value = false;
  else
    return false;
  return true;
}

bool parse_count(std::string_view text, int most, int& value) {
  int parsed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  if (parsed < 1 || parsed > most) return false;
  value = parsed;
  return true;
}

bool bounded(std::string_view text, base::Duration low, base::Duration high, base::Duration& to) {
  base::Duration parsed{0};
  if (!parse_duration(text, parsed) || parsed < low || parsed > high) return false;
  to = parsed;
  return true;
}

// One row whose value is text, taken as it is.
template <std::string Config::*Field>
bool set_text(Config& config, std::string_view text) {
  config.*Field = text;
  return true;
}

template <bool Config::*Field>
bool set_bool(Config& config, std::string_view text) {
  return parse_bool(text, config.*Field);
}

template <base::Duration Config::*Field, int LowMs, int HighMs>
bool set_duration(Config& config, std::string_view text) {
  return bounded(text, base::Duration(LowMs), base::Duration(HighMs), config.*Field);
}

template <QueueConfig Config::*Queue, std::string QueueConfig::*Field>
bool set_queue(Config& config, std::string_view text) {
  (config.*Queue).*Field = text == "off" ? std::string() : std::string(text);
  return true;
}

constexpr int kInFlightMax = 100'000;
constexpr int kPollersMax = 100;

template <QueueConfig Config::*Queue>
bool set_in_flight(Config& config, std::string_view text) {
  return parse_count(text, kInFlightMax, (config.*Queue).in_flight_max);
}

template <int Config::*Field, int Most>
bool set_count(Config& config, std::string_view text) {
  return parse_count(text, Most, config.*Field);
}

bool set_output(Config& config, std::string_view text) {
  if (text != "json" && text != "table") return false;
  config.output = text == "json" ? Output::kJson : Output::kTable;
  return true;
}

bool set_json(Config& config, std::string_view text) {
  bool json = false;
  if (!parse_bool(text, json)) return false;
  if (json) config.output = Output::kJson;
  return true;
}

bool set_log_level(Config& config, std::string_view text) {
  if (text == "debug")
    config.log_level = base::LogLevel::kDebug;
  else if (text == "info")
    config.log_level = base::LogLevel::kInfo;
  else if (text == "warn")
    config.log_level = base::LogLevel::kWarn;
  else if (text == "error")
    config.log_level = base::LogLevel::kError;
  else
    return false;
  return true;
}

bool set_log_format(Config& config, std::string_view text) {
  if (text != "json" && text != "text") return false;
  config.log_format = text == "json" ? base::LogFormat::kJson : base::LogFormat::kText;
  return true;
}

bool set_payload_buckets(Config& config, std::string_view text) {
  std::set<std::string> buckets;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    std::string_view name = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (!aws::check_bucket_name(name)) return false;
    buckets.emplace(name);
  }
  config.payloads.buckets = std::move(buckets);
  return true;
}

bool set_payload_bucket(Config& config, std::string_view text) {
  if (text != "off" && !aws::check_bucket_name(text)) return false;
  config.payloads.bucket = text == "off" ? std::string() : std::string(text);
  return true;
}

bool set_payload_threshold(Config& config, std::string_view text) {
  int bytes = 0;
  if (!parse_count(text, static_cast<int>(kMessageBytesMax), bytes)) return false;
  config.payloads.threshold = static_cast<std::size_t>(bytes);
  return true;
}

// "127.0.0.1", "[::1]": numbers only, as a name may mean another address tomorrow.
bool is_address(std::string text) {
  in6_addr parsed;
  if (!text.starts_with('[')) return inet_pton(AF_INET, text.c_str(), &parsed) == 1;
  if (!text.ends_with(']')) return false;
  return inet_pton(AF_INET6, text.substr(1, text.size() - 2).c_str(), &parsed) == 1;
}

bool set_listen(Config& config, std::string_view text) {
  const auto colon = text.rfind(':');
  unsigned port = 0;
  if (text != "off") {
    if (colon == std::string_view::npos || !is_address(std::string(text.substr(0, colon)))) {
      return false;
    }
    const auto digits = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size() || port > 65'535) return false;
  }
  config.listen = text;
  return true;
}

constexpr int kSecond = 1'000;
constexpr int kMinute = 60 * kSecond;
constexpr int kHour = 60 * kMinute;
constexpr int kDay = 24 * kHour;

std::string duration_between(std::string_view low, std::string_view high) {
  std::string text(kDurationText);
  return text.append(" from ").append(low).append(" to ").append(high);
}

void add_queue_rows(std::vector<OptionSpec>& rows) {
  const std::string any = "a queue's name or URL, or off";
  const std::string held = "a number from 1 to 100000";
  const unsigned events = kWorkerScope | kEnqueueScope | kStatusScope | kControlScope;
  rows.push_back({"events-queue", "QUEUE", "Queue of events and requests, by name or URL", events,
                  any, set_queue<&Config::events, &QueueConfig::queue>, "autorecycle-events"});
  rows.push_back({"recycles-queue", "QUEUE", "FIFO queue of recycles to carry out",
                  kWorkerScope | kStatusScope, any,
                  set_queue<&Config::recycles, &QueueConfig::queue>, "autorecycle-recycles.fifo"});
  rows.push_back({"oncall-queue", "QUEUE", "Queue of on-call jobs (usually oncall-jobs)",
                  kWorkerScope | kJobsScope, any, set_queue<&Config::oncall, &QueueConfig::queue>,
                  "off"});
  const std::string dlq_default = "of the RedrivePolicy";
  rows.push_back({"events-dlq", "QUEUE", "Dead-letter queue of the events queue", kWorkerScope, any,
                  set_queue<&Config::events, &QueueConfig::dead_letter_queue>, dlq_default});
  rows.push_back({"recycles-dlq", "QUEUE", "Dead-letter queue of the recycles queue", kWorkerScope,
                  any, set_queue<&Config::recycles, &QueueConfig::dead_letter_queue>, dlq_default});
  rows.push_back({"oncall-dlq", "QUEUE", "Dead-letter queue of the on-call queue", kWorkerScope,
                  any, set_queue<&Config::oncall, &QueueConfig::dead_letter_queue>, dlq_default});
  rows.push_back({"events-in-flight", "N", "Events held at once", kWorkerScope, held,
                  set_in_flight<&Config::events>, "50"});
  rows.push_back({"recycles-in-flight", "N", "Recycles held at once", kWorkerScope, held,
                  set_in_flight<&Config::recycles>, "1000"});
  rows.push_back({"oncall-in-flight", "N", "On-call jobs held at once", kWorkerScope, held,
                  set_in_flight<&Config::oncall>, "50"});
  rows.push_back({"in-flight-total", "N", "Messages of all queues held at once", kWorkerScope, held,
                  set_count<&Config::in_flight_total, kInFlightMax>, "1200"});
  rows.push_back({"pollers", "N", "Long polls side by side at full load, a queue", kWorkerScope,
                  "a number from 1 to 100", set_count<&Config::pollers_max, kPollersMax>, "10"});
}

void add_runtime_rows(std::vector<OptionSpec>& rows) {
  rows.push_back({"visibility-timeout", "DURATION",
                  "How long a message stays ours between two extensions", kWorkerScope,
                  duration_between("5s", "12h"),
                  set_duration<&Config::visibility_timeout, 5 * kSecond, 12 * kHour>, "1m"});
  rows.push_back({"poll-wait", "DURATION",
                  "Long poll of ReceiveMessage; at most half the visibility", kWorkerScope,
                  duration_between("0s", "20s"), set_duration<&Config::poll_wait, 0, 20 * kSecond>,
                  "20s"});
  rows.push_back({"retry-base", "DURATION", "First back-off of a message that failed", kWorkerScope,
                  duration_between("100ms", "1h"), set_duration<&Config::retry_base, 100, kHour>,
                  "5s"});
  rows.push_back({"retry-cap", "DURATION", "Longest back-off of a message that failed",
                  kWorkerScope, duration_between("1s", "11h"),
                  set_duration<&Config::retry_cap, kSecond, 11 * kHour>, "15m"});
  rows.push_back({"drain-deadline", "DURATION", "After SIGTERM: time for short work to finish",
                  kWorkerScope, duration_between("0s", "1h"),
                  set_duration<&Config::drain_deadline, 0, kHour>, "30s"});
  rows.push_back({"startup-timeout", "DURATION", "At start: time for the endpoint to answer",
                  kWorkerScope, duration_between("0s", "1h"),
                  set_duration<&Config::startup_timeout, 0, kHour>, "1m"});
  rows.push_back({"listen", "ADDRESS:PORT", "Address of /metrics, /healthz, /readyz, /status, ...",
                  kWorkerScope,
                  "ADDRESS:PORT, 127.0.0.1:9464 or [::1]:9464 (port 0 picks a free one), or off",
                  set_listen, "127.0.0.1:9464"});
  rows.push_back({"port-file", "FILE", "Write the port that was picked to this file", kWorkerScope,
                  "a file name", set_text<&Config::port_file>});
}

void add_payload_rows(std::vector<OptionSpec>& rows) {
  const unsigned senders = kWorkerScope | kEnqueueScope;
  rows.push_back({"payload-buckets", "BUCKETS",
                  "S3 buckets that messages may have their bodies in, besides --payload-bucket",
                  kWorkerScope, "names of buckets, separated by commas", set_payload_buckets,
                  "none"});
  rows.push_back({"payload-bucket", "BUCKET", "S3 bucket for bodies that are too long for SQS",
                  senders, "the name of a bucket, or off", set_payload_bucket, "off"});
  rows.push_back({"payload-threshold", "BYTES", "Longer messages go to the payload bucket", senders,
                  "a number of bytes from 1 to 1048576", set_payload_threshold, "1048576"});
}

void add_recycle_rows(std::vector<OptionSpec>& rows) {
  rows.push_back({"recycle-interval", "DURATION", "Between two looks at a group that is waited for",
                  kWorkerScope, duration_between("100ms", "1h"),
                  set_duration<&Config::recycle_interval, 100, kHour>, "15s"});
  rows.push_back({"ready-timeout", "DURATION", "New instances not in service by then: undo",
                  kWorkerScope | kPlanScope | kStatusScope, duration_between("1s", "1d"),
                  set_duration<&Config::ready_timeout, kSecond, kDay>, "15m"});
  rows.push_back({"terminate-timeout", "DURATION", "An old instance not gone by then: safe stop",
                  kWorkerScope | kPlanScope | kStatusScope, duration_between("1s", "1d"),
                  set_duration<&Config::terminate_timeout, kSecond, kDay>, "1h"});
  rows.push_back({"handover-after", "DURATION", "How long one delivery may carry a recycle",
                  kWorkerScope, duration_between("1m", "11h30m"),
                  set_duration<&Config::handover_after, kMinute, 11 * kHour + 30 * kMinute>,
                  "11h"});
  rows.push_back({"sweep-interval", "DURATION",
                  "Between two looks for groups whose recycle lost its message; 0s: never",
                  kWorkerScope, duration_between("0s", "1d"),
                  set_duration<&Config::sweep_interval, 0, kDay>, "5m"});
  const unsigned windows = kWorkerScope | kPlanScope | kWindowScope | kStatusScope;
  const std::string range = "\"HH:MM:SS, HH:MM:SS\"";
  rows.push_back({"window", "RANGE", "When a timed recycle may run, where no tag says: " + range,
                  windows, range, set_text<&Config::window>, "always"});
  rows.push_back({"exclude", "RANGES", "When it may not: ranges joined by ; or +", windows, range,
                  set_text<&Config::exclude_window>});
  rows.push_back({"zone", "IANA", "Time zone of the windows", windows, "an IANA time zone",
                  set_text<&Config::time_zone>, "Europe/London"});
  rows.push_back({"success-channel", "NAME", "success_channel of the state machine's payload",
                  kWorkerScope, "a channel's name", set_text<&Config::success_channel>});
}

void add_command_rows(std::vector<OptionSpec>& rows) {
  const unsigned asked = kEnqueueScope | kPlanScope;
  const std::string boolean = "true or false";
  rows.push_back({"asg", "NAME", "The Auto Scaling group", asked | kControlScope | kHistoryScope,
                  "a group's name", set_text<&Config::group>});
  rows.push_back({"strategy", "NAME", "out-in, out-in-timed or in-out, in place of the group's tag",
                  asked, "out-in, out-in-timed or in-out", set_text<&Config::strategy>,
                  "of the tag"});
  rows.push_back({"force", "", "Replace every instance launched before now, drift or not", asked,
                  boolean, set_bool<&Config::force>});
  rows.push_back({"dry-run", "", "Plan and log the plan, change nothing", kEnqueueScope, boolean,
                  set_bool<&Config::dry_run>});
  rows.push_back({"reason", "TEXT", "Why, for the log", kEnqueueScope, "text",
                  set_text<&Config::reason>, "enqueued by hand"});
  rows.push_back({"rollback-to", "VERSION",
                  "Recycle to this version of the launch template, not the group's", kEnqueueScope,
                  "the number of a launch template version, such as 7",
                  set_text<&Config::rollback_to>});
  rows.push_back({"watch", "", "Go on until it is interrupted: what has changed, as it changes",
                  kStatusScope, boolean, set_bool<&Config::watch>});
  rows.push_back({"every", "DURATION", "Between two looks of --watch", kStatusScope,
                  duration_between("1s", "1h"), set_duration<&Config::watch_every, kSecond, kHour>,
                  "5s"});
  rows.push_back({"restore", "", "Also past the point of no return: back to the version before",
                  kControlScope, boolean, set_bool<&Config::restore>});
  rows.push_back({"days", "N", "How far to look back", kHistoryScope, "a number from 1 to 90",
                  set_count<&Config::days, 90>, "90"});
  rows.push_back({"json", "", "The same as --output json",
                  kPlanScope | kStatusScope | kControlScope | kHistoryScope | kJobsScope, boolean,
                  set_json});
  rows.push_back({"at", "RFC3339", "The moment to check", kWindowScope,
                  "a time such as 2026-03-29T00:59:59Z", set_text<&Config::at>, "now"});
}

void add_common_rows(std::vector<OptionSpec>& rows) {
  const unsigned aws = kWorkerScope | kEnqueueScope | kPlanScope | kCredentialsScope |
                       kStatusScope | kControlScope | kHistoryScope | kDlqScope | kJobsScope;
  rows.push_back({"region", "REGION", "AWS region", aws, "a region such as eu-west-2",
                  set_text<&Config::region>, "AWS_REGION or the profile"});
  rows.push_back({"profile", "NAME", "Profile of the shared AWS config files", aws,
                  "a profile's name", set_text<&Config::profile>, "AWS_PROFILE"});
  rows.push_back({"endpoint-url", "URL", "Send every AWS call there", aws, "an http(s) URL",
                  set_text<&Config::endpoint_url>, "AWS_ENDPOINT_URL"});
  rows.push_back({"output", "FORMAT",
                  "json or table; default: JSON of decode and window, else table",
                  kEveryScope & ~kWorkerScope, "json or table", set_output});
  rows.push_back({"log-level", "LEVEL", "debug, info, warn or error", kEveryScope,
                  "debug, info, warn or error", set_log_level, "info"});
  rows.push_back({"log-format", "FORMAT", "text or json", kEveryScope, "text or json",
                  set_log_format, "text"});
}

}  // namespace

const std::vector<OptionSpec>& option_specs() {
  static const std::vector<OptionSpec> kSpecs = [] {
    std::vector<OptionSpec> rows;
    add_command_rows(rows);
    add_queue_rows(rows);
    add_runtime_rows(rows);
    add_payload_rows(rows);
    add_recycle_rows(rows);
    add_gate_rows(rows);
    add_notify_rows(rows);
    add_telemetry_rows(rows);
    add_jobs_rows(rows);
    add_common_rows(rows);
    return rows;
  }();
  return kSpecs;
}

}  // namespace worker
