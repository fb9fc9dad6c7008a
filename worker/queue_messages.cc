// QueueRuntime, the way of a message: begun, consumed, settled. Its other half, queue_runtime.cc,
// is the queue as a whole: start, drain, room, and what is lost.
#include "aws/payload_pointer.h"
#include "base/guarded.h"
#include "base/log.h"
#include "base/traced_executor.h"
#include "messages/decode.h"
#include "worker/message_trace.h"
#include "worker/metrics.h"
#include "worker/queue_runtime.h"
#include "worker/tracer.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include <utility>

namespace worker {

namespace asio = boost::asio;
using asio::awaitable;

void QueueRuntime::on_messages(std::vector<aws::SqsMessage> messages, base::SteadyPoint sent) {
  const auto deadline = sent + settings_.visibility;
  const auto renew_at = keeper_.renewal_time(deadline);
  const auto now = context_.clock.steady_now();
  for (aws::SqsMessage& message : messages) {
    const bool finished = leaver_.is_finished(message.message_id);
    Entry& entry = table_.add(std::move(message), sent, deadline, renew_at);
    entry.started = now;
    if (finished) {
      // Done before, but its delete was lost: not run again, deleted with its new handle.
      metrics_.duplicate();
      leaver_.finish(entry);
    } else if (draining_) {
      leaver_.give_back(entry, base::Duration(0));
    } else if (!settings_.target.fifo || lanes_.enter(entry.message.group_id, entry.id)) {
      ready_.push_back(entry.id);
    }
  }
  table_changed();
  begin_ready();
}

// In a loop, not one inside the other: a consumer that never waits ends inside begin(), and that
// may make the next of its lane ready.
void QueueRuntime::begin_ready() {
  if (std::exchange(beginning_, true)) return;
  while (!ready_.empty()) {
    Entry* entry = table_.find(ready_.front());
    ready_.pop_front();
    if (entry != nullptr && entry->stage == Stage::kPending) begin(*entry);
  }
  beginning_ = false;
}

void QueueRuntime::begin(Entry& entry) {
  entry.stage = Stage::kRunning;
  entry.started = context_.clock.steady_now();
  entry.trace = trace_of_message(entry.message);
  if (context_.tracer != nullptr) {
    entry.trace = context_.tracer->begin(std::move(entry.trace), entry.message, settings_);
  }
  if (aws::is_payload_pointer(entry.message.body)) return fetch(entry);
  handle(entry, entry.message.body);
}

// The message is running while its body comes from S3: its visibility is kept, it can be cancelled.
void QueueRuntime::fetch(Entry& entry) {
  entry.kind = "pointer";  // until the body is known
  ++consuming_;
  auto on_end = [this, id = entry.id](std::exception_ptr error, Fetched fetched) {
    on_fetched(id, error, std::move(fetched));
  };
  asio::co_spawn(base::traced(context_.executor, entry.trace),
                 base::guarded(context_.payloads.fetch(entry.message.body)),
                 asio::bind_cancellation_slot(entry.cancel.slot(), std::move(on_end)));
}

void QueueRuntime::on_fetched(EntryId id, std::exception_ptr error, Fetched fetched) {
  Entry& entry = *table_.find(id);
  auto* payload = std::get_if<Payload>(&fetched);
  if (!error) metrics_.payload("fetch", payload == nullptr ? "error" : "ok");
  if (error) return on_consumed(id, error, {});
  if (payload == nullptr) {
    return on_consumed(id, nullptr, std::move(std::get<consumers::Verdict>(fetched)));
  }
  --consuming_;
  if (entry.lost) {
    settle(entry, consumers::Retry{base::Duration(0), "visibility lost"});
  } else if (draining_) {
    leaver_.give_back(entry, base::Duration(0));  // no consumer begins any more
  } else {
    entry.payload = std::make_unique<aws::ObjectName>(std::move(payload->object));
    handle(entry, payload->body);
  }
}

// The entry may be gone afterwards.
void QueueRuntime::handle(Entry& entry, const std::string& body) {
  try {
    dispatch(entry, body);
  } catch (const std::exception& bug) {
    // One message that trips a bug must not stop those behind it.
    base::log_error(
        "worker", "a message could not be begun",
        with_trace(entry.trace, {{"queue", settings_.role}, {"exception", bug.what()}}));
    if (entry.stage != Stage::kRunning) return;
    settle(entry, consumers::Retry{base::Duration(0), std::string("exception: ") + bug.what()});
  }
}

void QueueRuntime::dispatch(Entry& entry, const std::string& body) {
  auto decoded = messages::decode(body);
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
  metrics_.received(entry.kind, context_.clock.now() - entry.message.sent_at,
                    entry.message.receive_count);
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
                                      " takes messages of kind " + std::string(entry.kind),
                                  "unroutable"});
}

void QueueRuntime::consume(Entry& entry, consumers::Consumer& consumer,
                           consumers::Delivery delivery) {
  entry.consumer = &consumer;
  ++consuming_;
  auto on_end = [this, id = entry.id](std::exception_ptr error, consumers::Verdict verdict) {
    on_consumed(id, error, std::move(verdict));
  };
  // Not guarded: on the runtime's own thread it begins inside this call, so that nothing can cancel
  // it before its first step.
  asio::co_spawn(base::traced(context_.executor, entry.trace),
                 consumer.consume(std::move(delivery)),
                 asio::bind_cancellation_slot(entry.cancel.slot(), std::move(on_end)));
}

void QueueRuntime::on_consumed(EntryId id, std::exception_ptr error, consumers::Verdict verdict) {
  --consuming_;
  changed_.ring();
  Entry& entry = *table_.find(id);
  if (!error) {
    judge(entry, verdict);
    settle(entry, std::move(verdict));
    return;
  }
  switch (entry.cancelled) {
    case Cancelled::kVisibilityLost:
      settle(entry, consumers::Retry{base::Duration(0), "visibility lost"});
      return;
    case Cancelled::kHandOver:
      entry.stage = Stage::kSettling;
      tasks_.spawn("handing over", settle_task(id, {}, true), {}, entry.trace);
      return;
    case Cancelled::kGiveBack:
      leaver_.give_back(entry, base::Duration(0));
      return;
    case Cancelled::kNo:
      break;
  }
  const std::string what = describe_exception(error);
  base::log_error(
      "worker", "a consumer ended with an exception",
      with_trace(entry.trace,
                 {{"queue", settings_.role},
                  {"consumer", entry.consumer == nullptr ? "none" : entry.consumer->name()},
                  {"message_id", entry.message.message_id},
                  {"exception", what}}));
  consumers::Retry retry{base::Duration(0), "exception: " + what};
  judge(entry, retry);
  settle(entry, std::move(retry));
}

// For the overload rule: whether what the consumer depends on works.
void QueueRuntime::judge(const Entry& entry, const consumers::Verdict& verdict) {
  if (entry.lost || std::holds_alternative<consumers::Defer>(verdict)) return;
  const auto before = overload_.circuit();
  const auto now = context_.clock.steady_now();
  if (std::holds_alternative<consumers::Retry>(verdict)) {
    overload_.failed(now);
  } else {
    overload_.succeeded(now);
  }
  if (overload_.circuit() == before) return;
  if (overload_.circuit() == Overload::Circuit::kClosed) {
    base::log_info("worker", "handlers succeed again, polling as before",
                   {{"queue", settings_.role}});
  } else {
    base::log_error("worker", "nearly all handlers fail, polling stops for a while",
                    {{"queue", settings_.role}});
  }
  pool_.room_changed();
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
  const auto settled = settler_.settle_at_once(entry, verdict);
  if (settled) {
    left_lane(entry.message.group_id, *settled);
    return;
  }
  tasks_.spawn("settling a message", settle_task(entry.id, std::move(verdict), false), {},
               entry.trace);
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
    const EntryId next = lanes_.next(group);
    if (next == 0) return;
    if (table_.find(next) != nullptr) {
      ready_.push_back(next);
      begin_ready();
      return;
    }
    // Lost while it waited: it comes back, and those behind it must not overtake it.
  }
  for (const EntryId id : lanes_.close(group)) {
    Entry* entry = table_.find(id);
    if (entry != nullptr && entry->stage == Stage::kPending) {
      leaver_.give_back(*entry, base::Duration(0));
    }
  }
}

}  // namespace worker
