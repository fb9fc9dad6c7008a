#include "consumers/recycle/window.h"
#include "worker/cli.h"
#include "worker/commands.h"

#include <nlohmann/json.hpp>

#include <ostream>

namespace worker {

int run_window(const Config& config, base::TimePoint now, std::ostream& out, std::ostream& err) {
  const auto usage = [&err](const base::Error& error) {
    fail(err, error);
    return kExitUsage;
  };
  const auto rule = window_rule(config);
  if (!rule) return usage(rule.error());
  base::TimePoint at = now;
  if (!config.at.empty()) {
    const auto parsed = base::parse_rfc3339(config.at);
    if (!parsed) return usage(parsed.error().while_doing("reading --at \"" + config.at + "\""));
    at = *parsed;
  }
  const auto answer = consumers::recycle::check_window(*rule, at);
  if (!answer) return usage(answer.error());
  if (config.output == Output::kTable) {
    out << (answer->wait ? "shut until " + base::format_rfc3339(answer->opens_at) : "open") << "\n";
    return kExitOk;
  }
  nlohmann::ordered_json json = {{"wait", answer->wait}};
  if (answer->wait) json["time_wait"] = base::format_rfc3339(answer->opens_at);
  out << json.dump() << "\n";
  return kExitOk;
}

}  // namespace worker
