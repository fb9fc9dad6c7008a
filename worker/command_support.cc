// What several commands share.
#include "consumers/recycle/policy.h"
#include "consumers/recycle/window.h"
#include "worker/cli.h"
#include "worker/commands.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <ostream>

namespace worker {
namespace {

constexpr std::size_t kGroupNameMax = 255;  // AWS's limit
constexpr std::size_t kReasonMax = 1'000;   // it is logged

bool is_utf8(const std::string& text) {
  using Handler = nlohmann::json::error_handler_t;
  const nlohmann::json json = text;
  return json.dump(-1, ' ', false, Handler::ignore) == json.dump(-1, ' ', false, Handler::replace);
}

// Without the names of commands and hooks: only the worker knows them (name_programs()).
base::Result<consumers::recycle::GateDefaults> gate_defaults(const Config& config) {
  consumers::recycle::GateDefaults defaults;
  defaults.tags = config.gates.tags;
  if (auto gates = consumers::recycle::read_gates({}, defaults); !gates) return gates.error();
  if (auto hooks = consumers::recycle::read_hooks({}, defaults); !hooks) return hooks.error();
  return defaults;
}

}  // namespace

base::Result<consumers::recycle::WindowRule> window_rule(const Config& config) {
  consumers::recycle::WindowRule rule;
  rule.zone = config.time_zone;
  if (!config.window.empty()) {
    const auto range = consumers::recycle::parse_time_range(config.window);
    if (!range) return range.error().while_doing("reading --window \"" + config.window + "\"");
    rule.allowed = *range;
  }
  if (!config.exclude_window.empty()) {
    // CLI11 joins what is given several times by line ends.
    std::string text = config.exclude_window;
    std::ranges::replace(text, '\n', ';');
    auto ranges = consumers::recycle::parse_time_ranges(text);
    if (!ranges) return ranges.error().while_doing("reading --exclude \"" + text + "\"");
    rule.excluded = std::move(*ranges);
  }
  return rule;
}

base::Result<consumers::recycle::Config> recycle_config(const Config& config) {
  auto rule = window_rule(config);
  if (!rule) return rule.error();
  consumers::recycle::Config recycle;
  recycle.poll_interval = config.recycle_interval;
  recycle.ready_timeout = config.ready_timeout;
  recycle.terminate_timeout = config.terminate_timeout;
  recycle.default_window = std::move(*rule);
  recycle.success_channel = config.success_channel;
  recycle.handover_after = config.handover_after;
  auto gates = gate_defaults(config);
  if (!gates) return gates.error();
  recycle.gates = std::move(*gates);
  recycle.sweep_interval = config.sweep_interval;
  return recycle;
}

base::Result<void> check_request(const Config& config) {
  if (config.group.empty()) return base::invalid("--asg: missing; expected a group's name");
  if (config.group.size() > kGroupNameMax) {
    return base::invalid("--asg: longer than the 255 characters of a group's name");
  }
  if (!is_utf8(config.group)) return base::invalid("--asg: expected UTF-8");
  if (!is_utf8(config.reason) || config.reason.size() > kReasonMax) {
    return base::invalid("--reason: expected UTF-8 of at most 1000 bytes, found " +
                         std::to_string(config.reason.size()));
  }
  const std::string& version = config.rollback_to;
  if (version.starts_with('0') || version.size() > 9 ||
      !std::ranges::all_of(version, [](char c) { return c >= '0' && c <= '9'; })) {
    return base::invalid("--rollback-to: expected the number of a launch template version, found " +
                         version.substr(0, 40));
  }
  if (config.strategy.empty()) return {};
  const auto strategy = consumers::recycle::parse_strategy(config.strategy);
  if (!strategy) return strategy.error().while_doing("reading --strategy");
  return {};
}

int fail(std::ostream& err, const base::Error& error) {
  // Our own codes say nothing to a person; AWS's do.
  base::Error shown = error;
  if (shown.code == "Invalid" || shown.code == "Fatal") shown.code.clear();
  err << "autorecycle: " << shown.to_string() << "\n";
  return kExitFailed;
}

int fail_to_start(std::ostream& err, const base::Error& error) {
  fail(err, error);
  return error.kind == base::ErrorKind::kInvalid ? kExitUsage : kExitFailed;
}

}  // namespace worker
