#include "tests/recycle_proof/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace proof {

namespace recycle = consumers::recycle;

namespace {

using Strategy = recycle::Strategy;

constexpr std::uint64_t kWireEvery = 400;  // these go through signatures, HTTP and XML

template <class T, std::size_t N>
T pick(base::Random& random, const std::array<T, N>& choices) {
  return choices[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(N)))];
}

int between(base::Random& random, int low, int high) {
  return low + static_cast<int>(random.below(high - low + 1));
}

base::Duration seconds(base::Random& random, int low, int high) {
  return std::chrono::seconds(between(random, low, high));
}

// Small groups most of the time: they meet every situation and cost little.
int draw_size(base::Random& random) {
  const double draw = random.uniform();
  if (draw < 0.04) return 0;
  if (draw < 0.20) return 1;
  if (draw < 0.80) return between(random, 2, 6);
  if (draw < 0.97) return between(random, 7, 12);
  return between(random, 13, 50);
}

void draw_bounds(base::Random& random, Scenario& scenario) {
  scenario.desired = draw_size(random);
  const int size = scenario.desired;
  switch (between(random, 0, 5)) {
    case 0:  // fixed size
      scenario.min = scenario.max = size;
      break;
    case 1:  // fully scaled
      scenario.min = between(random, 0, size);
      scenario.max = size;
      break;
    case 2:  // partially scaled
      scenario.min = between(random, 0, size);
      scenario.max = size + between(random, 0, size);
      break;
    default:  // room for the double
      scenario.min = between(random, 0, size);
      scenario.max = 2 * size + between(random, 0, 4);
      break;
  }
}

std::string range_of(int start, int length) {
  const auto text = [](int second) {
    second %= 86'400;
    return fmt::format("{:02}:{:02}:{:02}", second / 3'600, second / 60 % 60, second % 60);
  };
  return text(start) + "-" + text(start + length);
}

// Both sides of each change of the clocks, and an ordinary day.
base::TimePoint draw_start(base::Random& random) {
  static const std::array<const char*, 6> kDays = {"2026-01-02T03:04:05Z", "2026-03-28T20:00:00Z",
                                                   "2026-03-07T20:00:00Z", "2026-10-24T20:00:00Z",
                                                   "2026-10-31T20:00:00Z", "2026-07-14T10:00:00Z"};
  return base::parse_rfc3339(pick(random, kDays)).value() +
         std::chrono::seconds(random.below(14 * 3'600));
}

void draw_window(base::Random& random, Scenario& scenario) {
  static const std::array<const char*, 5> kZones = {"Europe/London", "America/New_York",
                                                    "Asia/Kolkata", "UTC", "Australia/Lord_Howe"};
  scenario.time_zone = pick(random, kZones);
  if (random.chance(0.15)) return;  // the whole day
  const int start = between(random, 0, 86'399);
  const int length = pick(random, std::array<int, 4>{600, 3'600, 4 * 3'600, 12 * 3'600});
  scenario.window = range_of(start, length);
}

// Leaves some of the window open, whatever that is.
void draw_exclusion(base::Random& random, Scenario& scenario) {
  scenario.no_weekends = random.chance(0.4);
  if (scenario.no_weekends && random.chance(0.5)) return;
  int start = between(random, 0, 86'399);
  int length = between(random, 600, 4 * 3'600);
  if (!scenario.window.empty()) {
    const int opens = second_of(scenario.window, 0);
    const int open = (second_of(scenario.window, 9) - opens + 86'400) % 86'400;
    if (open < 3'600) return;  // too short to be cut in two
    start = opens + between(random, 0, open / 2);
    length = std::min(length, open / 2 - 1);
  }
  scenario.excluded = range_of(start, length);
}

void draw_gates(base::Random& random, Scenario& scenario) {
  Gates& gates = scenario.gates;
  if (random.chance(0.5)) gates.min_age = seconds(random, 10, 90);
  gates.http = random.chance(0.5);
  gates.command = random.chance(0.4);
  if (gates.http || gates.command) gates.passes_after = seconds(random, 0, 120);
  gates.alarms = random.chance(0.4);
  if (gates.alarms) gates.bake = seconds(random, 30, 180);
}

void draw_hooks(base::Random& random, Scenario& scenario) {
  scenario.hooks.any = true;
  if (random.chance(0.4)) scenario.hooks.failures = between(random, 1, 4);
  scenario.hooks.failure_stops = random.chance(0.6);
}

Event draw_event(base::Random& random, const Scenario& scenario) {
  static const std::array<Deed, 30> kDeeds = {
      Deed::kAlarmOut,      Deed::kAlarmOut,     Deed::kAlarmIn,       Deed::kAlarmIn,
      Deed::kAlarmIn,       Deed::kSchedule,     Deed::kOperatorMax,   Deed::kOperatorMin,
      Deed::kNewTemplate,   Deed::kNewTemplate,  Deed::kKillOld,       Deed::kKillOld,
      Deed::kKillNew,       Deed::kKillNew,      Deed::kSicken,        Deed::kShortage,
      Deed::kFailLaunches,  Deed::kNeverHealthy, Deed::kSuspendLaunch, Deed::kProtectOld,
      Deed::kStandbyOld,    Deed::kDeleteGroup,  Deed::kUnbalance,     Deed::kRefresh,
      Deed::kPause,         Deed::kPause,        Deed::kCancel,        Deed::kCancelRestore,
      Deed::kCancelRestore, Deed::kPurge};
  Event event;
  event.deed = pick(random, kDeeds);
  if (scenario.gates.alarms && random.chance(0.3)) event.deed = Deed::kAlarmRings;
  const int reach = 40 + 8 * scenario.desired;
  if (random.chance(0.7)) {
    event.call = between(random, 1, reach);
  } else {
    event.at = seconds(random, 0, 240 + 20 * scenario.desired);
  }
  event.amount = between(random, 1, 2);
  event.lasts = seconds(random, 30, 600);
  const int size = scenario.desired;
  if (event.deed == Deed::kSchedule) event.amount = between(random, 0, std::max(1, 2 * size));
  if (event.deed == Deed::kOperatorMax) event.amount = size + between(random, 0, size + 2);
  if (event.deed == Deed::kOperatorMin) event.amount = between(random, 0, size);
  if (event.deed == Deed::kShortage) event.amount = between(random, 0, scenario.zones - 1);
  if (event.deed == Deed::kNeverHealthy) event.amount = between(random, 1, 60);
  if (event.deed == Deed::kPause && random.chance(0.15)) {
    event.lasts = std::chrono::hours(24) + seconds(random, 0, 7'200);
  }
  return event;
}

void weigh(Scenario& scenario, int weight) {
  scenario.weight = weight;
  scenario.min *= weight;
  scenario.desired *= weight;
  scenario.max *= weight;
  scenario.kept = 0;
}

void draw_misfortunes(base::Random& random, Scenario& scenario) {
  const int reach = 30 + 10 * std::min(scenario.desired, 12);
  const int count = random.chance(0.6) ? 1 : between(random, 2, 4);
  for (int i = 0; i < count; ++i) {
    Misfortune one;
    one.call = between(random, 1, reach);
    const double draw = random.uniform();
    if (draw < 0.35) {
      one.kind = Misfortune::Kind::kCrashAfter;
    } else if (draw < 0.6) {
      one.kind = Misfortune::Kind::kCrashBefore;
    } else {
      one.kind = Misfortune::Kind::kFreeze;
      one.lasts = seconds(random, 1, 900);
      one.zombie_calls = random.chance(0.5) ? 0 : between(random, 1, 6);
    }
    scenario.misfortunes.push_back(one);
  }
}

}  // namespace

int second_of(const std::string& range, std::size_t at) {
  return std::stoi(range.substr(at, 2)) * 3'600 + std::stoi(range.substr(at + 3, 2)) * 60 +
         std::stoi(range.substr(at + 6, 2));
}

bool Scenario::has(Deed deed) const {
  return std::ranges::any_of(events, [&](const Event& event) { return event.deed == deed; });
}

bool Scenario::must_succeed() const {
  if (stuck_hook || warm_pool || !suspended.empty()) return false;
  static constexpr std::array kFatal = {
      Deed::kShortage,   Deed::kFailLaunches, Deed::kNeverHealthy, Deed::kSuspendLaunch,
      Deed::kProtectOld, Deed::kStandbyOld,   Deed::kDeleteGroup,  Deed::kOperatorMax,
      Deed::kSicken,     Deed::kRefresh,      Deed::kCancel,       Deed::kCancelRestore,
      Deed::kAlarmRings, Deed::kPurge};
  if (hooks.failures >= 3 && hooks.failure_stops) return false;
  // Each of two workers that take turns proves the age of the new ones from the beginning.
  if (two_workers && gates.min_age.count() > 0) return false;
  return std::ranges::none_of(kFatal, [&](Deed deed) { return has(deed); });
}

Scenario make_scenario(std::uint64_t seed) {
  base::Random random(seed * 0x9e3779b97f4a7c15U + 1);
  Scenario scenario;
  scenario.seed = seed;
  static const std::array<Strategy, 5> kStrategies = {Strategy::kOutIn, Strategy::kOutIn,
                                                      Strategy::kOutInTimed, Strategy::kInOut,
                                                      Strategy::kInOut};
  scenario.strategy = pick(random, kStrategies);
  draw_bounds(random, scenario);
  scenario.zones = between(random, 1, 3);
  if (random.chance(0.2)) scenario.kept = between(random, 0, scenario.desired);
  scenario.target_group = random.chance(0.4);
  if (scenario.target_group && random.chance(0.5)) scenario.health_check = "ELB";
  if (random.chance(0.06)) scenario.suspended = {"AZRebalance"};
  if (random.chance(0.03)) scenario.suspended.emplace_back("AlarmNotification");
  scenario.launch_hook = random.chance(0.08);
  scenario.stuck_hook = scenario.launch_hook && random.chance(0.3);
  scenario.terminate_hook = random.chance(0.06);
  scenario.warm_pool = random.chance(0.02);
  if (random.chance(0.04)) weigh(scenario, between(random, 2, 3));
  scenario.starts = draw_start(random);
  if (scenario.strategy == Strategy::kOutInTimed) {
    draw_window(random, scenario);
    if (random.chance(0.3)) draw_exclusion(random, scenario);
  }
  if (random.chance(0.15)) draw_gates(random, scenario);
  if (random.chance(0.1)) draw_hooks(random, scenario);
  scenario.sibling = random.chance(0.05);
  scenario.force = random.chance(0.08);
  scenario.dry_run = random.chance(0.03);
  if (random.chance(0.2)) scenario.duplicates = between(random, 1, 2);
  if (!scenario.force && !scenario.dry_run && random.chance(0.15)) {
    const bool group = random.chance(0.5) && scenario.weight == 1;
    scenario.cause = group ? Scenario::Cause::kGroupChanged : Scenario::Cause::kTemplateChanged;
  }

  const bool plain = !scenario.force && scenario.weight == 1;
  if (plain && scenario.cause == Scenario::Cause::kRequest && random.chance(0.05)) {
    scenario.rollback = true;
    scenario.kept = scenario.desired;
  }

  const double quiet = random.uniform();
  if (quiet > 0.3) {
    const int count = random.chance(0.6) ? 1 : between(random, 2, 4);
    for (int i = 0; i < count; ++i) scenario.events.push_back(draw_event(random, scenario));
  }

  scenario.poll_interval = seconds(random, 10, 60);
  if (random.chance(0.3)) scenario.jitter = 0.5;
  if (random.chance(0.3)) scenario.latency = base::Duration(between(random, 50, 4'000));
  if (random.chance(0.15)) scenario.throttle = 0.1;
  if (random.chance(0.15)) scenario.error = 0.05;
  if (random.chance(0.15)) scenario.lost = 0.05;
  if (random.chance(0.12)) scenario.stale = 0.3;
  if (random.chance(0.06)) scenario.contention = 0.25;
  if (random.chance(0.4)) draw_misfortunes(random, scenario);
  if (scenario.duplicates > 0 && !scenario.sibling) scenario.two_workers = random.chance(0.4);
  scenario.wire = seed % kWireEvery == 0;
  return scenario;
}

Scenario make_crowded_scenario(std::uint64_t seed) {
  base::Random random(seed * 0x9e3779b97f4a7c15U + 2);
  Scenario scenario = make_scenario(seed);
  scenario.crowded = scenario.two_workers = true;
  scenario.sibling = scenario.dry_run = false;
  scenario.duplicates = between(random, 1, 3);
  scenario.duplicates_within =
      std::chrono::seconds(pick(random, std::array<int, 5>{1, 5, 30, 400, 1'800}));
  if (scenario.latency.count() == 0) {
    scenario.latency = base::Duration(between(random, 50, 4'000));
  }
  return scenario;
}

std::string describe(const Event& event) {
  static const std::map<Deed, const char*> kNames = {
      {Deed::kAlarmOut, "an alarm scales out by"},
      {Deed::kAlarmIn, "an alarm scales in by"},
      {Deed::kSchedule, "a scheduled action sets desired to"},
      {Deed::kOperatorMax, "an operator sets max to"},
      {Deed::kOperatorMin, "an operator sets min to"},
      {Deed::kNewTemplate, "a new template version"},
      {Deed::kKillOld, "old instances die:"},
      {Deed::kKillNew, "new instances die:"},
      {Deed::kSicken, "instances fail their health checks:"},
      {Deed::kShortage, "no capacity in zone number"},
      {Deed::kFailLaunches, "launches that fail:"},
      {Deed::kNeverHealthy, "instances that never pass a health check:"},
      {Deed::kSuspendLaunch, "an operator suspends Launch"},
      {Deed::kProtectOld, "an operator protects old instances:"},
      {Deed::kStandbyOld, "an operator puts old instances into Standby:"},
      {Deed::kDeleteGroup, "an operator deletes the group"},
      {Deed::kUnbalance, "an operator unbalances the zones by"},
      {Deed::kRefresh, "somebody starts an instance refresh"},
      {Deed::kPause, "an operator pauses the recycle"},
      {Deed::kCancel, "an operator cancels the recycle"},
      {Deed::kCancelRestore, "an operator cancels the recycle and wants the version before"},
      {Deed::kAlarmRings, "an alarm rings"},
      {Deed::kPurge, "somebody purges the queue"},
  };
  std::string text = fmt::format("{} {}", kNames.at(event.deed), event.amount);
  if (event.lasts.count() > 0) text += fmt::format(" ({} s)", event.lasts.count() / 1000);
  return text;
}

std::string describe(const Scenario& s) {
  std::string text =
      fmt::format("seed {}: {} min {} max {} desired {}, {} zones, {} new already{}{}{}{}{}\n",
                  s.seed, recycle::to_string(s.strategy), s.min, s.max, s.desired, s.zones, s.kept,
                  s.target_group ? ", target group, health " + s.health_check : "",
                  s.force ? ", forced" : "", s.dry_run ? ", dry run" : "",
                  s.launch_hook ? (s.stuck_hook ? ", stuck launch hook" : ", launch hook") : "",
                  s.terminate_hook ? ", terminate hook" : "");
  if (s.warm_pool) text += "  a warm pool\n";
  if (s.weight > 1) text += fmt::format("  every instance weighs {}\n", s.weight);
  for (const auto& process : s.suspended) text += "  suspended before: " + process + "\n";
  if (!s.time_zone.empty()) {
    text += fmt::format("  window {}, without {}{}, {}\n", s.window, s.excluded,
                        s.no_weekends ? " Sat-Sun" : "", s.time_zone);
  }
  const Gates& g = s.gates;
  if (g.min_age.count() > 0 || g.http || g.command || g.alarms) {
    text += fmt::format(
        "  gates: age {} s{}{}, passed after {} s{}\n", g.min_age.count() / 1000,
        g.http ? ", HTTP" : "", g.command ? ", command" : "", g.passes_after.count() / 1000,
        g.alarms ? fmt::format(", alarms quiet for {} s", g.bake.count() / 1000) : std::string());
  }
  if (s.hooks.any) {
    text += fmt::format("  hooks; the first {} attempts fail, which {} the run\n", s.hooks.failures,
                        s.hooks.failure_stops ? "ends" : "does not end");
  }
  if (s.rollback) text += "  a roll-back to version 1\n";
  if (s.sibling) text += "  a sibling in another zone\n";
  if (s.cause != Scenario::Cause::kRequest) {
    text += fmt::format("  caused by a change of the {}\n",
                        s.cause == Scenario::Cause::kGroupChanged ? "group" : "template");
  }
  text += fmt::format(
      "  poll {} s, latency {} ms, jitter {}, throttle {}, error {}, lost {}, stale {}, "
      "contention {}\n",
      s.poll_interval.count() / 1000, s.latency.count(), s.jitter, s.throttle, s.error, s.lost,
      s.stale, s.contention);
  for (const Event& event : s.events) {
    text += event.call > 0 ? fmt::format("  after call {}: ", event.call)
                           : fmt::format("  after {} s: ", event.at.count() / 1000);
    text += describe(event) + "\n";
  }
  for (const Misfortune& one : s.misfortunes) {
    static constexpr std::array kKinds = {"dies before", "dies after", "freezes after"};
    text +=
        fmt::format("  a worker {} call {}", kKinds[static_cast<std::size_t>(one.kind)], one.call);
    if (one.lasts.count() > 0) {
      text += fmt::format(" for {} s, {} calls as a zombie", one.lasts.count() / 1000,
                          one.zombie_calls);
    }
    text += "\n";
  }
  if (s.duplicates > 0) {
    text += fmt::format("  {} more requests within {} s{}\n", s.duplicates,
                        s.duplicates_within.count() / 1000,
                        s.two_workers ? ", not held back by the first" : "");
  }
  return text;
}

}  // namespace proof
