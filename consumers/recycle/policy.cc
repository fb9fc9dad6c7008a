#include "consumers/recycle/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>

namespace consumers::recycle {
namespace {

constexpr std::array<std::pair<Strategy, std::string_view>, 3> kStrategies{{
    {Strategy::kOutIn, "out-in"},
    {Strategy::kOutInTimed, "out-in-timed"},
    {Strategy::kInOut, "in-out"},
}};

constexpr std::string_view kAcceptedStrategies = "out-in, out-in-timed, in-out";

using Tags = std::map<std::string, std::string>;

const std::string* find_tag(const Tags& tags, std::string_view key) {
  const auto found = tags.find(std::string(key));
  return found == tags.end() ? nullptr : &found->second;
}

std::string tag_or_empty(const Tags& tags, std::string_view key) {
  const std::string* value = find_tag(tags, key);
  return value ? *value : std::string();
}

// The original's rule: "true" in any case is true, everything else is false.
bool is_true(std::string_view value) {
  constexpr std::string_view kTrue = "true";
  return std::equal(value.begin(), value.end(), kTrue.begin(), kTrue.end(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == b;
  });
}

base::Error bad_tag(std::string_view key, std::string_view value, const base::Error& error) {
  base::Error result = error;
  result.message =
      fmt::format("tag {} has the value \"{}\": {}", key, value.substr(0, 256), error.message);
  return result;
}

// Empty if the group asks to be recycled, else why it does not.
std::string why_not_recyclable(const std::string& component, const Tags& tags,
                               const PolicyOverrides& overrides) {
  std::string missing;
  if (!overrides.force && !find_tag(tags, kTagRecycleOnUpdate)) missing = kTagRecycleOnUpdate;
  if (overrides.strategy.empty() && !find_tag(tags, kTagStrategy)) {
    missing += (missing.empty() ? "" : ", ") + std::string(kTagStrategy);
  }
  if (!missing.empty()) {
    return fmt::format("The component {} is not recycleable - missing required tags [{}]",
                       component, missing);
  }
  const std::string switched = tag_or_empty(tags, kTagRecycleOnUpdate);
  if (!overrides.force && !is_true(switched)) {
    return fmt::format("The component {} is not recycleable - {} is \"{}\", not \"true\"",
                       component, kTagRecycleOnUpdate, switched.substr(0, 256));
  }
  return {};
}

base::Result<WindowRule> read_window(const Tags& tags, const WindowRule& default_window) {
  WindowRule rule = default_window;
  if (const std::string* value = find_tag(tags, kTagWindow)) {
    const auto range = parse_time_range(*value);
    if (!range) return bad_tag(kTagWindow, *value, range.error());
    rule.allowed = *range;
  }
  if (const std::string* value = find_tag(tags, kTagExcludeWindow)) {
    auto ranges = parse_time_ranges(*value);
    if (!ranges) return bad_tag(kTagExcludeWindow, *value, ranges.error());
    rule.excluded = std::move(*ranges);
  }
  if (const std::string* value = find_tag(tags, kTagTimeZone)) rule.zone = *value;
  // Any moment will do: it tells an unknown zone and a window that never opens.
  const base::TimePoint moment(std::chrono::hours(24 * 365 * 50));
  WindowRule always;
  always.zone = rule.zone;
  if (const auto zone = check_window(always, moment); !zone) {
    return bad_tag(kTagTimeZone, rule.zone, zone.error());
  }
  if (const auto opens = check_window(rule, moment); !opens) {
    return opens.error().while_doing("reading the recycle window of the tags");
  }
  return rule;
}

template <class T, std::size_t n>
using Choices = std::array<std::pair<std::string_view, T>, n>;

constexpr Choices<SetAside, 3> kSetAside{
    {{"wait", SetAside::kWait}, {"skip", SetAside::kSkip}, {"include", SetAside::kInclude}}};
constexpr Choices<WindowCloses, 3> kWindowCloses{{{"finish", WindowCloses::kFinish},
                                                  {"pause", WindowCloses::kPause},
                                                  {"restore", WindowCloses::kRestore}}};
constexpr Choices<bool, 2> kYesOrNo{{{"true", true}, {"false", false}}};

// The tag's value if there is one, else `choice` stays.
template <class T, std::size_t n>
base::Result<void> read_choice(const Tags& tags, std::string_view key, const Choices<T, n>& choices,
                               T& choice) {
  const std::string* value = find_tag(tags, key);
  if (!value) return {};
  std::string accepted;
  for (const auto& [name, meaning] : choices) {
    if (*value == name) {
      choice = meaning;
      return {};
    }
    accepted += fmt::format("{}{}", accepted.empty() ? "" : ", ", name);
  }
  return bad_tag(key, *value, base::invalid("expected one of " + accepted));
}

base::Result<void> read_limit(const Tags& tags, std::optional<int>& limit) {
  constexpr int kCapacityMax = 1'000'000;
  const std::string* value = find_tag(tags, kTagMaxSizeLimit);
  if (!value) return {};
  const char* end = value->data() + value->size();
  int number = 0;
  const auto [stopped, error] = std::from_chars(value->data(), end, number);
  if (error != std::errc{} || stopped != end || number < 1 || number > kCapacityMax) {
    return bad_tag(kTagMaxSizeLimit, *value,
                   base::invalid(fmt::format("expected a number from 1 to {}", kCapacityMax)));
  }
  limit = number;
  return {};
}

base::Result<void> read_rollback(const PolicyOverrides& overrides, std::string& rollback_to) {
  const std::string& version = overrides.rollback_to;
  const bool number =
      std::all_of(version.begin(), version.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!number || version.size() > 18) {
    return base::invalid(
        fmt::format("the request's rollback_to is \"{}\": expected the number of a launch template "
                    "version, such as 6",
                    version.substr(0, 80)));
  }
  rollback_to = version;
  return {};
}

// What is ours and not the original's; only wrong values are errors.
base::Result<void> read_ours(const Tags& tags, const PolicyOverrides& overrides, Policy& policy) {
  if (auto read = read_limit(tags, policy.max_size_limit); !read) return read;
  if (auto read = read_choice(tags, kTagStandby, kSetAside, policy.standby); !read) return read;
  if (auto read = read_choice(tags, kTagProtected, kSetAside, policy.protected_instances); !read) {
    return read;
  }
  if (auto read = read_choice(tags, kTagRollbackOnFailure, kYesOrNo, policy.rollback_on_failure);
      !read) {
    return read;
  }
  return read_rollback(overrides, policy.rollback_to);
}

base::Result<Strategy> read_strategy(const Tags& tags, const PolicyOverrides& overrides) {
  if (!overrides.strategy.empty()) {
    auto strategy = parse_strategy(overrides.strategy);
    if (!strategy) return strategy.error().while_doing("reading the request's strategy");
    return strategy;
  }
  const std::string value = tag_or_empty(tags, kTagStrategy);
  auto strategy = parse_strategy(value);
  if (!strategy) {
    return base::invalid(
        fmt::format("tag {} has the value \"{}\": unknown strategy, expected one of {}",
                    kTagStrategy, value.substr(0, 256), kAcceptedStrategies));
  }
  return strategy;
}

}  // namespace

std::string_view to_string(Strategy strategy) {
  for (const auto& [value, name] : kStrategies) {
    if (value == strategy) return name;
  }
  return "unknown";
}

base::Result<Strategy> parse_strategy(std::string_view text) {
  for (const auto& [value, name] : kStrategies) {
    if (name == text) return value;
  }
  return base::invalid(fmt::format("unknown strategy \"{}\": expected one of {}",
                                   text.substr(0, 256), kAcceptedStrategies));
}

std::string component_of(const std::string& group_name) {
  return group_name.substr(0, group_name.find("-asg-"));
}

base::Result<std::variant<Policy, NotRecyclable>> read_policy(const std::string& group_name,
                                                              const Tags& tags,
                                                              const PolicyOverrides& overrides,
                                                              const WindowRule& default_window,
                                                              const GateDefaults& gate_defaults) {
  using Answer = std::variant<Policy, NotRecyclable>;
  Policy policy;
  policy.component = tag_or_empty(tags, kTagComponent);
  if (policy.component.empty()) policy.component = component_of(group_name);
  if (std::string reason = why_not_recyclable(policy.component, tags, overrides); !reason.empty()) {
    return Answer(NotRecyclable{.reason = std::move(reason)});
  }
  policy.step_function_name = tag_or_empty(tags, kTagStepFunction);
  policy.strategy_name =
      overrides.strategy.empty() ? tag_or_empty(tags, kTagStrategy) : overrides.strategy;
  const auto strategy = read_strategy(tags, overrides);
  if (strategy) {
    policy.strategy = *strategy;
  } else if (policy.step_function_name.empty()) {
    return strategy.error();
  }
  if (strategy && policy.strategy == Strategy::kOutInTimed) {
    auto window = read_window(tags, default_window);
    if (!window) return window.error();
    policy.window = std::move(*window);
    if (auto read = read_choice(tags, kTagWindowCloses, kWindowCloses, policy.window_closes);
        !read) {
      return read.error();
    }
  }
  if (auto read = read_ours(tags, overrides, policy); strategy && !read) return read.error();
  auto gates = read_gates(tags, gate_defaults);
  if (!gates) return gates.error();
  policy.gates = std::move(*gates);
  auto hooks = read_hooks(tags, gate_defaults);
  if (!hooks) return hooks.error();
  policy.hooks = std::move(*hooks);
  policy.has_dry_run = find_tag(tags, kTagDryRun) != nullptr;
  policy.dry_run = overrides.dry_run || is_true(tag_or_empty(tags, kTagDryRun));
  policy.has_notify_pager_duty = find_tag(tags, kTagPagerDuty) != nullptr;
  policy.notify_pager_duty = is_true(tag_or_empty(tags, kTagPagerDuty));
  policy.slack_monitoring_channel = tag_or_empty(tags, kTagSlackChannel);
  policy.team = tag_or_empty(tags, kTagTeam);
  return Answer(std::move(policy));
}

}  // namespace consumers::recycle
