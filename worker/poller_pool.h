// PollerPool: the pollers of one queue, from one to settings.pollers_max.
//
// Grows while receives come back full, shrinks to one when they do not: an idle queue costs one
// long poll. A poller that does not answer by its deadline is ended by the watchdog and replaced,
// and so is one that a bug has ended: no connection and no exception can silence a queue.
#pragma once

#include "base/alarm.h"
#include "worker/context.h"
#include "worker/poller.h"
#include "worker/task_group.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace worker {

class PollerPool {
 public:
  struct Callbacks {
    // Room for messages beside those in hand; the pool takes off what its polls have claimed.
    std::function<Room()> room;
    std::function<void(std::vector<aws::SqsMessage>, base::SteadyPoint sent)> on_messages;
    std::function<void()> on_room;  // a poll has ended: what it had claimed is free
  };

  // References outlive the pool; `tasks` carries the pollers.
  PollerPool(Context& context, const QueueSettings& settings, TaskGroup& tasks,
             Callbacks callbacks);

  void start();
  // No further poll, and those under way are cancelled.
  void stop();
  void room_changed();

  // Healthy: the last poll that ended well, or the wait for room, is at most `age_max` old.
  bool is_healthy(base::Duration age_max) const;
  std::string last_error() const;
  std::size_t running() const;
  int claimed() const { return claimed_; }  // messages that the polls under way may bring

 private:
  struct Member {
    std::unique_ptr<Poller> poller;
    boost::asio::cancellation_signal cancel;
  };

  Room claim();
  void unclaim(int messages);
  bool go_on(int asked, std::size_t received);
  void on_broken_off();
  void grow();
  void spawn(Member& member);
  boost::asio::awaitable<void> watch();
  void tend();
  base::SteadyPoint next_look() const;

  Context& context_;
  const QueueSettings& settings_;
  TaskGroup& tasks_;
  QueueMetrics& metrics_;
  Callbacks callbacks_;
  Poller::Callbacks for_pollers_;
  std::vector<std::unique_ptr<Member>> members_;
  base::Alarm look_;  // the watchdog's
  bool stopping_ = false;
  std::optional<base::SteadyPoint> replace_at_;  // a poller that broke off
  int claimed_ = 0;
  std::optional<base::SteadyPoint> little_room_since_;
};

}  // namespace worker
