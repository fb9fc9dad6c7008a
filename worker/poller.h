// Poller: takes messages from one queue for as long as there is room for them.
//
// One long poll after the other; on errors it backs off with full jitter, never zero; a poll that
// does not answer is ended by a deadline of its own, so that a dead connection cannot silence it.
#pragma once

#include "worker/alarm.h"
#include "worker/context.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <functional>
#include <vector>

namespace worker {

class Poller {
 public:
  struct Callbacks {
    std::function<int()> room;  // how many messages may be taken now
    // `sent` is the steady time before the receive was sent: what visibility is measured from.
    std::function<void(std::vector<aws::SqsMessage>, base::SteadyPoint sent)> on_messages;
  };

  // References outlive the poller.
  Poller(Context& context, const QueueSettings& settings, Callbacks callbacks);

  // Until it is cancelled through the slot given to its task, or stop().
  boost::asio::awaitable<void> run();
  void stop();          // no further poll; a poll under way is cancelled by the caller
  void room_changed();  // there may be room now

  // Healthy: the last poll that ended well, or the wait for room, is at most `age_max` old.
  bool is_healthy(base::Duration age_max) const;
  const std::string& last_error() const { return last_error_; }

 private:
  boost::asio::awaitable<base::Result<std::vector<aws::SqsMessage>>> receive(int count);
  base::Duration back_off(const base::Error& error);

  Context& context_;
  const QueueSettings& settings_;
  Callbacks callbacks_;
  Alarm room_;
  bool stopping_ = false;
  bool waiting_for_room_ = false;
  int failures_ = 0;
  base::SteadyPoint last_success_;
  std::string last_error_;
};

}  // namespace worker
