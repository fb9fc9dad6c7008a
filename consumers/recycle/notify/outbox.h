// Outbox: the notices that one sink has not taken yet, and which of them is due. Pure: it is told
// the time. Bounded: when it is full the oldest notice goes.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "consumers/recycle/notify/sink.h"

#include <deque>
#include <map>
#include <optional>
#include <string>

namespace consumers::recycle {

struct OutboxLimits {
  std::size_t notices_max = 1'000;
  base::Duration age_max = std::chrono::hours(1);  // older ones are given up
  base::Duration backoff_base{1'000};
  base::Duration backoff_cap{300'000};
};

class Outbox {
 public:
  explicit Outbox(OutboxLimits limits = {}) : limits_(limits) {}

  // How many notices had to go for it: 0 or 1.
  int push(const std::string& lane, Notice notice, base::SteadyPoint now);
  // The due notice that waits longest, if there is one; it stays until settle(). Those that grew
  // too old on the way are counted in given_up().
  std::optional<Notice> take(base::SteadyPoint now);
  // What became of the one taken last. `pace` counts from now.
  void settle(const Receipt& receipt, base::Duration pace, base::SteadyPoint now,
              base::Random& random);
  // When take() may have something; none while it is empty.
  std::optional<base::SteadyPoint> next_due() const;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::uint64_t given_up() const { return given_up_; }

 private:
  struct Entry {
    Notice notice;
    base::SteadyPoint since;
    std::uint64_t number = 0;
    int attempts = 0;
  };
  struct Lane {
    std::deque<Entry> entries;
    base::SteadyPoint not_before;
  };
  void drop_oldest();
  void give_up_old(base::SteadyPoint now);
  void forget_idle(base::SteadyPoint now);

  OutboxLimits limits_;
  std::map<std::string, Lane> lanes_;
  std::optional<std::string> taken_;  // its lane
  std::uint64_t taken_number_ = 0;
  std::uint64_t pushed_ = 0;
  std::uint64_t given_up_ = 0;
  std::size_t size_ = 0;
};

}  // namespace consumers::recycle
