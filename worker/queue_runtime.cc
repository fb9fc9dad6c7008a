#include "worker/queue_runtime.h"

#include "base/log.h"
#include "messages/decode.h"
#include "worker/guarded.h"
#include "worker/metrics.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace worker {

namespace asio = boost::asio;
using asio::awaitable;

namespace {

// Begins from the executor's queue, so that a consumer that never waits cannot end inside begin().
awaitable<consumers::Verdict> consume_later(consumers::Consumer& consumer,
                                            consumers::Delivery delivery) {
  co_await asio::post(asio::use_awaitable);
  co_return co_await consumer.consume(std::move(delivery));
}

// After the drain deadline: for the last deletes and returns to reach SQS.
constexpr base::Duration kFlushDeadline{10'000};

}  // namespace

QueueRuntime::QueueRuntime(Context& context, QueueSettings settings,
                           const std::map<std::string, QueueTarget>& routes,
                           const std::vector<consumers::Consumer*>& consumers)
    : context_(context),
      settings_(std::move(settings)),
      consumers_(consumers),
      tasks_(context.executor, context.clock),
      leaver_(context, settings_, table_, tasks_, [this] { table_changed(); }),
      settler_(context, settings_, routes, leaver_),
      keeper_(context, settings_, table_, tasks_,
              {.on_lost = [this](EntryId id) { on_lost(id); },
               .on_extended = [this](EntryId id) { leaver_.extension_ended(*table_.find(id)); }}),
      poller_(context, settings_,
              {.room = [this] { return settings_.in_flight_max - static_cast<int>(table_.size()); },
               .on_messages =
                   [this](std::vector<aws::SqsMessage> messages, base::SteadyPoint sent) {
                     on_messages(std::move(messages), sent);
                   }}),
      drain_requested_(context.executor, context.clock),
      changed_(context.executor, context.clock) {}

awaitable<void> QueueRuntime::run() {
  tasks_.spawn("polling", poller_.run(), poll_cancel_.slot());
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
  co_await tasks_.join();
}

void QueueRuntime::drain() {
  if (draining_) return;
  draining_ = true;
  poller_.stop();
  poll_cancel_.emit(asio::cancellation_type::terminal);
  table_.for_each([this](Entry& entry) {
    if (entry.stage == Stage::kPending) leaver_.give_back(entry, base::Duration(0));
    if (entry.stage == Stage::kRunning && entry.consumer == kHandedOver) {
      cancel(entry, Cancelled::kHandOver);
    }
  });
  leaver_.flush();
  drain_requested_.ring();
}

awaitable<void> QueueRuntime::wait_empty(base::SteadyPoint deadline) {
  while (table_.size() > 0 && context_.clock.steady_now() < deadline) {
    co_await changed_.wait_until(deadline);
  }
}

void QueueRuntime::on_messages(std::vector<aws::SqsMessage> messages, base::SteadyPoint sent) {
  for (aws::SqsMessage& message : messages) {
    const auto deadline = sent + settings_.visibility;
    const bool finished = leaver_.is_finished(message.message_id);
    Entry& entry = table_.add(std::move(message), sent, deadline, keeper_.renewal_time(deadline));
    entry.started = context_.clock.steady_now();
    if (finished) {
      // Done before, but its delete was lost: not run again, deleted with its new handle.
      context_.metrics.duplicate(settings_.role);
      leaver_.finish(entry);
    } else if (draining_) {
      leaver_.give_back(entry, base::Duration(0));
    } else if (lanes_.enter(settings_.target.fifo ? entry.message.group_id : "", entry.id)) {
      begin(entry.id);
    }
  }
  table_changed();
}

void QueueRuntime::begin(EntryId id) {
  Entry& entry = *table_.find(id);
  entry.stage = Stage::kRunning;
  entry.started = context_.clock.steady_now();
  auto decoded = messages::decode(entry.message.body);
  if (!decoded) {
    entry.kind = "garbage";
    settle(entry, consumers::Poison{decoded.error().message, "decode"});
    return;
  }
  entry.kind = decoded->kind;
  consumers::Delivery delivery{.message = std::move(*decoded),
                               .message_id = entry.message.message_id,
                               .receive_count = entry.message.receive_count,
                               .sent_at = entry.message.sent_at,
                               .queue = settings_.role};
  context_.metrics.received(settings_.role, entry.kind,
                            context_.clock.now() - entry.message.sent_at);
  for (consumers::Consumer* consumer : consumers_) {
    if (!consumer->accepts(delivery)) continue;
    consume(entry, *consumer, std::move(delivery));
    return;
  }
  if (const auto* ignored = std::get_if<messages::Ignored>(&delivery.message.payload)) {
    settle(entry, consumers::Done{"ignored: " + ignored->reason, {}});
    return;
  }
  settle(entry, consumers::Poison{"no consumer on queue " + settings_.role +
                                      " takes messages of kind " + entry.kind,
                                  "unroutable"});
}

void QueueRuntime::consume(Entry& entry, consumers::Consumer& consumer,
                           consumers::Delivery delivery) {
  entry.consumer = consumer.name();
  auto on_end = [this, id = entry.id](std::exception_ptr error, consumers::Verdict verdict) {
    on_consumed(id, error, std::move(verdict));
  };
  asio::co_spawn(context_.executor, guarded(consume_later(consumer, std::move(delivery))),
                 asio::bind_cancellation_slot(entry.cancel.slot(), std::move(on_end)));
}

void QueueRuntime::on_consumed(EntryId id, std::exception_ptr error, consumers::Verdict verdict) {
  Entry& entry = *table_.find(id);
  if (!error) {
    settle(entry, std::move(verdict));
    return;
  }
  switch (entry.cancelled) {
    case Cancelled::kVisibilityLost:
      settle(entry, consumers::Retry{base::Duration(0), "visibility lost"});
      return;
    case Cancelled::kHandOver:
      entry.stage = Stage::kSettling;
      tasks_.spawn("handing over", settle_task(id, {}, true));
      return;
    case Cancelled::kGiveBack:
      leaver_.give_back(entry, base::Duration(0));
      return;
    case Cancelled::kNo:
      break;
  }
  const std::string what = describe_exception(error);
  base::log_error("worker", "a consumer ended with an exception",
                  {{"queue", settings_.role},
                   {"consumer", entry.consumer},
                   {"message_id", entry.message.message_id},
                   {"exception", what}});
  settle(entry, consumers::Retry{base::Duration(0), "exception: " + what});
}

void QueueRuntime::settle(Entry& entry, consumers::Verdict verdict) {
  if (entry.lost) {
    // Somebody else has it, or will: whatever came out of it here does not count.
    const std::string group = entry.message.group_id;
    table_.erase(entry.id);
    table_changed();
    left_lane(group, false);
    return;
  }
  entry.stage = Stage::kSettling;
  tasks_.spawn("settling a message", settle_task(entry.id, std::move(verdict), false));
}

awaitable<void> QueueRuntime::settle_task(EntryId id, consumers::Verdict verdict, bool hand_over) {
  Entry& entry = *table_.find(id);
  const std::string group = entry.message.group_id;
  bool finished = false;
  std::exception_ptr bug;
  try {
    if (hand_over)
      finished = co_await settler_.hand_over(entry);
    else
      finished = co_await settler_.settle(entry, std::move(verdict));
  } catch (...) {
    bug = std::current_exception();
  }
  if (bug) {
    // The message must not stay in the table for ever because of it.
    leaver_.give_back(entry, settings_.retry_base);
  }
  left_lane(group, finished);
  if (bug) std::rethrow_exception(bug);
}

void QueueRuntime::left_lane(const std::string& group, bool finished) {
  if (!settings_.target.fifo) return;
  if (finished && !draining_) {
    EntryId next = lanes_.next(group);
    while (next != 0 && table_.find(next) == nullptr) next = lanes_.next(group);  // lost meanwhile
    if (next != 0) begin(next);
    return;
  }
  for (const EntryId id : lanes_.close(group)) {
    Entry* entry = table_.find(id);
    if (entry != nullptr && entry->stage == Stage::kPending) {
      leaver_.give_back(*entry, base::Duration(0));
    }
  }
}

void QueueRuntime::on_lost(EntryId id) {
  Entry& entry = *table_.find(id);
  if (entry.lost) return;
  entry.lost = true;
  table_.reorder(entry);
  context_.metrics.visibility_lost(settings_.role);
  base::log_warn(
      "worker", "visibility lost, the message will come back",
      {{"queue", settings_.role}, {"message_id", entry.message.message_id}, {"kind", entry.kind}});
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
    case Stage::kLeaving:
      leaver_.lost(entry);
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
  context_.metrics.in_flight(settings_.role, table_.size());
  keeper_.table_changed();
  poller_.room_changed();
  changed_.ring();
}

}  // namespace worker
