// Batcher: collects entries until there are ten, or a few milliseconds have passed, and hands them
// on together: one request for ten deletes, and a lone message is not kept waiting.
#pragma once

#include "worker/context.h"
#include "worker/in_flight.h"
#include "worker/task_group.h"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>
#include <vector>

namespace worker {

class Batcher {
 public:
  using Flush = std::function<boost::asio::awaitable<void>(std::vector<EntryId>)>;
  static constexpr base::Duration kLinger{5};

  // References outlive the batcher; `tasks` carries the flushes. `what` in -ing form.
  Batcher(Context& context, TaskGroup& tasks, std::string what, Flush flush);

  void add(EntryId id);
  void flush();  // now, if there is anything

 private:
  boost::asio::awaitable<void> linger();

  Context& context_;
  TaskGroup& tasks_;
  std::string what_;
  Flush flush_;
  std::vector<EntryId> waiting_;
  base::SteadyPoint flush_at_;
  bool lingering_ = false;
};

}  // namespace worker
