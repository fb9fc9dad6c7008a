// Timeline: what happened to the messages that are still of interest, with virtual times; and one
// hash over everything that ever happened, by which two runs are compared.
#pragma once

#include "base/clock.h"
#include "tests/soak/ledger.h"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace soak {

enum class What : std::uint8_t {
  kStored,
  kHandedOut,
  kReceived,
  kBegun,
  kDone,
  kRetry,
  kDefer,
  kPoison,
  kThrew,
  kCancelled,
  kHides,       // a worker asks SQS for a visibility timeout
  kHidden,      // SQS did it
  kHid,         // and the worker was told
  kNotHid,      // the worker was told that it failed, or nothing
  kRefused,     // the worker was told that its handle is not valid any more
  kVisible,     // a timer ran out
  kDeletes,     // a worker asks for the delete
  kFailed,      // SQS answered that it could not
  kDeleted,     // SQS did it
  kNotDeleted,  // SQS said that it did
  kBuried,
  kDeadLetter,  // stored in a dead-letter queue
  kKilled,      // its worker was
};

struct Event {
  base::Duration at{0};
  What what = What::kStored;
  std::int16_t worker = -1;  // -1: SQS
  std::int32_t receive = 0;  // which receive of the message it is about; 0: none
  std::uint32_t copy = 0;    // the message's number in its queue: a body may be in several
  std::int64_t detail = 0;   // milliseconds, for timeouts
};

class Timeline {
 public:
  void add(Serial serial, Event event);
  // No longer of interest.
  void forget(Serial serial) { events_.erase(serial); }
  std::string text_of(Serial serial) const;
  std::uint64_t hash() const { return hash_; }
  std::uint64_t events() const { return count_; }

 private:
  std::unordered_map<Serial, std::vector<Event>> events_;
  std::uint64_t hash_ = 14695981039346656037U;  // FNV-1a
  std::uint64_t count_ = 0;
};

}  // namespace soak
