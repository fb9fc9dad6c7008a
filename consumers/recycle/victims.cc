// Who goes, by name. The names are written down in their order before the first of them goes: so it
// can be told afterwards who went by our hand (and took desired along) and who died on its own (and
// was replaced by AWS).
#include "consumers/recycle/turn.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace consumers::recycle {
namespace {

const Member* find_anywhere(const Census& census, const base::InstanceId& id) {
  for (const auto* members : {&census.old, &census.fresh, &census.kept}) {
    if (const Member* member = find(*members, id)) return member;
  }
  return nullptr;
}

}  // namespace

const Member* find(const Census::List& members, const base::InstanceId& id) {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const Member& member) { return member.id() == id; });
  return found == members.end() ? nullptr : &*found;
}

Named named(const Turn& turn) {
  Named result;
  for (const Victim& victim : turn.journal.victims) {
    const Member* member = find_anywhere(turn.census, victim.id);
    // In Standby it is not gone, and not ours to end either.
    const bool aside = find(turn.census.standby, victim.id) != nullptr;
    if (result.next == nullptr && member == nullptr && !aside) result.gone_units += victim.units;
    if (aside || (result.next != nullptr && member == nullptr)) result.out_of_order = true;
    if (result.next == nullptr) result.next = member;
  }
  return result;
}

std::vector<Victim> choose_old(Census::List candidates, int units, std::size_t count_max) {
  struct Zone {
    std::string_view name;
    int left = 0;
  };
  std::vector<Zone> zones;
  std::vector<std::size_t> zone_of;
  for (const Member& member : candidates) {
    const std::string_view name = member.instance->availability_zone;
    auto zone =
        std::find_if(zones.begin(), zones.end(), [&](const Zone& one) { return one.name == name; });
    if (zone == zones.end()) zone = zones.insert(zones.end(), Zone{name, 0});
    ++zone->left;
    zone_of.push_back(static_cast<std::size_t>(zone - zones.begin()));
  }
  std::vector<Victim> chosen;
  while (chosen.size() < count_max) {
    std::size_t best = candidates.size();
    const auto rank = [&](std::size_t i) {
      const Zone& zone = zones[zone_of[i]];
      return std::tuple(candidates[i].ready, -zone.left, zone.name,
                        std::string_view(candidates[i].id().value));
    };
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (candidates[i].instance == nullptr || candidates[i].units > units) continue;
      if (best == candidates.size() || rank(i) < rank(best)) best = i;
    }
    if (best == candidates.size()) break;
    chosen.push_back({candidates[best].id(), candidates[best].units});
    units -= candidates[best].units;
    --zones[zone_of[best]].left;
    candidates[best].instance = nullptr;
  }
  return chosen;
}

std::vector<Victim> choose_new(const Turn& turn, const Census::List& candidates, int units) {
  struct Ranked {
    bool ready;
    base::TimePoint launched;
    const Member* member;
  };
  std::vector<Ranked> ranked;
  for (const Member& member : candidates) {
    ranked.push_back({member.ready, launched_at(turn.snapshot, *member.instance), &member});
  }
  std::sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
    return std::tuple(a.ready, b.launched, std::string_view(a.member->id().value)) <
           std::tuple(b.ready, a.launched, std::string_view(b.member->id().value));
  });
  std::vector<Victim> chosen;
  for (const Ranked& one : ranked) {
    if (chosen.size() == kVictimsMax) break;
    if (one.member->units > units) continue;
    chosen.push_back({one.member->id(), one.member->units});
    units -= one.member->units;
  }
  return chosen;
}

Mutate name_victims(const Turn& turn, std::vector<Victim> victims, std::string why) {
  Journal journal = settled(turn);
  journal.victims = std::move(victims);
  return write(std::move(journal), std::move(why));
}

std::optional<Mutate> forget_victims(const Turn& turn) {
  if (turn.journal.victims.empty()) return std::nullopt;
  return name_victims(turn, {}, "nobody goes for the time being");
}

std::optional<Mutate> even_out(const Turn& turn, int wanted, bool goes) {
  const Census& census = turn.census;
  const int present = census.present();
  const int desired = turn.group().desired_capacity;
  const auto fits = [&](const Member& member) { return member.units <= present - wanted; };
  const bool none_fits = std::ranges::none_of(census.old, fits) &&
                         std::ranges::none_of(census.fresh, fits) &&
                         std::ranges::none_of(census.kept, fits);
  const bool launching = present < desired;
  const int goal = launching   ? std::max(wanted, present)
                   : goes      ? present
                   : none_fits ? wanted
                               : desired;
  if (goal == desired) return std::nullopt;
  if (change_by_others(turn) != 0) return name_victims(turn, {}, "others changed the capacity");
  // The original max comes back with the other bounds.
  const Bounds hold{.min_size = std::min(turn.group().min_size, wanted),
                    .max_size = std::max(turn.group().max_size, goal),
                    .desired = goal};
  return hold_bounds(turn, hold,
                     launching ? "what is still to come would be too many"
                     : goes    ? "what is there, so that one goes by name"
                               : "none is too many");
}

}  // namespace consumers::recycle
