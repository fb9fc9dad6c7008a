// QueueRuntime: the life of every message of one queue, from poll to delete (ARCHITECTURE.md).
#pragma once

#include "consumers/consumer.h"
#include "worker/context.h"
#include "worker/in_flight.h"
#include "worker/keeper.h"
#include "worker/lanes.h"
#include "worker/leaver.h"
#include "worker/poller.h"
#include "worker/settler.h"
#include "worker/task_group.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace worker {

class QueueRuntime {
 public:
  // What runs long and is handed over at shutdown instead of being waited for, by consumer name.
  static constexpr std::string_view kHandedOver = "recycle";

  // Consumers are asked in this order. References outlive the runtime.
  QueueRuntime(Context& context, QueueSettings settings,
               const std::map<std::string, QueueTarget>& routes,
               const std::vector<consumers::Consumer*>& consumers);

  // Until drain() was called and nothing is in hand any more.
  boost::asio::awaitable<void> run();
  // Stops polling, gives back what has not begun, hands over what runs long; run() then waits for
  // the rest until the drain deadline and returns.
  void drain();

  const QueueSettings& settings() const { return settings_; }
  const Poller& poller() const { return poller_; }
  std::size_t in_flight() const { return table_.size(); }

 private:
  void on_messages(std::vector<aws::SqsMessage> messages, base::SteadyPoint sent);
  void begin(EntryId id);
  void consume(Entry& entry, consumers::Consumer& consumer, consumers::Delivery delivery);
  void on_consumed(EntryId id, std::exception_ptr error, consumers::Verdict verdict);
  void settle(Entry& entry, consumers::Verdict verdict);
  boost::asio::awaitable<void> settle_task(EntryId id, consumers::Verdict verdict, bool hand_over);
  void left_lane(const std::string& group, bool finished);
  void on_lost(EntryId id);
  void cancel(Entry& entry, Cancelled why);
  void table_changed();
  boost::asio::awaitable<void> wait_empty(base::SteadyPoint deadline);

  Context& context_;
  QueueSettings settings_;
  const std::vector<consumers::Consumer*>& consumers_;
  InFlightTable table_;
  TaskGroup tasks_;
  Lanes lanes_;
  Leaver leaver_;
  Settler settler_;
  VisibilityKeeper keeper_;
  Poller poller_;
  Alarm drain_requested_;
  Alarm changed_;
  boost::asio::cancellation_signal poll_cancel_;
  bool draining_ = false;
};

}  // namespace worker
