// QueueRuntime: the life of every message of one queue, from poll to delete (ARCHITECTURE.md).
#pragma once

#include "base/alarm.h"
#include "consumers/consumer.h"
#include "worker/context.h"
#include "worker/in_flight.h"
#include "worker/keeper.h"
#include "worker/lanes.h"
#include "worker/large_payload.h"
#include "worker/leaver.h"
#include "worker/metrics.h"
#include "worker/overload.h"
#include "worker/poller_pool.h"
#include "worker/settler.h"
#include "worker/task_group.h"

#include <boost/asio/awaitable.hpp>

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace worker {

class QueueRuntime {
 public:
  // What runs long and is handed over at shutdown instead of being waited for, by consumer name.
  static constexpr std::string_view kHandedOver = "recycle";

  struct Callbacks {
    std::function<int()> room_in_all;  // for messages of any queue of this worker
    std::function<void()> on_room;     // there is more of it
  };

  struct Running {
    std::string message_id;
    std::string kind;
    std::string consumer;
    std::string trace_id;  // as its sender's tools show it; empty: none
    int attempt = 0;
    base::Duration since{0};
  };

  // Consumers are asked in this order. References outlive the runtime.
  QueueRuntime(Context& context, QueueSettings settings,
               const std::map<std::string, QueueTarget>& routes,
               const std::vector<consumers::Consumer*>& consumers, Callbacks callbacks);

  // Until drain() was called and nothing is in hand any more.
  boost::asio::awaitable<void> run();
  // Stops polling, gives back what has not begun, hands over what runs long; run() then waits for
  // the rest until the drain deadline and returns.
  void drain();

  // Paused: no new poll; what is in hand goes on, and so does what a poll under way still brings.
  void pause(bool yes);
  bool is_paused() const { return paused_; }
  void room_changed() { pool_.room_changed(); }

  const QueueSettings& settings() const { return settings_; }
  const PollerPool& pollers() const { return pool_; }
  Overload::Circuit circuit() const { return overload_.circuit(); }
  std::size_t in_flight() const { return table_.size(); }
  // What consumers work on, the oldest first, at most `most` of them.
  std::vector<Running> running(std::size_t most);
  // In hand, or on its way.
  int claimed() const { return static_cast<int>(table_.size()) + pool_.claimed(); }

 private:
  Room room();
  void on_messages(std::vector<aws::SqsMessage> messages, base::SteadyPoint sent);
  void begin_ready();
  void begin(Entry& entry);
  void fetch(Entry& entry);
  void on_fetched(EntryId id, std::exception_ptr error, Fetched fetched);
  void handle(Entry& entry, const std::string& body);
  void dispatch(Entry& entry, const std::string& body);
  void consume(Entry& entry, consumers::Consumer& consumer, consumers::Delivery delivery);
  void on_consumed(EntryId id, std::exception_ptr error, consumers::Verdict verdict);
  void judge(const Entry& entry, const consumers::Verdict& verdict);
  void settle(Entry& entry, consumers::Verdict verdict);
  boost::asio::awaitable<void> settle_task(EntryId id, consumers::Verdict verdict, bool hand_over);
  void left_lane(const std::string& group, bool finished);
  void on_lost(EntryId id);
  void cancel(Entry& entry, Cancelled why);
  void table_changed();
  boost::asio::awaitable<void> wait_empty(base::SteadyPoint deadline);

  Context& context_;
  QueueSettings settings_;
  QueueMetrics& metrics_;
  const std::vector<consumers::Consumer*>& consumers_;
  Callbacks callbacks_;
  InFlightTable table_;
  TaskGroup tasks_;
  Lanes lanes_;
  std::deque<EntryId> ready_;  // may begin; more may be added while one of them begins
  bool beginning_ = false;
  std::size_t consuming_ = 0;  // consumers and fetches that have not ended
  Overload overload_;
  Leaver leaver_;
  Settler settler_;
  VisibilityKeeper keeper_;
  PollerPool pool_;
  std::unique_ptr<Metrics::Refresher> refresher_;
  base::Alarm drain_requested_;
  base::Alarm changed_;
  bool paused_ = false;
  bool draining_ = false;
};

}  // namespace worker
