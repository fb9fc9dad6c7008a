// GateRules and HookRules: what must hold of a new instance before it counts, and what is to be
// told before and after, as the tags of the group ask for it. Pure.
//
// Every tag has a default of the same name in the worker's configuration (gate-http for
// autorecycle_gate_http); the tag wins, and "off" switches the default off. A tag can only name a
// command or a hook that the worker's configuration holds: whoever may tag a group may not thereby
// run programs or send requests to addresses of his own.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace consumers::recycle {

// In the order in which an instance passes them.
enum class Gate { kHealth, kLoadBalancers, kAge, kHttp, kCommand, kAlarms };
inline constexpr std::size_t kGates = 6;

// "the HTTP gate", "the load balancers".
std::string_view describe(Gate gate);

// "http:8080/healthz": asked of the private address of every new instance.
struct HttpGate {
  bool tls = false;
  std::uint16_t port = 80;
  std::string path = "/";
  int status_low = 200;  // both ends inclusive
  int status_high = 299;
  base::Duration request_timeout{5'000};

  friend bool operator==(const HttpGate&, const HttpGate&) = default;
};

struct GateRules {
  base::Duration min_age{0};  // in service for at least this long
  std::optional<HttpGate> http;
  std::string command;  // its name in the worker's configuration; empty: none
  base::Duration command_timeout{30'000};
  std::vector<std::string> alarms;  // names of CloudWatch alarms
  base::Duration bake{600'000};     // how long they must have been quiet
  // How long one instance may stand before each gate (the alarms: how long the bake may last in
  // all); none: only the run's own timeout counts.
  std::array<std::optional<base::Duration>, kGates> timeouts;

  std::optional<base::Duration> timeout(Gate gate) const {
    return timeouts[static_cast<std::size_t>(gate)];
  }
};

enum class HookPoint { kBeforeStart, kBeforeTerminate, kAfterEnd };
std::string_view to_string(HookPoint point);  // "before_start"

// The hook at each point, by its name in the worker's configuration; empty: none.
struct HookRules {
  std::string before_start;
  std::string before_terminate;
  std::string after_end;
  base::Duration timeout{30'000};  // of one attempt
  bool failure_stops = true;       // autorecycle_hook_failure: fail (or continue)
};

// What the worker's configuration has for the groups.
struct GateDefaults {
  std::map<std::string, std::string> tags;  // as if the group had them; its own tags win
  // The names that a tag may give; none: not known here (`plan` on an operator's machine).
  std::optional<std::set<std::string>> commands;
  std::optional<std::set<std::string>> hooks;
};

// The tags that are read here, without what others read.
const std::vector<std::string_view>& gate_tags();

// Errors (kInvalid) name the tag (or the option), its value and what is accepted.
base::Result<GateRules> read_gates(const std::map<std::string, std::string>& tags,
                                   const GateDefaults& defaults);
base::Result<HookRules> read_hooks(const std::map<std::string, std::string>& tags,
                                   const GateDefaults& defaults);

}  // namespace consumers::recycle
