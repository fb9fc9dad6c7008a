#include "consumers/recycle/gates/rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace consumers::recycle {
namespace {

using Tags = std::map<std::string, std::string>;

constexpr std::string_view kPrefix = "autorecycle_";
constexpr std::string_view kMinAge = "autorecycle_gate_min_age";
constexpr std::string_view kHttp = "autorecycle_gate_http";
constexpr std::string_view kHttpStatus = "autorecycle_gate_http_status";
constexpr std::string_view kHttpRequestTimeout = "autorecycle_gate_http_request_timeout";
constexpr std::string_view kCommand = "autorecycle_gate_command";
constexpr std::string_view kCommandRunTimeout = "autorecycle_gate_command_run_timeout";
constexpr std::string_view kAlarms = "autorecycle_gate_alarms";
constexpr std::string_view kBake = "autorecycle_gate_bake";
constexpr std::string_view kBeforeStart = "autorecycle_hook_before_start";
constexpr std::string_view kBeforeTerminate = "autorecycle_hook_before_terminate";
constexpr std::string_view kAfterEnd = "autorecycle_hook_after_end";
constexpr std::string_view kHookTimeout = "autorecycle_hook_timeout";
constexpr std::string_view kHookFailure = "autorecycle_hook_failure";

constexpr std::array<std::pair<Gate, std::string_view>, kGates> kTimeouts{{
    {Gate::kHealth, "autorecycle_gate_health_timeout"},
    {Gate::kLoadBalancers, "autorecycle_gate_load_balancer_timeout"},
    {Gate::kAge, "autorecycle_gate_min_age_timeout"},
    {Gate::kHttp, "autorecycle_gate_http_timeout"},
    {Gate::kCommand, "autorecycle_gate_command_timeout"},
    {Gate::kAlarms, "autorecycle_gate_alarms_timeout"},
}};

constexpr base::Duration kSecond{1'000};
constexpr base::Duration kDay{86'400'000};
constexpr std::size_t kAlarmsMax = 20;
constexpr std::size_t kAlarmNameMax = 255;  // CloudWatch's
constexpr std::size_t kPathMax = 200;

struct Setting {
  std::string name;  // "tag autorecycle_gate_http" or "option gate-http", for errors
  std::string value;
};

std::string option_of(std::string_view tag) {
  std::string name(tag.substr(kPrefix.size()));
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

// None if neither the group nor the configuration says anything, or "off".
std::optional<Setting> find(const Tags& tags, const GateDefaults& defaults, std::string_view tag) {
  const std::string key(tag);
  const auto own = tags.find(key);
  const auto fallback = defaults.tags.find(key);
  std::optional<Setting> setting;
  if (own != tags.end()) {
    setting = Setting{"tag " + key, own->second};
  } else if (fallback != defaults.tags.end()) {
    setting = Setting{"option " + option_of(tag), fallback->second};
  }
  if (setting && setting->value == "off") return std::nullopt;
  return setting;
}

base::Error refuse(const Setting& setting, std::string_view accepted) {
  return base::invalid(fmt::format("{} has the value \"{}\": expected {}", setting.name,
                                   setting.value.substr(0, 256), accepted));
}

// "90s", "5m", "2h", "1d", or a bare number of seconds.
std::optional<base::Duration> parse_time(std::string_view text) {
  long long count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  constexpr std::array<std::pair<std::string_view, long long>, 5> kUnits{
      {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3'600}, {"d", 86'400}}};
  const auto found = std::find_if(kUnits.begin(), kUnits.end(),
                                  [&](const auto& one) { return one.first == unit; });
  if (error != std::errc() || found == kUnits.end() || count < 0 || count > 1'000'000) {
    return std::nullopt;
  }
  return std::chrono::seconds(count * found->second);
}

struct TimeLimits {
  base::Duration low = kSecond;
  base::Duration high = kDay;
  std::string_view accepted = "a time from 1s to 1d such as 90s, 5m or 2h, or off";
};

base::Result<std::optional<base::Duration>> read_time(const Tags& tags,
                                                      const GateDefaults& defaults,
                                                      std::string_view tag, TimeLimits limits) {
  const auto setting = find(tags, defaults, tag);
  if (!setting) return std::optional<base::Duration>();
  const auto time = parse_time(setting->value);
  if (!time || *time < limits.low || *time > limits.high) return refuse(*setting, limits.accepted);
  return time;
}

// Sets `to` if the tag is there.
base::Result<void> read_time_into(const Tags& tags, const GateDefaults& defaults,
                                  std::string_view tag, TimeLimits limits, base::Duration& to) {
  const auto time = read_time(tags, defaults, tag, limits);
  if (!time) return time.error();
  if (*time) to = **time;
  return {};
}

bool read_port(std::string_view text, std::uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

// What a tag value may hold and a request line may carry as it is.
bool is_plain_path(std::string_view path) {
  return path.starts_with('/') && path.size() <= kPathMax &&
         std::all_of(path.begin(), path.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("-._~/=+:@?&,;%").find(c) != std::string_view::npos;
         });
}

// "http:8080/healthz", "https:8443/": no host, because only the group's instances are asked.
bool parse_http(std::string_view text, HttpGate& gate) {
  gate.tls = text.starts_with("https:");
  if (!gate.tls && !text.starts_with("http:")) return false;
  text.remove_prefix(gate.tls ? 6 : 5);
  const auto slash = std::min(text.find('/'), text.size());
  gate.path = slash == text.size() ? "/" : std::string(text.substr(slash));
  return read_port(text.substr(0, slash), gate.port) && is_plain_path(gate.path);
}

bool read_status(std::string_view text, int& status) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
  return error == std::errc() && end == text.data() + text.size() && status >= 100 && status <= 599;
}

bool parse_status(std::string_view text, HttpGate& gate) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) {
    if (!read_status(text, gate.status_low)) return false;
    gate.status_high = gate.status_low;
    return true;
  }
  return read_status(text.substr(0, dash), gate.status_low) &&
         read_status(text.substr(dash + 1), gate.status_high) &&
         gate.status_low <= gate.status_high;
}

base::Result<std::optional<HttpGate>> read_http(const Tags& tags, const GateDefaults& defaults) {
  HttpGate gate;
  const auto setting = find(tags, defaults, kHttp);
  if (setting && !parse_http(setting->value, gate)) {
    return refuse(*setting,
                  "http:PORT/PATH or https:PORT/PATH such as http:8080/healthz (the host is always "
                  "the instance), or off");
  }
  // Read even without the gate: a wrong value is told when it is written, not months later.
  if (const auto status = find(tags, defaults, kHttpStatus);
      status && !parse_status(status->value, gate)) {
    return refuse(*status, "a status from 100 to 599 such as 200, or a range such as 200-299");
  }
  const auto timeout = read_time_into(
      tags, defaults, kHttpRequestTimeout,
      {.high = std::chrono::minutes(1), .accepted = "a time from 1s to 1m such as 5s, or off"},
      gate.request_timeout);
  if (!timeout) return timeout.error();
  return setting ? std::optional(gate) : std::nullopt;
}

base::Result<std::string> read_name(const Tags& tags, const GateDefaults& defaults,
                                    std::string_view tag,
                                    const std::optional<std::set<std::string>>& known,
                                    std::string_view option) {
  const auto setting = find(tags, defaults, tag);
  if (!setting) return std::string();
  if (known && known->empty()) {
    return refuse(*setting, fmt::format("off, because the worker's configuration names none "
                                        "(option {})",
                                        option));
  }
  if (setting->value.empty() || (known && !known->contains(setting->value))) {
    return refuse(*setting, known
                                ? fmt::format("one of {} (of the worker's option {}), or off",
                                              fmt::join(*known, ", "), option)
                                : fmt::format("a name of the worker's option {}, or off", option));
  }
  return setting->value;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// Names of alarms joined by "+" or ",".
base::Result<std::vector<std::string>> read_alarms(const Tags& tags, const GateDefaults& defaults) {
  const auto setting = find(tags, defaults, kAlarms);
  std::vector<std::string> names;
  if (!setting) return names;
  std::string_view rest = setting->value;
  while (true) {
    const auto end = std::min(rest.find_first_of("+,"), rest.size());
    const std::string_view name = trimmed(rest.substr(0, end));
    if (name.empty() || name.size() > kAlarmNameMax || names.size() == kAlarmsMax) {
      return refuse(*setting, fmt::format("names of at most {} CloudWatch alarms joined by +, "
                                          "or off",
                                          kAlarmsMax));
    }
    if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
    if (end == rest.size()) return names;
    rest.remove_prefix(end + 1);
  }
}

}  // namespace

std::string_view describe(Gate gate) {
  constexpr std::array<std::string_view, kGates> kNames = {
      "health", "load balancers", "minimum age", "HTTP check", "command", "alarms"};
  return kNames[static_cast<std::size_t>(gate)];
}

std::string_view to_string(HookPoint point) {
  constexpr std::array<std::string_view, 3> kNames = {"before_start", "before_terminate",
                                                      "after_end"};
  return kNames[static_cast<std::size_t>(point)];
}

const std::vector<std::string_view>& gate_tags() {
  static const std::vector<std::string_view> kAll = [] {
    std::vector<std::string_view> all = {
        kMinAge,     kHttp, kHttpStatus,  kHttpRequestTimeout, kCommand,  kCommandRunTimeout,
        kAlarms,     kBake, kBeforeStart, kBeforeTerminate,    kAfterEnd, kHookTimeout,
        kHookFailure};
    for (const auto& [gate, tag] : kTimeouts) all.push_back(tag);
    return all;
  }();
  return kAll;
}

base::Result<GateRules> read_gates(const Tags& tags, const GateDefaults& defaults) {
  GateRules rules;
  if (auto read = read_time_into(tags, defaults, kMinAge, {}, rules.min_age); !read) {
    return read.error();
  }
  auto http = read_http(tags, defaults);
  if (!http) return http.error();
  rules.http = std::move(*http);
  auto command = read_name(tags, defaults, kCommand, defaults.commands, "gate-commands");
  if (!command) return command.error();
  rules.command = std::move(*command);
  const TimeLimits run_limits{.high = std::chrono::minutes(10),
                              .accepted = "a time from 1s to 10m such as 30s, or off"};
  if (auto read =
          read_time_into(tags, defaults, kCommandRunTimeout, run_limits, rules.command_timeout);
      !read) {
    return read.error();
  }
  auto alarms = read_alarms(tags, defaults);
  if (!alarms) return alarms.error();
  rules.alarms = std::move(*alarms);
  if (auto read = read_time_into(tags, defaults, kBake, {}, rules.bake); !read) {
    return read.error();
  }
  for (const auto& [gate, tag] : kTimeouts) {
    auto timeout = read_time(tags, defaults, tag, {});
    if (!timeout) return timeout.error();
    rules.timeouts[static_cast<std::size_t>(gate)] = *timeout;
  }
  return rules;
}

base::Result<HookRules> read_hooks(const Tags& tags, const GateDefaults& defaults) {
  HookRules rules;
  for (const auto& [tag, name] : {std::pair{kBeforeStart, &rules.before_start},
                                  std::pair{kBeforeTerminate, &rules.before_terminate},
                                  std::pair{kAfterEnd, &rules.after_end}}) {
    auto read = read_name(tags, defaults, tag, defaults.hooks, "hooks");
    if (!read) return read.error();
    *name = std::move(*read);
  }
  const TimeLimits limits{.high = std::chrono::minutes(10),
                          .accepted = "a time from 1s to 10m such as 30s, or off"};
  if (auto read = read_time_into(tags, defaults, kHookTimeout, limits, rules.timeout); !read) {
    return read.error();
  }
  if (const auto setting = find(tags, defaults, kHookFailure)) {
    if (setting->value != "fail" && setting->value != "continue") {
      return refuse(*setting, "fail or continue");
    }
    rules.failure_stops = setting->value == "fail";
  }
  return rules;
}

}  // namespace consumers::recycle
