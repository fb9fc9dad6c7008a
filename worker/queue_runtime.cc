#include "worker/queue_runtime.h"

#include "base/log.h"
#include "worker/message_trace.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace worker {

namespace asio = boost::asio;
using asio::awaitable;

namespace {

// After the drain deadline: for the last deletes and returns to reach SQS.
constexpr base::Duration kFlushDeadline{10'000};

}  // namespace

QueueRuntime::QueueRuntime(Context& context, QueueSettings settings,
                           const std::map<std::string, QueueTarget>& routes,
                           const std::vector<consumers::Consumer*>& consumers, Callbacks callbacks)
    : context_(context),
      settings_(std::move(settings)),
      metrics_(context.metrics.queue(settings_.role)),
      consumers_(consumers),
      callbacks_(std::move(callbacks)),
      tasks_(context.executor, context.clock),
      overload_(settings_.in_flight_max, context.random),
      leaver_(context, settings_, table_, tasks_, [this] { table_changed(); }),
      settler_(context, settings_, routes, leaver_),
      keeper_(context, settings_, table_, tasks_,
              {.on_lost = [this](EntryId id) { on_lost(id); },
               .on_extended = [this](EntryId id) { leaver_.extension_ended(*table_.find(id)); }}),
      pool_(context, settings_, tasks_,
            {.room = [this] { return room(); },
             .on_messages = [this](
                                std::vector<aws::SqsMessage> messages,
                                base::SteadyPoint sent) { on_messages(std::move(messages), sent); },
             .on_room = [this] { callbacks_.on_room(); }}),
      refresher_(context.metrics.before_reading(
          [this] { metrics_.prefetched(table_.count(Stage::kPending)); })),
      drain_requested_(context.executor, context.clock),
      changed_(context.executor, context.clock) {
  metrics_.allowance(overload_.most(), to_string(overload_.circuit()));
}

awaitable<void> QueueRuntime::run() {
  pool_.start();
  tasks_.spawn("keeping visibility", keeper_.run());
  co_await drain_requested_.wait();
  // Short work may finish; what is left by then goes back to the queue.
  co_await wait_empty(context_.clock.steady_now() + settings_.drain_deadline);
  table_.for_each([this](Entry& entry) {
    if (entry.stage == Stage::kRunning) cancel(entry, Cancelled::kGiveBack);
  });
  co_await wait_empty(context_.clock.steady_now() + kFlushDeadline);
  if (table_.size() > 0) {
    base::log_warn("worker", "ended with messages in hand, they come back by themselves",
                   {{"queue", settings_.role}, {"messages", table_.size()}});
  }
  keeper_.stop();
  leaver_.stop();
  // Cancelled long ago; what they work with must outlive them.
  while (consuming_ > 0) co_await changed_.wait();
  co_await tasks_.join();
}

void QueueRuntime::drain() {
  if (draining_) return;
  draining_ = true;
  pool_.stop();
  table_.for_each([this](Entry& entry) {
    if (entry.stage == Stage::kPending) leaver_.give_back(entry, base::Duration(0));
    if (entry.consumer != nullptr && entry.consumer->name() == kHandedOver) {
      cancel(entry, Cancelled::kHandOver);
    }
  });
  leaver_.flush();
  drain_requested_.ring();
}

void QueueRuntime::pause(bool yes) {
  if (paused_ == yes) return;
  paused_ = yes;
  metrics_.paused(yes);
  base::log_info("worker", yes ? "paused" : "resumed", {{"queue", settings_.role}});
  pool_.room_changed();
}

Room QueueRuntime::room() {
  if (paused_) return {};
  const auto held = static_cast<int>(table_.size());
  const int allowed = overload_.allowance(context_.clock.steady_now(), held);
  metrics_.allowance(allowed, to_string(overload_.circuit()));
  if (allowed == 0) return {0, overload_.opens_at()};
  // What is said of the whole worker counts the claims of polls, what is said of the queue does
  // not.
  return {std::min(allowed - held, callbacks_.room_in_all() + pool_.claimed()), std::nullopt};
}

awaitable<void> QueueRuntime::wait_empty(base::SteadyPoint deadline) {
  while (table_.size() > 0 && context_.clock.steady_now() < deadline) {
    co_await changed_.wait_until(deadline);
  }
}

std::vector<QueueRuntime::Running> QueueRuntime::running(std::size_t most) {
  std::vector<Running> running;
  const auto now = context_.clock.steady_now();
  table_.for_each([&](const Entry& entry) {
    if (entry.stage != Stage::kRunning || running.size() >= most) return;
    running.push_back(
        {.message_id = entry.message.message_id,
         .kind = std::string(entry.kind),
         .consumer =
             entry.consumer == nullptr ? std::string() : std::string(entry.consumer->name()),
         .trace_id = entry.trace == nullptr ? std::string() : base::shown_trace_id(*entry.trace),
         .attempt = entry.message.receive_count,
         .since = std::chrono::duration_cast<base::Duration>(now - entry.started)});
  });
  return running;
}

void QueueRuntime::on_lost(EntryId id) {
  Entry& entry = *table_.find(id);
  if (entry.lost) return;
  entry.lost = true;
  table_.reorder(entry);
  metrics_.visibility_lost();
  base::log_warn("worker", "visibility lost, the message will come back",
                 with_trace(entry.trace, {{"queue", settings_.role},
                                          {"message_id", entry.message.message_id},
                                          {"kind", entry.kind}}));
  switch (entry.stage) {
    case Stage::kPending:
      table_.erase(id);
      table_changed();
      return;
    case Stage::kRunning:
      cancel(entry, Cancelled::kVisibilityLost);
      return;
    case Stage::kSettling:
      return;  // the leaver drops it
    case Stage::kDone:
      leaver_.lost(entry);
      return;
    case Stage::kLeaving:
      // On its way back, since what is being deleted is not extended: not finished, so that it is
      // not deleted unread when it comes again.
      leaver_.give_back(entry, base::Duration(0));
      return;
  }
}

void QueueRuntime::cancel(Entry& entry, Cancelled why) {
  if (entry.cancelled == Cancelled::kNo || why == Cancelled::kVisibilityLost) entry.cancelled = why;
  // Never from inside the consumer's own call stack.
  asio::post(context_.executor, [this, id = entry.id] {
    Entry* running = table_.find(id);
    if (running != nullptr) running->cancel.emit(asio::cancellation_type::terminal);
  });
}

void QueueRuntime::table_changed() {
  metrics_.in_flight(table_.size());
  keeper_.table_changed();
  callbacks_.on_room();
  changed_.ring();
}

}  // namespace worker
