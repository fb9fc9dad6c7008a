// What the oracle asks whenever a worker names an instance to go.
#include "consumers/recycle/window.h"
#include "tests/recycle_proof/oracle.h"
#include "tests/recycle_proof/telling.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace proof {

namespace recycle = consumers::recycle;

int Oracle::floor() const {
  int wanted = std::max(0, original_.desired - downs_);
  // Below what we made of it, once an operator has lowered min: as in expect_restored(). Whether
  // the operator lowered both or an alarm followed, while one was out, cannot be told.
  if (min_edit_.moment > 0 && !lowered_to_.empty()) {
    wanted = std::min(wanted, *lowered_to_.begin());
  }
  const bool one_out = scenario_.strategy == recycle::Strategy::kInOut;
  return one_out ? std::max(0, wanted - scenario_.weight) : wanted;
}

// What was lost so lately that the worker's last look may not show it.
int Oracle::recent_losses(int worker) const {
  const auto found = looked_at_.find(worker);
  const base::TimePoint since = found == looked_at_.end() ? base::TimePoint{} : found->second;
  // Auto Scaling notices a dead instance ten seconds later, or half as much again with jitter.
  auto blind = std::chrono::seconds(16);
  if (scenario_.stale > 0) blind += std::chrono::seconds(10);
  const auto lately = [&](base::TimePoint at) { return at >= since - blind; };
  return scenario_.weight * static_cast<int>(std::ranges::count_if(losses_, lately));
}

// It came into service since the worker looked, who takes it out as one that serves nobody.
bool Oracle::serves_unseen(int worker, const std::string& id) const {
  const auto looked = looked_at_.find(worker);
  const auto seen = members_.find(id);
  if (looked == looked_at_.end() || seen == members_.end()) return false;
  const std::chrono::seconds blind(scenario_.stale > 0 ? 10 : 0);
  return seen->second.served_at >= looked->second - blind;
}

void Oracle::check_terminate(int worker, const sim::ApiCall& call) {
  sim::Group* group = stage_.group();
  const std::string id = text_of(call.arguments, "InstanceId");
  const sim::Member* member = group->find(id);
  if (member == nullptr || is_leaving(*member)) return;
  if (ours_.insert(id).second) named_now_ = id;
  // Put there since we looked: it is not counted any more, so nothing is taken off desired.
  if (member->is_in("Standby") || member->is_in("EnteringStandby")) mistaken_ += member->weight;
  const bool serves = stage_.serves(*group, *member);
  const bool fresh = stage_.is_new_in(*group, *member);
  if (fresh) {
    new_victims_.insert(id);
  } else {
    expect_window(*member);
  }
  if (!serves || serves_unseen(worker, id)) return;
  const auto journal = journal_of(*group);
  const bool giving_up = !journal || journal->phase == recycle::Phase::kRestore;
  if (!giving_up && !stage_.is_proven(*group, *member)) return;
  const int left = (giving_up ? stage_.serving() : stage_.proven()) - member->weight;
  // A run that is given up shrinks to the original size by name: there the floor is that size.
  if (left < floor() - recent_losses(worker)) {
    // Auto Scaling may still refuse it: the raised min is a floor as well.
    below_floor_ =
        fmt::format("below the floor: {} serving after {} goes, floor {}", left, id, floor());
  }
}

// The destructive half begins inside the window.
void Oracle::expect_window(const sim::Member&) {
  if (scenario_.time_zone.empty() || scenario_.disturbed()) return;
  if (!first_victim_ || !scenario_.misfortunes.empty()) return;
  first_victim_ = false;
  const auto local = date::make_zoned(scenario_.time_zone, stage_.now()).get_local_time();
  const auto day = date::floor<date::days>(local);
  const auto second =
      static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(local - day).count());
  // From the look at the clock to the first termination some turns may pass.
  constexpr int kSlack = 600;
  const auto since = [&](const std::string& range) {
    return (second - second_of(range, 0) + 86'400) % 86'400;
  };
  const auto length = [](const std::string& range) {
    return (second_of(range, 9) - second_of(range, 0) + 86'400) % 86'400;
  };
  const std::string when = base::format_rfc3339(stage_.now());
  const auto& [window, excluded] = std::tie(scenario_.window, scenario_.excluded);
  if (!window.empty() && since(window) > length(window) + kSlack) {
    complain("the first old instance goes outside the window, at " + when);
  }
  if (!excluded.empty() && since(excluded) > kSlack && since(excluded) < length(excluded)) {
    complain("the first old instance goes in what is excluded, at " + when);
  }
  const date::weekday weekday(day);
  const bool weekend = weekday == date::Sunday || (weekday == date::Saturday && second > kSlack);
  if (scenario_.no_weekends && weekend) {
    complain("the first old instance goes at a weekend, at " + when);
  }
}

}  // namespace proof
