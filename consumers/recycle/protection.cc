// Scale-in protection of the new instances while min is lower than desired: a scale-in by others
// can then take old ones only. What others protected stays protected, and nothing else does.
#include "consumers/recycle/turn.h"

#include <fmt/format.h>

#include <algorithm>

namespace consumers::recycle {
namespace {

constexpr std::size_t kExceptionsMax = 20;  // they are kept in the journal's tags

// AWS refuses the whole call for one instance in another state.
bool may_be_protected(const aws::GroupInstance& instance) {
  return instance.lifecycle_state == "InService" || is_standby(instance);
}

bool was_protected_by_others(const Journal& journal, const base::InstanceId& id) {
  const auto& others = journal.protected_by_others;
  return std::find(others.begin(), others.end(), id) != others.end();
}

std::optional<Mutate> mutate(std::vector<base::InstanceId> ids, bool protect, std::string why) {
  if (ids.empty()) return std::nullopt;
  return Mutate{.action = ProtectInstances{.instances = std::move(ids), .protect = protect},
                .why = std::move(why)};
}

}  // namespace

bool protected_by_us(const Snapshot& snapshot, const Journal& journal,
                     const aws::GroupInstance& instance) {
  if (!journal.protected_new || !instance.protected_from_scale_in) return false;
  if (was_protected_by_others(journal, instance.id)) return false;
  // New at some time of this run: at its start, now, when it was launched, before a roll-back made
  // it old, or before the template changed once more.
  const auto& of = instance.launch_template;
  const base::TimePoint launched = launched_at(snapshot, instance);
  // A forced run's old ones may be of the very version that it launches.
  if (journal.force_before && launched >= *journal.force_before) return true;
  return !is_old(snapshot, instance, journal.force_before) || has_turned_back(journal) ||
         (of && !journal.previous.empty() && of->version != journal.previous) ||
         launched >= journal.started_at;
}

void note_protection(const Turn& turn, Journal& journal) {
  if (journal.protected_new || turn.group().new_instances_protected_from_scale_in) return;
  std::vector<base::InstanceId> others;
  for (const aws::GroupInstance& instance : turn.group().instances) {
    if (instance.protected_from_scale_in) others.push_back(instance.id);
  }
  if (others.size() > kExceptionsMax) return;
  journal.protected_new = true;
  journal.protected_by_others = std::move(others);
}

std::optional<Mutate> protect_new(const Turn& turn) {
  if (!turn.journal.protected_new) return std::nullopt;
  std::vector<base::InstanceId> ids;
  for (const Member& member : turn.census.fresh) {
    const aws::GroupInstance& instance = *member.instance;
    if (instance.lifecycle_state != "InService" || instance.protected_from_scale_in) continue;
    // Theirs, though they took it off meanwhile: nobody would take ours off again.
    if (was_protected_by_others(turn.journal, instance.id)) continue;
    if (ids.size() < kProtectMax) ids.push_back(instance.id);
  }
  return mutate(std::move(ids), true, "so that no scale-in takes them while old ones go");
}

std::optional<Mutate> unprotect(const Turn& turn,
                                std::initializer_list<const Census::List*> members) {
  if (!turn.journal.protected_new) return std::nullopt;
  std::vector<base::InstanceId> ids;
  for (const Census::List* list : members) {
    for (const Member& member : *list) {
      if (ids.size() == kProtectMax || !may_be_protected(*member.instance)) continue;
      if (protected_by_us(turn.snapshot, turn.journal, *member.instance)) {
        ids.push_back(member.id());
      }
    }
  }
  return mutate(std::move(ids), false, "only what this run protected");
}

}  // namespace consumers::recycle
