// SqsQueue: the state of one simulated queue, standard or FIFO. Pure state under a given clock: it
// never waits; long polling is the SqsService's.
//
// Every operation first lets time pass: delayed and invisible messages whose time has come become
// visible, messages past their retention vanish. All operations are O(log n).
//
// FIFO: a group is ready when none of its messages is in flight and its oldest one is visible; a
// receive takes from the group with the oldest head, as many as it may, in order.
#pragma once

#include "base/clock.h"
#include "sim/faults.h"
#include "sim/sqs_message.h"
#include "sim/sqs_settings.h"
#include "sim/sqs_watcher.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace sim {

inline constexpr int kInFlightMax = 120'000;

class SqsQueue {
 public:
  struct Counts {
    std::size_t visible = 0;
    std::size_t in_flight = 0;
    std::size_t delayed = 0;
  };
  struct Sent {
    std::string message_id;
    std::string sequence_number;  // FIFO
  };
  // Takes a message that was received too often. Empty: there is nowhere to move it to.
  using Bury = std::function<void(StoredMessage)>;

  SqsQueue(std::string name, std::string uid, SqsSettings settings, base::Clock& clock,
           base::Random& random, Faults& faults);

  const std::string& name() const { return name_; }
  SqsSettings& settings() { return settings_; }
  base::TimePoint created_at() const { return created_at_; }

  // `delay` overrides the queue's. FIFO duplicates are not stored; they answer with the original.
  Sent send(StoredMessage message, std::optional<base::Duration> delay);
  // A message from another queue's redrive: keeps its id, counts and age.
  void adopt(StoredMessage message);
  // The next message that could be received, taken away: for a move task.
  std::optional<StoredMessage> take_away();

  // nullopt: too many messages are in flight. The messages are copies, receipt handle in `receipt`.
  std::optional<std::vector<StoredMessage>> receive(int count_max, base::Duration visibility,
                                                    const std::string& attempt_id,
                                                    const Bury& bury);
  std::optional<ApiError> remove(const std::string& receipt_handle);
  std::optional<ApiError> change_visibility(const std::string& receipt_handle,
                                            base::Duration visibility);
  void purge();

  Counts counts();
  // Messages that a delete took away; a delete that came too late is answered, but takes nothing.
  std::uint64_t deleted() const { return deleted_; }
  void watch(SqsWatcher* watcher) { watcher_ = watcher; }
  // Something can be received now.
  bool has_visible();
  // When the next delayed or invisible message becomes visible; nullopt: none is waiting.
  std::optional<base::SteadyPoint> next_wake() const;

 private:
  struct Group {
    std::set<std::uint64_t> waiting;  // visible and delayed, by number
    int in_flight = 0;
    std::optional<std::uint64_t> ready_as;  // the head under which it stands in ready_groups_
  };
  struct Duplicate {
    Sent sent;
    base::SteadyPoint until;
  };
  struct Attempt {
    std::vector<std::pair<std::uint64_t, std::string>> messages;  // number and receipt
    base::SteadyPoint until;
  };
  using Messages = std::unordered_map<std::uint64_t, StoredMessage>;

  void refresh();
  void forget_duplicates();
  void store(StoredMessage message, base::Duration delay);
  void erase(Messages::iterator message);
  // Leave and enter a state, keeping the indexes and the counts.
  void leave(StoredMessage& message);
  void enter(StoredMessage& message, StoredMessage::State state);
  void update_group(const std::string& id);
  std::optional<std::uint64_t> next_ready() const;
  std::optional<std::uint64_t> next_to_hand_out();
  bool is_spent(const StoredMessage& message) const;
  StoredMessage take(StoredMessage& message, base::Duration visibility);
  std::optional<std::vector<StoredMessage>> repeat_attempt(const std::string& attempt_id,
                                                           base::Duration visibility);
  std::string make_receipt(std::uint64_t number);
  std::optional<std::uint64_t> parse_receipt(const std::string& handle) const;

  const std::string name_;
  const std::string uid_;
  SqsSettings settings_;
  base::Clock& clock_;
  base::Random& random_;
  Faults& faults_;
  SqsWatcher* watcher_ = nullptr;
  const base::TimePoint created_at_;

  std::uint64_t last_number_ = 0;
  std::uint64_t deleted_ = 0;
  Messages messages_;
  std::set<std::uint64_t> visible_;  // standard queues
  std::set<std::pair<base::SteadyPoint, std::uint64_t>> wakes_;
  std::set<std::pair<base::TimePoint, std::uint64_t>> expiries_;
  std::unordered_map<std::string, Group> groups_;  // FIFO
  std::set<std::pair<std::uint64_t, std::string>> ready_groups_;
  std::unordered_map<std::string, Duplicate> duplicates_;
  std::deque<std::pair<base::SteadyPoint, std::string>> duplicate_order_;
  std::map<std::string, Attempt> attempts_;
  std::size_t visible_count_ = 0;
  std::size_t in_flight_ = 0;
  std::size_t delayed_ = 0;
};

}  // namespace sim
