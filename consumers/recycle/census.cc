// Who is in the group, and what each of them means for the run.
#include "consumers/recycle/turn.h"

#include <fmt/format.h>

#include <algorithm>

namespace consumers::recycle {
namespace {

constexpr std::size_t kNamedMax = 3;  // instances named in one text

int total(const Census::List& members) {
  int units = 0;
  for (const Member& member : members) units += member.units;
  return units;
}

int ready_units(const Census::List& members) {
  int units = 0;
  for (const Member& member : members) units += member.ready ? member.units : 0;
  return units;
}

}  // namespace

base::TimePoint launched_at(const Snapshot& snapshot, const aws::GroupInstance& instance) {
  const auto facts = snapshot.facts.find(instance.id);
  if (facts == snapshot.facts.end()) return base::TimePoint::max();
  return facts->second.launch_time.value_or(base::TimePoint::max());
}

Census count(const Snapshot& snapshot, const Policy& policy, const Journal& journal) {
  Census census;
  const auto& instances = snapshot.group.instances;
  census.old.reserve(instances.size());
  census.fresh.reserve(instances.size());
  for (const aws::GroupInstance& instance : instances) {
    const bool old = is_old(snapshot, instance, journal.force_before);
    Member member{.instance = &instance, .units = std::max(1, instance.weighted_capacity)};
    census.heaviest = std::max(census.heaviest, member.units);
    if (is_standby(instance)) {
      census.standby.push_back(member);
      if (old) census.standby_old.push_back(member);
      continue;
    }
    if (is_leaving(instance)) {
      if (old) census.leaving_old.push_back(member);
      continue;
    }
    member.ready = is_ready(snapshot, instance);
    const bool spared = old && instance.protected_from_scale_in &&
                        policy.protected_instances == SetAside::kSkip &&
                        !protected_by_us(snapshot, journal, instance);
    (spared ? census.kept : old ? census.old : census.fresh).push_back(member);
  }
  census.old_units = total(census.old);
  census.fresh_units = total(census.fresh);
  census.kept_units = total(census.kept);
  census.ready_old = ready_units(census.old);
  census.ready_fresh = ready_units(census.fresh);
  census.ready_kept = ready_units(census.kept);
  return census;
}

std::string describe_ready(const Turn& turn, int wanted) {
  const bool weighted = turn.census.heaviest > 1;
  std::string text = fmt::format("{} of {} new {} ready", turn.census.ready_fresh, wanted,
                                 weighted ? "capacity units" : "instances");
  std::size_t unready = 0;
  for (const Member& member : turn.census.fresh) {
    if (member.ready || ++unready > kNamedMax) continue;
    std::string why;
    is_ready(turn.snapshot, *member.instance, &why);
    text += "; " + why;
  }
  if (unready > kNamedMax) text += fmt::format("; and {} more", unready - kNamedMax);
  const int missing = wanted - turn.census.fresh_units;
  if (missing > 0) text += fmt::format("; {} not launched yet", missing);
  if (std::string why = needed_but_suspended(turn); !why.empty()) text += "; " + why;
  return text;
}

std::string count_of(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string join_ids(const Census::List& members) {
  std::string text;
  for (std::size_t i = 0; i < std::min(members.size(), kNamedMax); ++i) {
    text += (i == 0 ? "" : ", ") + members[i].id().value;
  }
  if (members.size() > kNamedMax) text += fmt::format(" and {} more", members.size() - kNamedMax);
  return text;
}

std::string describe_duration(base::Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  return seconds % 60 == 0 ? fmt::format("{} min", seconds / 60) : fmt::format("{} s", seconds);
}

}  // namespace consumers::recycle
