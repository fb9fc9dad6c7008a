// Oracle: what consumers did, and what is left when a worker or the run ends.
#include "tests/soak/oracle.h"

#include <fmt/format.h>

#include <algorithm>

namespace soak {

void Oracle::begins(int worker, const std::string& message_id, int receive) {
  ++stats_.begun;
  const auto found = copies_.find(message_id);
  if (found == copies_.end() || !found->second->deliveries.contains(receive)) {
    blame("a consumer was given what no answer had carried", message_id);
    return;
  }
  Copy& copy = *found->second;
  Delivery& delivery = copy.deliveries.at(receive);
  note(copy, What::kBegun, worker, receive);
  if (clock_.steady_now() > delivery.until) accuse(copy, "begun after its visibility was lost");
  if (delivery.running) accuse(copy, "begun twice in one receive");
  if (!copy.group.empty()) check_lanes(copy, receive);
  delivery.running = true;
  delivery.begun = true;
  ++copy.running;
}

// FIFO: nobody else of the group is at work, and everything before it is done.
void Oracle::check_lanes(const Copy& copy, int receive) {
  const auto group = groups_.find(copy.group);
  if (group == groups_.end()) return;
  for (const auto& [number, other] : group->second) {
    for (const auto& [their_receive, theirs] : other->deliveries) {
      if (other.get() == &copy && their_receive == receive) continue;
      const bool live =
          theirs.running && !killed_.contains(theirs.worker) && clock_.steady_now() < theirs.until;
      if (live) {
        accuse(copy, fmt::format("two of group {} handled at once; the other is message {}:\n{}",
                                 copy.group, other->serial, timeline_.text_of(other->serial)));
      }
    }
    if (number >= copy.number) continue;
    const bool settled = other->done || other->dead || other->copied ||
                         ledger_.at(other->serial).plan == Plan::kIgnored;
    if (!settled) {
      accuse(copy, fmt::format("begun before message {} of group {}, which was sent earlier:\n{}",
                               other->serial, copy.group, timeline_.text_of(other->serial)));
    }
  }
}

void Oracle::ends(int worker, const std::string& message_id, int receive, What verdict,
                  bool cancelled) {
  if (killed_.contains(worker)) return;
  const auto found = copies_.find(message_id);
  if (found == copies_.end() || !found->second->deliveries.contains(receive)) return;
  Copy& copy = *found->second;
  Delivery& delivery = copy.deliveries.at(receive);
  note(copy, verdict, worker, receive);
  if (!delivery.running) return;
  delivery.running = false;
  --copy.running;
  delivery.retried = verdict != What::kCancelled && verdict != What::kDone;
  if (verdict == What::kCancelled) ++stats_.cancelled;
  const auto time = clock_.steady_now();
  if (time > delivery.until) {
    accuse(copy, "its consumer ran on after its visibility was lost");
    return;
  }
  if (time > delivery.refused_at) {
    accuse(copy, "its consumer ran on after its handle was refused");
    return;
  }
  const bool lost = time == delivery.until || time == delivery.refused_at;
  if (lost) ++stats_.lost;
  // Cancelled because somebody else may have it by now: what it says does not count. Without the
  // cancellation it may have been the first of two things that happened at this very moment.
  if (lost && cancelled && !draining_.contains(worker)) return;
  if (verdict == What::kDone) copy.done = true;
  if (verdict == What::kDone || verdict == What::kPoison) ++ledger_.at(copy.serial).handled;
  refresh(copy.serial);
}

void Oracle::killed(int worker) {
  killed_.insert(worker);
  ++stats_.kills;
  for (const auto& [id, copy] : copies_) {
    for (auto& [receive, delivery] : copy->deliveries) {
      if (delivery.worker != worker || !delivery.running) continue;
      delivery.running = false;
      --copy->running;
    }
  }
}

// Still its own, and no request said what is to become of it.
bool Oracle::is_forgotten(const Copy& copy, const Delivery& delivery) const {
  const Plan plan = ledger_.at(copy.serial).plan;
  // Whether these were hidden for a retry or in order to work on them cannot be seen from outside.
  if (plan == Plan::kGarbage || plan == Plan::kUnroutable || plan == Plan::kIgnored) return false;
  if (delivery.retried || (delivery.begun && plan == Plan::kForwards)) return false;
  if (delivery.not_hid_at && *delivery.not_hid_at + kDoubted > clock_.steady_now()) return false;
  const bool its_own =
      delivery.until > clock_.steady_now() && delivery.refused_at == base::SteadyPoint::max();
  return its_own && !delivery.given_up && !delivery.returned && delivery.deletion == Delete::kNone;
}

void Oracle::drained(int worker) {
  std::vector<std::pair<CopyPtr, int>> kept;
  for (const auto& [id, copy] : copies_) {
    for (const auto& [receive, delivery] : copy->deliveries) {
      if (delivery.worker == worker && !copy->gone && is_forgotten(*copy, delivery)) {
        kept.emplace_back(copy, receive);
        break;
      }
    }
  }
  std::ranges::sort(kept, {}, [](const auto& held) { return held.first->number; });
  for (const auto& [copy, receive] : kept) {
    accuse(*copy, fmt::format("receive {} neither deleted nor given back when worker {} drained",
                              receive, worker));
  }
}

void Oracle::conclude() {
  for (Serial serial = 0; serial < ledger_.size(); ++serial) {
    const Message& message = ledger_.at(serial);
    if (!message.stored || (message.has_ended() && message.alive == 0)) continue;
    blame(message.alive > 0 ? "still in a queue at the end" : "neither handled nor a dead letter",
          fmt::format("message {} ({}):\n{}", serial, name_of(message.plan),
                      timeline_.text_of(serial)));
  }
  for (const auto& [id, copy] : copies_) {
    if (copy->running > 0) accuse(*copy, "its consumer still runs at the end");
  }
}

}  // namespace soak
