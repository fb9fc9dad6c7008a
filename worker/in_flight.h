// InFlightTable: every message that we hold, from its receive to its delete, in one structure
// ordered by when it needs attention next: an extension of its visibility, or its loss.
// Single-threaded; pure bookkeeping, no I/O.
#pragma once

#include "aws/sqs.h"
#include "base/clock.h"

#include <boost/asio/cancellation_signal.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace worker {

using EntryId = std::uint64_t;  // our own counter: SQS may deliver one message twice in a batch

enum class Stage {
  kPending,   // received, not begun
  kRunning,   // a consumer works on it
  kSettling,  // its verdict is being carried out
  kDone,      // waits to be deleted
  kLeaving,   // the request that deletes or returns it is under way: not extended any more
};

// Why a running consumer was cancelled.
enum class Cancelled { kNo, kVisibilityLost, kHandOver, kGiveBack };

struct Entry {
  EntryId id = 0;
  aws::SqsMessage message;
  Stage stage = Stage::kPending;
  base::SteadyPoint received;  // before the receive was sent
  base::SteadyPoint deadline;  // when another worker may see it
  base::SteadyPoint renew_at;  // when to extend; not extended if at or after the deadline
  base::SteadyPoint started;
  bool extending = false;       // an extension is under way
  bool renewal_failed = false;  // the last extension failed and will be tried again at renew_at
  bool leave_wanted = false;    // to be deleted as soon as the extension under way has ended
  bool lost = false;
  Cancelled cancelled = Cancelled::kNo;
  boost::asio::cancellation_signal cancel;
  std::string kind;  // of the decoded message
  std::string consumer;
  std::string verdict;
  base::Duration return_after{0};  // visibility to give it back with
  int delete_attempts = 0;
};

class InFlightTable {
 public:
  // References stay valid until erase().
  Entry& add(aws::SqsMessage message, base::SteadyPoint received, base::SteadyPoint deadline,
             base::SteadyPoint renew_at);
  Entry* find(EntryId id);
  void erase(EntryId id);
  // After any change of deadline, renew_at, stage, extending or lost.
  void reorder(Entry& entry);

  std::size_t size() const { return entries_.size(); }
  std::size_t count(Stage stage) const;
  void for_each(const std::function<void(Entry&)>& visit);

  // When the next entry needs attention; none if no entry ever will.
  std::optional<base::SteadyPoint> next_wake() const;
  // Entries that need attention at `now`, in the order of their wake times.
  std::vector<EntryId> due(base::SteadyPoint now) const;

 private:
  struct Slot {
    Entry entry;
    std::optional<base::SteadyPoint> wake;
  };
  static std::optional<base::SteadyPoint> wake_of(const Entry& entry);

  EntryId next_id_ = 1;
  std::unordered_map<EntryId, std::unique_ptr<Slot>> entries_;
  std::set<std::pair<base::SteadyPoint, EntryId>> order_;
};

}  // namespace worker
