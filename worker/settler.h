// Settler: carries a verdict out. What must be sent is sent first; only then the message goes.
#pragma once

#include "consumers/consumer.h"
#include "worker/context.h"
#include "worker/in_flight.h"
#include "worker/leaver.h"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <optional>
#include <string>

namespace worker {

class Settler {
 public:
  // `routes`: queues that a verdict may send to, by role. References outlive the settler.
  Settler(Context& context, const QueueSettings& settings,
          const std::map<std::string, QueueTarget>& routes, Leaver& leaver);

  // The entry is in stage kSettling; afterwards the leaver has it. True if the message is finished
  // (deleted or about to be), so that the next of its FIFO group may begin; false if it comes back.
  boost::asio::awaitable<bool> settle(Entry& entry, consumers::Verdict verdict);
  // The same for what needs nothing sent, which is nearly everything; none if it does.
  std::optional<bool> settle_at_once(Entry& entry, const consumers::Verdict& verdict);
  // For the next worker, at once. On a FIFO queue the message itself goes back and keeps its place
  // before its siblings, as long as receives are left for failures. Else a copy of it goes to the
  // end of the queue, without its receive count; if that cannot be sent, the message goes back.
  boost::asio::awaitable<bool> hand_over(Entry& entry);

 private:
  boost::asio::awaitable<bool> done(Entry& entry, consumers::Done verdict);
  boost::asio::awaitable<bool> defer_by_copy(Entry& entry, consumers::Defer verdict);
  bool needs_copy(const Entry& entry) const;
  base::Duration time_until(const consumers::Defer& verdict) const;
  bool finish(Entry& entry, const std::string& reason);
  boost::asio::awaitable<bool> poison(Entry& entry, consumers::Poison verdict);
  bool keeps_its_place(const Entry& entry) const;
  bool retry(Entry& entry, base::Duration at_least, const std::string& reason);
  void sent_on(Entry& entry);
  boost::asio::awaitable<base::Result<void>> send_outgoing(const Entry& entry,
                                                           consumers::Outgoing outgoing);
  // `delay` counts on standard queues only.
  boost::asio::awaitable<base::Result<void>> send_copy(Entry& entry, base::Duration delay);
  void log_verdict(const Entry& entry, const char* verdict, const std::string& reason);

  Context& context_;
  const QueueSettings& settings_;
  QueueMetrics& metrics_;
  const std::map<std::string, QueueTarget>& routes_;
  Leaver& leaver_;
};

}  // namespace worker
