#include "worker/batcher.h"

#include <utility>

namespace worker {

Batcher::Batcher(Context& context, TaskGroup& tasks, std::string what, Flush flush)
    : context_(context), tasks_(tasks), what_(std::move(what)), flush_(std::move(flush)) {}

void Batcher::add(EntryId id) {
  waiting_.push_back(id);
  if (waiting_.size() >= kBatchMax) {
    flush();
    return;
  }
  if (waiting_.size() > 1) return;
  flush_at_ = context_.clock.steady_now() + kLinger;
  if (lingering_) return;
  lingering_ = true;
  tasks_.spawn(what_, linger());
}

void Batcher::flush() {
  if (waiting_.empty()) return;
  // One allocation for each batch, not five.
  std::vector<EntryId> batch;
  batch.reserve(kBatchMax);
  batch.swap(waiting_);
  tasks_.spawn(what_, flush_(std::move(batch)));
}

// One timer for all the batches that follow each other: at full load they are flushed full, long
// before they have lingered.
boost::asio::awaitable<void> Batcher::linger() {
  while (!waiting_.empty()) {
    const auto until = flush_at_;
    co_await context_.clock.sleep_until(until);
    if (until == flush_at_) flush();
  }
  lingering_ = false;
}

}  // namespace worker
