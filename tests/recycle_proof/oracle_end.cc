// What the oracle asks once all messages are settled and the region stands still.
#include "tests/recycle_proof/oracle.h"
#include "tests/recycle_proof/telling.h"

#include <fmt/format.h>

#include <algorithm>

namespace proof {

// What the group launches may be known from a while ago (docs/strategies.md): a version that came
// later may have been missed, one that came earlier may not.
int Oracle::known_version(const sim::Group& group) const {
  constexpr std::chrono::seconds kNoticedWithin{60};
  return stage_.target_version_at(group, knew_ - kNoticedWithin);
}

bool Oracle::template_came_late() const {
  const sim::Group* group = stage_.group();
  return group != nullptr && known_version(*group) != stage_.target_version(*group);
}

bool Oracle::is_old_for_all_we_knew(const sim::Group& group, const sim::Member& member) const {
  if (stage_.is_forced_out(group, member)) return true;
  const int version = Stage::version_of(member);
  return version < known_version(group) || version > stage_.target_version(group);
}

// Instances that others' scale-outs brought while max was ours, and that the original max cannot
// hold; and those that an operator's min asked for until it was lowered again. They go, and all of
// them are new by then. An operator may have raised max since.
int Oracle::too_many_for_bounds() const {
  const int beyond_max = std::max(0, original_.desired + ups_ - lowest_max_);
  const int wanted = std::max(original_.min, original_.desired - downs_);
  const int surplus = beyond_max + std::max(0, highest_min_ - wanted);
  return (surplus + scenario_.weight - 1) / scenario_.weight;
}

void Oracle::expect_no_mutation(const std::string& when, int mutations_before) {
  if (stage_.exchange.mutations != mutations_before) {
    complain(fmt::format("{}: {} mutations", when, stage_.exchange.mutations - mutations_before));
  }
}

// Capacity beyond the size that a run may leave. One that fails takes no new instance that serves,
// also where it came for one that died or stands by. Where instances weigh more than one unit, a
// scale-in by less than an instance while its replacement comes looks like half of a scale-out; and
// so does one by less than in-out has just asked for again, where a worker ended before it noted
// it.
int Oracle::not_taken_back(bool succeeded) const {
  int units = succeeded ? 0 : scenario_.weight * static_cast<int>(losses_.size());
  const bool in_out = scenario_.strategy == consumers::recycle::Strategy::kInOut;
  if (in_out && !scenario_.misfortunes.empty()) units += std::max(0, downs_ - 2);
  for (const Event& event : scenario_.events) {
    if (event.deed == Deed::kStandbyOld && !succeeded) units += scenario_.weight;
    const bool in = event.deed == Deed::kAlarmIn || event.deed == Deed::kSchedule;
    if (in && in_out) units += scenario_.weight - 1;
  }
  return units;
}

void Oracle::expect_restored(bool succeeded) {
  const sim::Group* group = stage_.group();
  if (group == nullptr || deleted_) return;
  timeline_.add(stage_.now(), "", bar_of(stage_, *group));
  const auto expect = [&](const char* what, int is, int low, int high) {
    if (is < low || is > high) {
      complain(low == high ? fmt::format("{} is {}, it was {}", what, is, low)
                           : fmt::format("{} is {}, not {} to {}", what, is, low, high));
    }
  };
  const auto settle = [](const Edit& edit, int is, int& original) {
    if (edit.missed.contains(is)) original = is;
  };
  settle(min_edit_, group->min, original_.min);
  settle(max_edit_, group->max, original_.max);
  expect("min", group->min, original_.min, original_.min);
  expect("max", group->max, original_.max, original_.max);
  int low = original_.desired - downs_;
  int high = original_.desired + ups_ + mistaken_ + not_taken_back(succeeded);
  // Lowered together with min, by an operator, desired is what the operator wants.
  for (const int told : lowered_to_) {
    if (!scenario_.has(Deed::kOperatorMin)) break;
    low = std::min(low, told);
    high = std::max(high, told);
  }
  const auto bounded = [&](int size) { return std::clamp(size, original_.min, original_.max); };
  expect("desired", group->desired, bounded(low), bounded(high));
  std::set<std::string> suspended;
  for (const auto& [process, reason] : group->suspended) suspended.insert(process);
  if (suspended != suspended_) complain("other processes are suspended than before");
  for (const auto& member : group->members) {
    if (member.is_protected && !protected_.contains(member.id)) {
      complain(member.id + " is left protected");
    }
  }
  std::map<std::string, std::string> tags;
  for (const auto& [key, tag] : group->tags) tags[key] = tag.value;
  for (const auto& [key, value] : tags) {
    if (!tags_.contains(key)) complain("left on the group: the tag " + key);
  }
  if (tags != tags_) complain("the group's tags are not what they were");
  const bool may_change = scenario_.has(Deed::kCancelRestore) || scenario_.rollback;
  if (group->launch_template.version != template_ && !may_change) {
    complain(fmt::format("the group launches version {}, it was {}", group->launch_template.version,
                         template_));
  }
  const bool sibling_new = succeeded && !scenario_.has(Deed::kNewTemplate);
  if (const std::string wrong = sibling_.restored(sibling_new); !wrong.empty()) complain(wrong);
  if (!succeeded) return;
  for (const auto& member : group->members) {
    if (is_leaving(member)) continue;
    // What an operator set aside is the operator's.
    if (taken_by_others_.contains(member.id) || member.is_in("Standby")) continue;
    if (is_old_for_all_we_knew(*group, member)) complain(member.id + " is old after a success");
  }
  // Old instances that AWS replaced by itself came back as new ones beyond the size.
  // On the way back to the version before, those are the ones that were new until then.
  if (scenario_.is_cancelled()) return;
  const int lost = scenario_.rollback ? static_cast<int>(losses_.size()) : old_lost_;
  // Two workers that take turns may lose a scale-out.
  const int raced = scenario_.two_workers ? ups_ : 0;
  if (static_cast<int>(new_victims_.size()) > lost + too_many_for_bounds() + raced) {
    complain(*new_victims_.begin() + " was new, and we named it, in a run that succeeded");
  }
}

}  // namespace proof
