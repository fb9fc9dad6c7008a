// What is ours and what others did meanwhile: capacity that they added or took, bounds that they
// edited. The journal knows what the run has set, or is about to; everything else is theirs.
#include "consumers/recycle/turn.h"

#include <fmt/format.h>

#include <algorithm>

namespace consumers::recycle {
namespace {

// Between the journal and the call that follows it, the group still has the value before.
void remember(std::vector<int>& ours, int current, int planned) {
  if (current == planned && is_one_of(ours, planned)) return;
  std::vector<int> kept;
  if (is_one_of(ours, current) && current != planned) kept.push_back(current);
  kept.push_back(planned);
  ours = std::move(kept);
}

// Desired was, or is about to be, changed from `before` to `goal`: how far it is from both.
int change_besides(int before, int goal, int desired) {
  if (desired == before || desired == goal) return 0;
  if (goal >= before) {
    if (desired > goal) return desired - goal;
    return std::max(0, desired - before);  // a scale-in before min was raised is taken back
  }
  // Lowered already and then scaled out, or not lowered yet and scaled in: what is nearer.
  const bool not_yet = before - desired < desired - goal;
  return desired > before || not_yet ? desired - before : desired - goal;
}

// out-in raises desired and min to the same value by one call: with that min, or once another one
// is planned, the call was carried out.
bool is_raised(const Turn& turn) {
  const Journal& journal = turn.journal;
  if (journal.phase != Phase::kGrow || journal.our_min.empty()) return false;
  const int latest = journal.our_min.back();
  return latest != journal.desired_goal || turn.group().min_size == latest;
}

bool is_foreign(int value, int original, const std::vector<int>& ours) {
  return value != original && !is_one_of(ours, value);
}

// Whether that call was carried out cannot be told once somebody else has set min, unless desired
// is nearer to what it was going to be.
bool is_rather_raised(const Turn& turn) {
  const Journal& journal = turn.journal;
  if (journal.phase != Phase::kGrow) return false;
  const int desired = turn.group().desired_capacity;
  return is_foreign(turn.group().min_size, journal.original_min, journal.our_min) &&
         journal.desired_goal - desired < desired - journal.desired_before;
}

bool is_gone(const Turn& turn, const base::InstanceId& id) {
  const auto& instances = turn.group().instances;
  return std::none_of(instances.begin(), instances.end(), [&](const auto& instance) {
    return instance.id == id && !is_leaving(instance);
  });
}

int gone_by_our_hand(const Turn& turn) {
  if (!turn.journal.victims.empty()) return named(turn).gone_units;
  const base::InstanceId& victim = turn.journal.victim;
  return !victim.empty() && is_gone(turn, victim) ? turn.journal.victim_units : 0;
}

// The lowest value that desired has by our doing.
int lowest_of_ours(const Turn& turn) {
  const Journal& journal = turn.journal;
  if (journal.desired_goal > 0) return std::min(journal.desired_before, journal.desired_goal);
  return journal.desired_before - gone_by_our_hand(turn);
}

}  // namespace

bool is_one_of(const std::vector<int>& values, int value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

int change_by_others(const Turn& turn) {
  const Journal& journal = turn.journal;
  const int desired = turn.group().desired_capacity;
  if (journal.desired_goal > journal.desired_before &&
      (is_raised(turn) || is_rather_raised(turn))) {
    return desired - journal.desired_goal;
  }
  if (journal.desired_goal > 0) {
    return change_besides(journal.desired_before, journal.desired_goal, desired);
  }
  if (journal.desired_before == 0) return 0;
  return desired - (journal.desired_before - gone_by_our_hand(turn));
}

bool take_over_bounds(const Turn& turn, Journal& journal) {
  const aws::AutoScalingGroup& group = turn.group();
  const bool new_min = is_foreign(group.min_size, journal.original_min, journal.our_min);
  const bool new_max = is_foreign(group.max_size, journal.original_max, journal.our_max);
  if (new_min) journal.original_min = group.min_size;
  if (new_max) journal.original_max = group.max_size;
  // While min is ours only an operator who lowers it can bring desired below what we made of it.
  // What still is more than the group is to have in the end, an alarm may have left of it.
  const int desired = group.desired_capacity;
  if (new_min && desired < lowest_of_ours(turn) && desired < journal.wanted()) {
    journal.original_desired = desired;
    journal.scaled_out = 0;
  }
  return new_min || new_max;
}

Journal settled(const Turn& turn) {
  Journal journal = turn.journal;
  journal.scaled_out = std::max(0, journal.scaled_out + change_by_others(turn));
  take_over_bounds(turn, journal);
  journal.victims.clear();
  journal.desired_before = turn.group().desired_capacity;
  journal.desired_goal = 0;
  return journal;
}

std::optional<Mutate> adopt_bounds(const Turn& turn) {
  Journal journal = turn.journal;
  if (!take_over_bounds(turn, journal)) return std::nullopt;
  return write(std::move(journal),
               fmt::format("somebody set min {} and max {}: that is what the group goes back to",
                           turn.group().min_size, turn.group().max_size));
}

int ceiling(const Policy& policy, const Journal& journal, const Census& census) {
  const int doubled = 2 * journal.wanted() + census.heaviest - 1;
  if (!policy.max_size_limit) return doubled;
  return std::min(doubled, std::max(journal.original_max, *policy.max_size_limit));
}

bool is_superseded(const Turn& turn, const Journal& journal, const Member& member) {
  const auto& of = member.instance->launch_template;
  if (rolls_back(journal) || (of && of->version == journal.previous)) return false;
  const base::TimePoint launched = launched_at(turn.snapshot, *member.instance);
  return launched >= journal.started_at && launched != base::TimePoint::max();
}

bool are_replaced_in_place(const Turn& turn, const Journal& journal) {
  const Census& census = turn.census;
  if (census.old_units >= ceiling(turn.policy, journal, census)) return true;
  return std::any_of(census.old.begin(), census.old.end(),
                     [&](const Member& member) { return !is_superseded(turn, journal, member); });
}

int new_to_come(const Turn& turn, const Journal& journal) {
  const Census& census = turn.census;
  const int on_the_way = std::max(0, turn.group().desired_capacity - census.present());
  return std::max(0, journal.wanted() - census.kept_units - census.fresh_units - on_the_way);
}

Bounds grown(const Turn& turn, const Journal& journal) {
  const aws::AutoScalingGroup& group = turn.group();
  const int room = ceiling(turn.policy, journal, turn.census);
  const bool in_place = are_replaced_in_place(turn, journal);
  int superseded = 0;
  for (const Member& member : turn.census.old) {
    if (in_place && is_superseded(turn, journal, member)) superseded += member.units;
  }
  const int old = turn.census.old_units - std::min(superseded, new_to_come(turn, journal));
  const int goal = std::max(journal.wanted(), std::min(old + journal.wanted(), room));
  const int desired = std::max(group.desired_capacity, goal);
  return {.min_size = goal, .max_size = std::max(group.max_size, desired), .desired = desired};
}

void note(Journal& journal, const aws::AutoScalingGroup& group, const Bounds& hold) {
  if (group.min_size != hold.min_size) remember(journal.our_min, group.min_size, hold.min_size);
  if (hold.max_size && group.max_size != *hold.max_size) {
    remember(journal.our_max, group.max_size, *hold.max_size);
  }
  if (hold.desired) {
    journal.desired_before = group.desired_capacity;
    journal.desired_goal = *hold.desired;
    journal.victims.clear();
  }
}

void forget_former_bounds(const Turn& turn, Journal& journal) {
  std::erase_if(journal.our_min, [&](int value) { return value != turn.group().min_size; });
  std::erase_if(journal.our_max, [&](int value) { return value != turn.group().max_size; });
}

std::optional<Mutate> hold_bounds(const Turn& turn, const Bounds& hold, const std::string& why) {
  const aws::AutoScalingGroup& group = turn.group();
  SetBounds bounds;
  if (group.min_size != hold.min_size) bounds.min_size = hold.min_size;
  if (hold.max_size && group.max_size != *hold.max_size) bounds.max_size = hold.max_size;
  if (hold.desired && group.desired_capacity != *hold.desired) {
    bounds.desired_capacity = hold.desired;
  }
  if (!bounds.min_size && !bounds.max_size && !bounds.desired_capacity) return std::nullopt;
  Journal planned = turn.journal;
  note(planned, group,
       bounds.desired_capacity ? hold
                               : Bounds{.min_size = hold.min_size, .max_size = hold.max_size});
  if (planned != turn.journal) return write(std::move(planned), why);
  return Mutate{.action = bounds, .why = why};
}

}  // namespace consumers::recycle
