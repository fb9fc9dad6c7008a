// Poller: one long poll after the other on one queue, for as long as there is room for messages.
//
// On errors it backs off with full jitter, never zero. How many pollers a queue has, and what
// happens to one that is stuck, is the pool's business (worker/poller_pool.h).
#pragma once

#include "aws/retry.h"
#include "base/alarm.h"
#include "worker/context.h"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace worker {

class QueueMetrics;

// Of the calls behind Context::polls: none inside a call, the poller tries again by itself.
// Visibility is measured from before a receive was sent, and for messages that the second attempt
// brought that would be the time of the first: nearly lost, or lost, when they arrive.
inline constexpr aws::RetryPolicy kPollRetry{.attempts_max = 1};

// How many messages may be asked for now; if none, when it may be different without anybody saying
// so (else room_changed() says it).
struct Room {
  int messages = 0;
  std::optional<base::SteadyPoint> ask_again;
};

class Poller {
 public:
  struct Callbacks {
    // Sets room aside for a poll; given back by `unclaim` when the poll has ended.
    std::function<Room()> claim;
    std::function<void(int)> unclaim;
    // `sent` is the steady time before the receive was sent: what visibility is measured from.
    std::function<void(std::vector<aws::SqsMessage>, base::SteadyPoint sent)> on_messages;
    // A poll that asked for so many brought so many. False: this poller is not needed any more.
    std::function<bool(int asked, std::size_t received)> go_on;
    // It was ended from outside, or by a bug.
    std::function<void()> on_broken_off;
  };

  // References outlive the poller.
  Poller(Context& context, const QueueSettings& settings, const Callbacks& callbacks);

  // Until stop(), cancellation, or until it is not needed any more. May be run again.
  boost::asio::awaitable<void> run();
  void stop();          // no further poll; a poll under way is cancelled by the caller
  void room_changed();  // there may be room now
  void given_up() { deadline_.reset(); }  // the poll under way is being cancelled

  bool is_running() const { return running_; }
  bool waits_for_room() const { return waiting_for_room_; }
  // When the poll under way should have answered at the latest; none if there is none.
  std::optional<base::SteadyPoint> deadline() const { return deadline_; }
  base::SteadyPoint last_success() const { return last_success_; }
  const std::string& last_error() const { return last_error_; }

 private:
  boost::asio::awaitable<void> run_to_end();
  boost::asio::awaitable<void> poll_until_stopped();
  boost::asio::awaitable<base::Result<std::vector<aws::SqsMessage>>> receive(int count);
  boost::asio::awaitable<void> wait_for_room(Room room);
  boost::asio::awaitable<void> back_off(base::Error error);
  std::string attempt_id(base::SteadyPoint now);
  void ended();

  Context& context_;
  const QueueSettings& settings_;
  const Callbacks& callbacks_;
  QueueMetrics& metrics_;
  base::Alarm room_;
  bool running_ = false;
  bool stopping_ = false;
  bool waiting_for_room_ = false;
  int claimed_ = 0;
  int failures_ = 0;
  std::string attempt_id_;  // of a receive on a FIFO queue that has not been answered yet
  base::SteadyPoint attempt_since_;
  std::optional<base::SteadyPoint> deadline_;
  base::SteadyPoint last_success_;
  std::string last_error_;
};

}  // namespace worker
