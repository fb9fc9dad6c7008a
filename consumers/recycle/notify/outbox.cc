#include "consumers/recycle/notify/outbox.h"

#include <algorithm>

namespace consumers::recycle {

int Outbox::push(const std::string& lane, Notice notice, base::SteadyPoint now) {
  const bool full = size_ >= limits_.notices_max;
  if (full) drop_oldest();
  lanes_[lane].entries.push_back(
      {.notice = std::move(notice), .since = now, .number = ++pushed_, .attempts = 0});
  ++size_;
  return full ? 1 : 0;
}

void Outbox::drop_oldest() {
  Lane* oldest = nullptr;
  for (auto& [name, lane] : lanes_) {
    if (lane.entries.empty()) continue;
    if (oldest == nullptr || lane.entries.front().number < oldest->entries.front().number) {
      oldest = &lane;
    }
  }
  if (oldest == nullptr) return;
  oldest->entries.pop_front();
  --size_;
}

void Outbox::give_up_old(base::SteadyPoint now) {
  for (auto& [name, lane] : lanes_) {
    while (!lane.entries.empty() && now - lane.entries.front().since > limits_.age_max) {
      lane.entries.pop_front();
      --size_;
      ++given_up_;
    }
  }
}

// A lane without notices is kept only for its pace.
void Outbox::forget_idle(base::SteadyPoint now) {
  std::erase_if(lanes_, [&](const auto& lane) {
    return lane.second.entries.empty() && lane.second.not_before <= now;
  });
}

std::optional<Notice> Outbox::take(base::SteadyPoint now) {
  give_up_old(now);
  forget_idle(now);
  const Entry* first = nullptr;
  for (const auto& [name, lane] : lanes_) {
    if (lane.entries.empty() || lane.not_before > now) continue;
    const Entry& head = lane.entries.front();
    if (first != nullptr && first->number < head.number) continue;
    first = &head;
    taken_ = name;
    taken_number_ = head.number;
  }
  if (first == nullptr) return std::nullopt;
  return first->notice;
}

void Outbox::settle(const Receipt& receipt, base::Duration pace, base::SteadyPoint now,
                    base::Random& random) {
  if (!taken_) return;
  Lane& lane = lanes_[*taken_];
  taken_.reset();
  lane.not_before = now + pace;
  // It may have been dropped meanwhile, because the box was full.
  if (lane.entries.empty() || lane.entries.front().number != taken_number_) return;
  if (receipt.fate != Receipt::Fate::kAgain) {
    lane.entries.pop_front();
    --size_;
    return;
  }
  Entry& entry = lane.entries.front();
  const int doublings = std::min(entry.attempts++, 20);
  const base::Duration most =
      std::min(limits_.backoff_cap, limits_.backoff_base * (std::int64_t{1} << doublings));
  // At least half of it, so that an endpoint that fails is left alone for a while.
  const base::Duration pause = most / 2 + base::Duration(random.below(most.count() / 2 + 1));
  lane.not_before = now + std::max({pace, pause, receipt.not_before});
}

std::optional<base::SteadyPoint> Outbox::next_due() const {
  std::optional<base::SteadyPoint> due;
  for (const auto& [name, lane] : lanes_) {
    if (lane.entries.empty()) continue;
    due = due ? std::min(*due, lane.not_before) : lane.not_before;
  }
  return due;
}

}  // namespace consumers::recycle
