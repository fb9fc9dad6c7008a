#include "tests/recycle_proof/coverage.h"

#include <fmt/format.h>

#include <algorithm>

namespace proof {

namespace {

using consumers::recycle::Strategy;
using S = const Scenario&;
using R = const Report&;

template <Strategy strategy>
bool is_of(S s, R) {
  return s.strategy == strategy;
}

template <int low, int high>
bool has_size(S s, R) {
  const int size = s.desired / s.weight;
  return size >= low && size <= high;
}

template <Deed deed>
bool saw(S, R r) {
  return (r.met.deeds >> static_cast<unsigned>(deed) & 1U) != 0;
}

std::vector<Dimension> all() {
  return {
      {"out-in", is_of<Strategy::kOutIn>},
      {"out-in-timed", is_of<Strategy::kOutInTimed>},
      {"in-out", is_of<Strategy::kInOut>},
      {"no instance", has_size<0, 0>},
      {"one instance", has_size<1, 1>},
      {"2 to 12 instances", has_size<2, 12>},
      {"13 to 50 instances", has_size<13, 50>},
      {"max leaves no room", [](S s, R) { return s.max < s.desired + s.weight; }},
      {"max leaves room for some",
       [](S s, R) { return s.max > s.desired && s.max < 2 * s.desired; }},
      {"some new already", [](S s, R) { return s.kept > 0; }},
      {"target group", [](S s, R) { return s.target_group; }},
      {"weighted instances", [](S s, R) { return s.weight > 1; }},
      {"launch hook", [](S s, R) { return s.launch_hook && !s.stuck_hook; }},
      {"launch hook nobody completes", [](S s, R) { return s.stuck_hook; }},
      {"terminate hook", [](S s, R) { return s.terminate_hook; }},
      {"warm pool", [](S s, R) { return s.warm_pool; }},
      {"processes suspended before", [](S s, R) { return !s.suspended.empty(); }},
      {"window", [](S s, R) { return !s.window.empty(); }},
      {"exclusion", [](S s, R) { return !s.excluded.empty() || s.no_weekends; }},
      {"gate: age", [](S s, R) { return s.gates.min_age.count() > 0; }},
      {"gate: HTTP", [](S s, R) { return s.gates.http; }},
      {"gate: command", [](S s, R) { return s.gates.command; }},
      {"gate: alarms", [](S s, R) { return s.gates.alarms; }},
      {"hooks", [](S s, R) { return s.hooks.any; }},
      {"hooks that fail",
       [](S s, R) { return s.hooks.any && s.hooks.failures >= 3 && s.hooks.failure_stops; }},
      {"sibling in another zone", [](S s, R) { return s.sibling; }},
      {"single, one network interface",
       [](S s, R r) { return is_of<Strategy::kInOut>(s, r) && has_size<1, 1>(s, r); }},
      {"begun by a change of the group",
       [](S s, R) { return s.cause == Scenario::Cause::kGroupChanged; }},
      {"begun by a change of the template",
       [](S s, R) { return s.cause == Scenario::Cause::kTemplateChanged; }},
      {"forced", [](S s, R) { return s.force; }},
      {"asked to roll back", [](S s, R) { return s.rollback; }},
      {"dry run", [](S s, R) { return s.dry_run; }},
      {"more requests for the same", [](S s, R) { return s.duplicates > 0; }},
      {"over the wire", [](S s, R) { return s.wire; }},
      {"undisturbed", [](S s, R) { return !s.disturbed() && s.misfortunes.empty(); }},
      {"alarm scales out", saw<Deed::kAlarmOut>},
      {"alarm scales in", saw<Deed::kAlarmIn>},
      {"scheduled action", saw<Deed::kSchedule>},
      {"operator sets max", saw<Deed::kOperatorMax>},
      {"operator sets min", saw<Deed::kOperatorMin>},
      {"new template meanwhile", saw<Deed::kNewTemplate>},
      {"old instances die", saw<Deed::kKillOld>},
      {"new instances die", saw<Deed::kKillNew>},
      {"failing health checks", saw<Deed::kSicken>},
      {"zone without capacity", saw<Deed::kShortage>},
      {"launches fail", saw<Deed::kFailLaunches>},
      {"never healthy", saw<Deed::kNeverHealthy>},
      {"Launch suspended meanwhile", saw<Deed::kSuspendLaunch>},
      {"old one protected meanwhile", saw<Deed::kProtectOld>},
      {"old one put into Standby", saw<Deed::kStandbyOld>},
      {"group deleted meanwhile", saw<Deed::kDeleteGroup>},
      {"zones out of balance", saw<Deed::kUnbalance>},
      {"instance refresh", saw<Deed::kRefresh>},
      {"paused", saw<Deed::kPause>},
      {"paused for a day",
       [](S s, R r) {
         return saw<Deed::kPause>(s, r) && std::ranges::any_of(s.events, [](const Event& event) {
                  return event.deed == Deed::kPause && event.lasts > std::chrono::hours(23);
                });
       }},
      {"cancelled", saw<Deed::kCancel>},
      {"cancelled, version before", saw<Deed::kCancelRestore>},
      {"alarm rings", saw<Deed::kAlarmRings>},
      {"queue purged", saw<Deed::kPurge>},
      {"another activity in the way", [](S s, R) { return s.contention > 0; }},
      {"a worker died", [](S, R r) { return r.met.crashes > 0; }},
      {"workers died twice or more", [](S, R r) { return r.met.crashes > 1; }},
      {"a worker stood still", [](S, R r) { return r.met.freezes > 0; }},
      {"a zombie called", [](S, R r) { return r.met.zombie_calls > 0; }},
      {"a zombie asked for a change", [](S, R r) { return r.met.zombie_mutations > 0; }},
      {"two workers at once", [](S, R r) { return r.met.at_once; }},
      {"calls refused", [](S, R r) { return r.met.refusals > 0; }},
      {"answers lost", [](S, R r) { return r.met.lost_answers > 0; }},
      {"answers that were old", [](S, R r) { return r.met.old_answers > 0; }},
      {"calls that take seconds", [](S s, R) { return s.latency > std::chrono::seconds(1); }},
      {"messages put back for later", [](S, R r) { return r.met.defers > 0; }},
      {"succeeded", [](S, R r) { return r.succeeded; }},
      {"refused or given up", [](S, R r) { return !r.succeeded; }},
  };
}

}  // namespace

const std::vector<Dimension>& dimensions() {
  static const std::vector<Dimension> kAll = all();
  return kAll;
}

void count(const Scenario& scenario, const Report& report, std::uint64_t* counts) {
  for (std::size_t i = 0; i < dimensions().size(); ++i) {
    counts[i] += dimensions()[i].holds(scenario, report) ? 1 : 0;
  }
}

std::string table(const std::uint64_t* counts, std::uint64_t runs) {
  std::string text;
  for (std::size_t i = 0; i < dimensions().size(); ++i) {
    text += fmt::format("  {:<32} {:>8} {:>6.2f} %\n", dimensions()[i].name, counts[i],
                        100.0 * static_cast<double>(counts[i]) / static_cast<double>(runs));
  }
  return text;
}

std::string missing(const std::uint64_t* counts, std::uint64_t runs) {
  std::string names;
  if (runs < kCoveredFrom) return names;
  for (std::size_t i = 0; i < dimensions().size(); ++i) {
    if (counts[i] >= kMetAtLeast) continue;
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", dimensions()[i].name, counts[i]);
  }
  return names;
}

}  // namespace proof
