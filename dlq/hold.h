// Hold: the messages of a dead-letter queue that we hold hidden, ordered by when their visibility
// ends. Pure bookkeeping, no I/O.
#pragma once

#include "base/clock.h"
#include "base/names.h"
#include "dlq/letter_id.h"

#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace dlq {

class Hold {
 public:
  struct Held {
    base::ReceiptHandle handle;
    base::SteadyPoint received;   // before the receive was sent
    base::SteadyPoint until;      // when somebody else may see it
    base::Duration extension{0};  // the next one's length
    bool kept = false;            // looked at and not wanted: to be given back
  };

  // A message that comes again replaces its handle: only the newest one counts.
  void put(const LetterId& id, Held held);
  Held* find(const LetterId& id);
  void extended(const LetterId& id, base::SteadyPoint until);
  void drop(const LetterId& id);

  std::size_t size() const { return held_.size(); }
  std::size_t kept() const;
  // Ids whose visibility ends before `time`, the first of them first, at most `count`.
  std::vector<LetterId> ending_before(base::SteadyPoint time, std::size_t count) const;
  std::vector<LetterId> all() const;

 private:
  std::unordered_map<LetterId, Held, LetterIdHash> held_;
  std::set<std::pair<base::SteadyPoint, LetterId>> order_;
};

}  // namespace dlq
