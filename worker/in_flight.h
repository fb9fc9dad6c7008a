// InFlightTable: every message that we hold, from its receive to its delete, in one structure
// ordered by when it needs attention next: an extension of its visibility, or its loss.
// Single-threaded; pure bookkeeping, no I/O.
#pragma once

#include "aws/s3.h"
#include "aws/sqs.h"
#include "base/clock.h"
#include "base/trace.h"
#include "consumers/consumer.h"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/container/deque.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace worker {

// Ours, never used twice: SQS may deliver one message twice in a batch.
using EntryId = std::uint64_t;

enum class Stage : std::uint8_t {
  kPending,   // received, not begun
  kRunning,   // a consumer works on it
  kSettling,  // its verdict is being carried out
  kDone,      // waits to be deleted
  kLeaving,   // the request that deletes or returns it is under way: not extended any more
};

// Why a running consumer was cancelled.
enum class Cancelled : std::uint8_t { kNo, kVisibilityLost, kHandOver, kGiveBack };

// Kept small: a worker may hold a hundred thousand of them.
struct Entry {
  EntryId id = 0;
  aws::SqsMessage message;
  base::SteadyPoint received;  // before the receive was sent
  base::SteadyPoint deadline;  // when another worker may see it
  base::SteadyPoint renew_at;  // when to extend; not extended if at or after the deadline
  base::SteadyPoint started;
  base::Duration return_after{0};                     // visibility to give it back with
  boost::asio::cancellation_signal cancel{};          // of the running consumer
  std::shared_ptr<const base::TraceContext> trace{};  // known once it has begun; mostly none
  std::unique_ptr<aws::ObjectName> payload{};         // to be removed once the message is deleted
  std::string_view kind;                          // of the decoded message, one of messages/kinds.h
  const consumers::Consumer* consumer = nullptr;  // that works or worked on it
  int delete_attempts = 0;
  Stage stage = Stage::kPending;
  Cancelled cancelled = Cancelled::kNo;
  bool extending = false;       // an extension is under way
  bool renewal_failed = false;  // the last extension failed and will be tried again at renew_at
  bool leave_wanted = false;    // to leave as soon as the extension under way has ended
  bool lost = false;
  std::uint32_t place = UINT32_MAX;  // of the table alone: where it stands in the order of wakes
};

class InFlightTable {
 public:
  static constexpr std::size_t kEntriesMax = std::size_t(1) << 20U;

  // References stay valid until erase(). At most kEntriesMax entries at once.
  Entry& add(aws::SqsMessage message, base::SteadyPoint received, base::SteadyPoint deadline,
             base::SteadyPoint renew_at);
  Entry* find(EntryId id);
  void erase(EntryId id);
  // After any change of deadline, renew_at, stage, extending or lost.
  void reorder(Entry& entry);

  std::size_t size() const { return size_; }
  std::size_t count(Stage stage) const;
  void for_each(const std::function<void(Entry&)>& visit);

  // When the next entry needs attention; none if no entry ever will.
  std::optional<base::SteadyPoint> next_wake() const;
  // Entries that need attention at `now`, in the order of their wake times.
  std::vector<EntryId> due(base::SteadyPoint now) const;
  // The `count` entries that come next after `now`, in the order of their wake times.
  std::vector<EntryId> next_after(base::SteadyPoint now, std::size_t count) const;

 private:
  static constexpr std::uint32_t kNotQueued = UINT32_MAX;
  using Slot = std::optional<Entry>;
  struct Wake {
    base::SteadyPoint at;
    std::uint32_t slot = 0;
  };

  static std::uint32_t slot_of(EntryId id) { return static_cast<std::uint32_t>(id % kEntriesMax); }
  static std::optional<base::SteadyPoint> wake_of(const Entry& entry);
  void put(std::uint32_t place, Wake wake);
  void sift_up(std::uint32_t place, Wake wake);
  void sift_down(std::uint32_t place, Wake wake);
  void unqueue(Entry& entry);
  template <class Visit>
  void in_order(Visit visit) const;

  EntryId next_number_ = 1;
  std::size_t size_ = 0;
  // Of stable address; in blocks, since std::deque would ask malloc for every single one.
  using Blocks = boost::container::deque_options<boost::container::block_size<64>>::type;
  boost::container::deque<Slot, void, Blocks> slots_;
  std::vector<std::uint32_t> free_;
  std::vector<Wake> order_;  // a binary heap, the earliest first; every entry knows its place
};

}  // namespace worker
