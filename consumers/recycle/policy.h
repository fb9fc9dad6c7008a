// Policy: what the tags of a group ask for, parsed and checked. Pure.
#pragma once

#include "base/result.h"
#include "consumers/recycle/gates/rules.h"
#include "consumers/recycle/window.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace consumers::recycle {

enum class Strategy { kOutIn, kOutInTimed, kInOut };

std::string_view to_string(Strategy strategy);
// "out-in", "out-in-timed", "in-out"; anything else is an error that names what is accepted.
base::Result<Strategy> parse_strategy(std::string_view text);

inline constexpr std::string_view kTagRecycleOnUpdate = "autorecycle_recycle_on_asg_update";
inline constexpr std::string_view kTagStrategy = "autorecycle_strategy";
inline constexpr std::string_view kTagComponent = "autorecycle_override_component_name";
inline constexpr std::string_view kTagSlackChannel = "autorecycle_slack_monitoring_channel";
inline constexpr std::string_view kTagPagerDuty = "autorecycle_notify_pager_duty";
inline constexpr std::string_view kTagTeam = "autorecycle_team";
inline constexpr std::string_view kTagStepFunction = "autorecycle_step_function_name";
inline constexpr std::string_view kTagDryRun = "autorecycle_dry_run";
// Ours, for out-in-timed; the original read its window from a file of its own.
inline constexpr std::string_view kTagWindow = "autorecycle_recycle_window";
inline constexpr std::string_view kTagExcludeWindow = "autorecycle_exclude_window";
inline constexpr std::string_view kTagTimeZone = "autorecycle_time_zone";
inline constexpr std::string_view kTagWindowCloses = "autorecycle_window_closes";
// Ours, for every strategy.
inline constexpr std::string_view kTagMaxSizeLimit = "autorecycle_max_size_limit";
inline constexpr std::string_view kTagStandby = "autorecycle_standby_instances";
inline constexpr std::string_view kTagProtected = "autorecycle_protected_instances";
inline constexpr std::string_view kTagRollbackOnFailure = "autorecycle_rollback_on_failure";

// What becomes of old instances that somebody set aside: in Standby, or protected from scale-in.
enum class SetAside {
  kWait,     // nothing begins until nobody is; refused after RunContext::preflight_timeout
  kSkip,     // they stay as they are, old
  kInclude,  // they go like the others
};
// What becomes of a run whose window shuts.
enum class WindowCloses {
  kFinish,   // old ones that have begun to go, go; otherwise it holds until the window opens
  kPause,    // it holds wherever it is, at full capacity
  kRestore,  // undone, if no old one has gone yet; otherwise as kFinish
};

struct Policy {
  Strategy strategy = Strategy::kOutIn;
  std::string component;  // of the override tag, else the group's name before its first "-asg-"
  bool dry_run = false;
  WindowRule window;  // empty: always open
  WindowCloses window_closes = WindowCloses::kFinish;
  std::optional<int> max_size_limit;  // max may be raised this far; none: as far as is needed
  SetAside standby = SetAside::kWait;
  SetAside protected_instances = SetAside::kWait;
  bool rollback_on_failure = false;  // past the point of no return
  std::string rollback_to;           // version of the launch template to go to; empty: the group's
  std::string step_function_name;    // non-empty: start that state machine instead
  // As written in the tag or the request. Only a state machine of the user's own may be given a
  // strategy that is not one of ours; `strategy` means nothing then.
  std::string strategy_name;
  std::string slack_monitoring_channel;
  bool notify_pager_duty = false;
  bool has_notify_pager_duty = false;  // the payload carries only tags that are present
  bool has_dry_run = false;
  std::string team;
  GateRules gates;
  HookRules hooks;
};

// The group does not ask to be recycled: a required tag is missing, or recycle_on_asg_update is not
// "true". Not an error; the reason is for the log.
struct NotRecyclable {
  std::string reason;
};

struct PolicyOverrides {
  std::string strategy;  // of the request; empty: the tag decides
  bool force = false;    // recycles even if the tags do not switch it on
  bool dry_run = false;
  std::string rollback_to;  // "6": a version of the group's launch template
};

// Errors (kInvalid) name the tag, its value and what is accepted. The window tags are read for
// out-in-timed only; what they leave out comes from `default_window`.
base::Result<std::variant<Policy, NotRecyclable>> read_policy(
    const std::string& group_name, const std::map<std::string, std::string>& tags,
    const PolicyOverrides& overrides, const WindowRule& default_window,
    const GateDefaults& gate_defaults = {});

// "payments" of "payments-asg-2019...": the text before the first "-asg-", else the whole name.
std::string component_of(const std::string& group_name);

}  // namespace consumers::recycle
