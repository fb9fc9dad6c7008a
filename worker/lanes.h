// Lanes: which message may begin. On FIFO queues one message of a group at a time, in the order
// received; everything else at once.
#pragma once

#include "worker/in_flight.h"

#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

namespace worker {

class Lanes {
 public:
  // True: begin it now. False: it waits behind another one of its group. Empty group: always true.
  bool enter(const std::string& group, EntryId id) {
    if (group.empty()) return true;
    const auto [lane, is_new] = lanes_.try_emplace(group);
    if (!is_new) lane->second.push_back(id);
    return is_new;
  }

  // The one in front has finished: the next to begin, or 0 when the lane is empty.
  EntryId next(const std::string& group) {
    const auto lane = lanes_.find(group);
    if (lane == lanes_.end()) return 0;
    if (lane->second.empty()) {
      lanes_.erase(lane);
      return 0;
    }
    const EntryId id = lane->second.front();
    lane->second.pop_front();
    return id;
  }

  // The one in front comes back later: those behind it, which must not overtake it.
  std::vector<EntryId> close(const std::string& group) {
    const auto lane = lanes_.find(group);
    if (lane == lanes_.end()) return {};
    std::vector<EntryId> rest(lane->second.begin(), lane->second.end());
    lanes_.erase(lane);
    return rest;
  }

 private:
  // A lane exists while one of its group is running; it holds those that wait.
  std::unordered_map<std::string, std::deque<EntryId>> lanes_;
};

}  // namespace worker
