// What several commands share.
#include "consumers/recycle/policy.h"
#include "consumers/recycle/window.h"
#include "worker/cli.h"
#include "worker/commands.h"

#include <ostream>

namespace worker {
namespace {

constexpr std::size_t kGroupNameMax = 255;  // AWS's limit

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\n");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
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
  std::string rest = config.exclude_window;
  while (!rest.empty()) {
    const auto end = rest.find_first_of(";\n");
    const std::string one = trimmed(rest.substr(0, end));
    rest = end == std::string::npos ? "" : rest.substr(end + 1);
    if (one.empty()) continue;
    const auto range = consumers::recycle::parse_time_range(one);
    if (!range) return range.error().while_doing("reading --exclude \"" + one + "\"");
    rule.excluded.push_back(*range);
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
  return recycle;
}

base::Result<void> check_request(const Config& config) {
  if (config.group.empty()) return base::invalid("--asg: missing; expected a group's name");
  if (config.group.size() > kGroupNameMax) {
    return base::invalid("--asg: longer than the 255 characters of a group's name");
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

}  // namespace worker
