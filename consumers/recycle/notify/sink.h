// Sink: one place where notices go. What it is told is told in order within a lane (a Slack
// channel, a page's key); lanes do not wait for each other.
#pragma once

#include "base/clock.h"
#include "consumers/recycle/notify/notice.h"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace consumers::recycle {

// What became of one attempt.
struct Receipt {
  enum class Fate { kTaken, kAgain, kRefused };  // kRefused: another attempt would not help
  Fate fate = Fate::kTaken;
  base::Duration not_before{0};  // kAgain: the receiver asked for at least this much patience
  std::string why;               // for the log; never a secret
};

class Sink {
 public:
  virtual ~Sink() = default;
  virtual std::string_view name() const = 0;  // "slack"
  // None: this sink is not told of it.
  virtual std::optional<std::string> lane_of(const Notice& notice) const = 0;
  // Between two notices of one lane.
  virtual base::Duration pace() const { return base::Duration(0); }
  // One attempt, with a timeout of its own. May be cancelled.
  virtual boost::asio::awaitable<Receipt> send(Notice notice) = 0;
};

}  // namespace consumers::recycle
