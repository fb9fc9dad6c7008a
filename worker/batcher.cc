#include "worker/batcher.h"

#include <utility>

namespace worker {

Batcher::Batcher(Context& context, TaskGroup& tasks, std::string what, Flush flush)
    : context_(context), tasks_(tasks), what_(std::move(what)), flush_(std::move(flush)) {}

void Batcher::add(EntryId id) {
  waiting_.push_back(id);
  if (waiting_.size() >= kBatchMax) {
    flush();
  } else if (waiting_.size() == 1) {
    tasks_.spawn(what_, linger(generation_));
  }
}

void Batcher::flush() {
  ++generation_;
  if (waiting_.empty()) return;
  tasks_.spawn(what_, flush_(std::exchange(waiting_, {})));
}

boost::asio::awaitable<void> Batcher::linger(std::uint64_t generation) {
  co_await context_.clock.sleep_for(kLinger);
  if (generation == generation_) flush();
}

}  // namespace worker
