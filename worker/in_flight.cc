#include "worker/in_flight.h"

#include <algorithm>
#include <queue>
#include <stdexcept>
#include <utility>

namespace worker {
namespace {

// Memory of a burst is given back once it is over; a table of this size is not worth the work.
constexpr std::size_t kSlotsKept = 1'024;

}  // namespace

Entry& InFlightTable::add(aws::SqsMessage message, base::SteadyPoint received,
                          base::SteadyPoint deadline, base::SteadyPoint renew_at) {
  if (free_.empty()) {
    if (slots_.size() >= kEntriesMax) throw std::length_error("too many messages in flight");
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  Entry& entry = slots_[index].emplace();
  entry.id = next_number_++ * kEntriesMax + index;
  entry.message = std::move(message);
  entry.received = received;
  entry.deadline = deadline;
  entry.renew_at = renew_at;
  ++size_;
  reorder(entry);
  return entry;
}

Entry* InFlightTable::find(EntryId id) {
  const std::uint32_t index = slot_of(id);
  if (index >= slots_.size()) return nullptr;
  Slot& entry = slots_[index];
  return entry && entry->id == id ? &*entry : nullptr;
}

void InFlightTable::erase(EntryId id) {
  Entry* entry = find(id);
  if (entry == nullptr) return;
  unqueue(*entry);
  slots_[slot_of(id)].reset();
  --size_;
  if (size_ == 0 && slots_.size() > kSlotsKept) {
    slots_.clear();
    slots_.shrink_to_fit();
    free_ = {};
    order_ = {};
    return;
  }
  free_.push_back(slot_of(id));
}

void InFlightTable::reorder(Entry& entry) {
  const std::uint32_t index = slot_of(entry.id);
  const auto at = wake_of(entry);
  if (!at) {
    unqueue(entry);
    return;
  }
  if (entry.place == kNotQueued) {
    order_.emplace_back();
    sift_up(static_cast<std::uint32_t>(order_.size() - 1), {*at, index});
  } else if (*at < order_[entry.place].at) {
    sift_up(entry.place, {*at, index});
  } else {
    sift_down(entry.place, {*at, index});
  }
}

void InFlightTable::unqueue(Entry& entry) {
  if (entry.place == kNotQueued) return;
  const std::uint32_t place = std::exchange(entry.place, kNotQueued);
  const Wake last = order_.back();
  order_.pop_back();
  if (place == order_.size()) return;
  if (place > 0 && last.at < order_[(place - 1) / 2].at) {
    sift_up(place, last);
  } else {
    sift_down(place, last);
  }
}

void InFlightTable::put(std::uint32_t place, Wake wake) {
  order_[place] = wake;
  slots_[wake.slot]->place = place;
}

void InFlightTable::sift_up(std::uint32_t place, Wake wake) {
  while (place > 0) {
    const std::uint32_t parent = (place - 1) / 2;
    if (order_[parent].at <= wake.at) break;
    put(place, order_[parent]);
    place = parent;
  }
  put(place, wake);
}

void InFlightTable::sift_down(std::uint32_t place, Wake wake) {
  const auto size = static_cast<std::uint32_t>(order_.size());
  for (;;) {
    std::uint32_t child = 2 * place + 1;
    if (child >= size) break;
    if (child + 1 < size && order_[child + 1].at < order_[child].at) ++child;
    if (wake.at <= order_[child].at) break;
    put(place, order_[child]);
    place = child;
  }
  put(place, wake);
}

std::size_t InFlightTable::count(Stage stage) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      slots_, [stage](const Slot& slot) { return slot && slot->stage == stage; }));
}

void InFlightTable::for_each(const std::function<void(Entry&)>& visit) {
  std::vector<EntryId> ids;  // the visitor may add and erase
  ids.reserve(size_);
  for (const Slot& slot : slots_) {
    if (slot) ids.push_back(slot->id);
  }
  std::ranges::sort(ids, {}, [](EntryId id) { return id / kEntriesMax; });  // as they were received
  for (const EntryId id : ids) {
    if (Entry* entry = find(id)) visit(*entry);
  }
}

std::optional<base::SteadyPoint> InFlightTable::next_wake() const {
  if (order_.empty()) return std::nullopt;
  return order_.front().at;
}

// The queued entries in the order of their wake times, while `visit` answers true: best first, so
// that what is not asked for costs nothing.
template <class Visit>
void InFlightTable::in_order(Visit visit) const {
  using Place = std::pair<base::SteadyPoint, std::uint32_t>;
  std::priority_queue<Place, std::vector<Place>, std::greater<>> next;
  const auto push = [&](std::uint32_t place) {
    if (place < order_.size()) next.emplace(order_[place].at, place);
  };
  push(0);
  while (!next.empty()) {
    const std::uint32_t place = next.top().second;
    next.pop();
    if (!visit(order_[place].at, slots_[order_[place].slot]->id)) return;
    push(2 * place + 1);
    push(2 * place + 2);
  }
}

std::vector<EntryId> InFlightTable::due(base::SteadyPoint now) const {
  std::vector<EntryId> ids;
  in_order([&](base::SteadyPoint at, EntryId id) {
    if (at <= now) ids.push_back(id);
    return at <= now;
  });
  return ids;
}

std::vector<EntryId> InFlightTable::next_after(base::SteadyPoint now, std::size_t count) const {
  std::vector<EntryId> ids;
  in_order([&](base::SteadyPoint at, EntryId id) {
    if (at > now) ids.push_back(id);
    return ids.size() < count;
  });
  return ids;
}

std::optional<base::SteadyPoint> InFlightTable::wake_of(const Entry& entry) {
  // What is lost or on its way out needs nothing more: its own coroutine ends it.
  if (entry.lost || entry.stage == Stage::kLeaving) return std::nullopt;
  if (entry.extending) return entry.deadline;
  return std::min(entry.renew_at, entry.deadline);
}

}  // namespace worker
