#include "worker/in_flight.h"

namespace worker {

Entry& InFlightTable::add(aws::SqsMessage message, base::SteadyPoint received,
                          base::SteadyPoint deadline, base::SteadyPoint renew_at) {
  auto slot = std::make_unique<Slot>();
  Entry& entry = slot->entry;
  entry.id = next_id_++;
  entry.message = std::move(message);
  entry.received = received;
  entry.deadline = deadline;
  entry.renew_at = renew_at;
  entries_.emplace(entry.id, std::move(slot));
  reorder(entry);
  return entry;
}

Entry* InFlightTable::find(EntryId id) {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second->entry;
}

void InFlightTable::erase(EntryId id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  if (found->second->wake) order_.erase({*found->second->wake, id});
  entries_.erase(found);
}

void InFlightTable::reorder(Entry& entry) {
  Slot& slot = *entries_.at(entry.id);
  if (slot.wake) order_.erase({*slot.wake, entry.id});
  slot.wake = wake_of(entry);
  if (slot.wake) order_.insert({*slot.wake, entry.id});
}

std::size_t InFlightTable::count(Stage stage) const {
  std::size_t count = 0;
  for (const auto& [id, slot] : entries_) count += slot->entry.stage == stage ? 1 : 0;
  return count;
}

void InFlightTable::for_each(const std::function<void(Entry&)>& visit) {
  for (auto& [id, slot] : entries_) visit(slot->entry);
}

std::optional<base::SteadyPoint> InFlightTable::next_wake() const {
  if (order_.empty()) return std::nullopt;
  return order_.begin()->first;
}

std::vector<EntryId> InFlightTable::due(base::SteadyPoint now) const {
  std::vector<EntryId> ids;
  for (const auto& [wake, id] : order_) {
    if (wake > now) break;
    ids.push_back(id);
  }
  return ids;
}

std::optional<base::SteadyPoint> InFlightTable::wake_of(const Entry& entry) {
  // What is lost or on its way out needs nothing more: its own coroutine ends it.
  if (entry.lost || entry.stage == Stage::kLeaving) return std::nullopt;
  if (entry.extending) return entry.deadline;
  return std::min(entry.renew_at, entry.deadline);
}

}  // namespace worker
