// VisibilityKeeper: keeps what is in flight invisible to other workers.
//
// Extends by ChangeMessageVisibilityBatch, ten a request, before the margin runs out, measured from
// before the request was sent. What cannot be kept is reported as lost exactly once.
#pragma once

#include "base/alarm.h"
#include "worker/context.h"
#include "worker/in_flight.h"
#include "worker/task_group.h"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <vector>

namespace worker {

class VisibilityKeeper {
 public:
  struct Callbacks {
    std::function<void(EntryId)> on_lost;
    std::function<void(EntryId)> on_extended;  // an extension has ended, well or not
  };

  // References outlive the keeper; `tasks` carries its requests.
  VisibilityKeeper(Context& context, const QueueSettings& settings, InFlightTable& table,
                   TaskGroup& tasks, Callbacks callbacks);

  // Until stop().
  boost::asio::awaitable<void> run();
  void stop();
  void table_changed();  // an entry may need attention earlier than was known

  // When to extend entries whose visibility ends at `deadline`: a margin before it, with jitter.
  // Once for all that was received or extended together, so that it stays together.
  base::SteadyPoint renewal_time(base::SteadyPoint deadline);

 private:
  void tend();
  bool may_extend(Entry& entry, base::SteadyPoint now);
  boost::asio::awaitable<void> extend(std::vector<EntryId> ids);
  void extended(Entry& entry, base::SteadyPoint sent, base::Duration visibility,
                base::SteadyPoint renew_at);
  void not_extended(Entry& entry, const base::Error& error, double jitter);
  base::Duration visibility_left(const Entry& entry) const;

  Context& context_;
  const QueueSettings& settings_;
  QueueMetrics& metrics_;
  InFlightTable& table_;
  TaskGroup& tasks_;
  Callbacks callbacks_;
  base::Alarm changed_;
  std::optional<base::SteadyPoint> sleeping_until_;
  bool stopping_ = false;
};

}  // namespace worker
