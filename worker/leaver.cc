#include "worker/leaver.h"

#include "base/log.h"
#include "worker/backoff.h"
#include "worker/large_payload.h"
#include "worker/message_trace.h"
#include "worker/metrics.h"
#include "worker/no_throw.h"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <algorithm>
#include <utility>
#include <variant>

namespace worker {
namespace {

constexpr std::size_t kFinishedMax = 10'000;
constexpr base::Duration kDeleteRetryBase{200};
constexpr base::Duration kDeleteRetryCap{5'000};
constexpr base::Duration kDeleteRetryFloor{50};
constexpr base::Duration kStoppingStep{1'000};
// S3 must not hold up a shutdown.
constexpr base::Duration kRemoveDeadline{10'000};

std::chrono::seconds whole_seconds(base::Duration duration) {
  // Up: nothing may come back earlier than it was asked for.
  return std::chrono::ceil<std::chrono::seconds>(duration);
}

}  // namespace

Leaver::Leaver(Context& context, const QueueSettings& settings, InFlightTable& table,
               TaskGroup& tasks, std::function<void()> on_gone)
    : context_(context),
      settings_(settings),
      metrics_(context.metrics.queue(settings.role)),
      table_(table),
      tasks_(tasks),
      on_gone_(std::move(on_gone)),
      deletes_(context, tasks, "deleting messages",
               [this](std::vector<EntryId> ids) { return delete_batch(std::move(ids)); }),
      returns_(context, tasks, "giving messages back",
               [this](std::vector<EntryId> ids) { return give_back_batch(std::move(ids)); }) {}

void Leaver::finish(Entry& entry) {
  if (entry.lost) {
    lost(entry);
    return;
  }
  entry.stage = Stage::kDone;
  table_.reorder(entry);
  deletes_.add(entry.id);
}

void Leaver::give_back(Entry& entry, base::Duration after) {
  if (entry.lost) {
    gone(entry.id);
    return;
  }
  // Not beyond what SQS allows for this delivery.
  const auto left = std::chrono::duration_cast<base::Duration>(
      entry.received + kDeliveryMax - kDeliveryMargin - context_.clock.steady_now());
  entry.return_after = std::clamp(after, base::Duration(0), std::max(left, base::Duration(0)));
  entry.stage = Stage::kLeaving;
  table_.reorder(entry);
  returns_.add(entry.id);
}

void Leaver::extension_ended(Entry& entry) {
  if (!entry.leave_wanted) return;
  entry.leave_wanted = false;
  if (entry.stage == Stage::kDone) deletes_.add(entry.id);
  if (entry.stage == Stage::kLeaving) returns_.add(entry.id);
}

void Leaver::lost(Entry& entry) {
  remember(entry.message.message_id);
  gone(entry.id);
}

void Leaver::flush() {
  deletes_.flush();
  returns_.flush();
}

boost::asio::awaitable<void> Leaver::delete_batch(std::vector<EntryId> ids) {
  std::vector<base::ReceiptHandle> handles;
  std::vector<EntryId> asked;
  handles.reserve(ids.size());
  asked.reserve(ids.size());
  const auto now = context_.clock.steady_now();
  for (const EntryId id : ids) {
    Entry* entry = table_.find(id);
    if (entry == nullptr || entry->stage != Stage::kDone) continue;
    if (entry->extending) {
      entry->leave_wanted = true;  // one request about a message at a time
      continue;
    }
    if (now >= entry->deadline) {
      lost(*entry);  // somebody else may have it: too late to delete it with this handle
      continue;
    }
    entry->stage = Stage::kLeaving;
    table_.reorder(*entry);
    handles.push_back(entry->message.receipt_handle);
    asked.push_back(id);
  }
  if (asked.empty()) co_return;
  metrics_.delete_batch(asked.size());
  const auto result = co_await no_throw(
      context_.sqs.delete_message_batch(settings_.target.url, std::move(handles)));
  // Together, as they were asked for; but what is refused must not hold up what only failed.
  std::vector<EntryId> soon;
  std::vector<EntryId> later;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (result && result->at(i)) {
      deleted(asked[i]);
      continue;
    }
    const base::Error error = result ? result->at(i).error() : result.error();
    if (not_deleted(asked[i], error)) (error.is_transient() ? soon : later).push_back(asked[i]);
  }
  delete_again(std::move(soon), kDeleteRetryBase, kDeleteRetryCap, kDeleteRetryFloor);
  delete_again(std::move(later), kPermanentFloor, kPermanentCap, kPermanentFloor);
}

void Leaver::delete_again(std::vector<EntryId> ids, base::Duration delay_base, base::Duration cap,
                          base::Duration floor) {
  if (ids.empty()) return;
  int attempts = 1;
  for (const EntryId id : ids) attempts = std::max(attempts, table_.find(id)->delete_attempts);
  const auto delay = full_jitter(context_.random, attempts, delay_base, cap, floor);
  tasks_.spawn("deleting messages again", delete_after(std::move(ids), delay));
}

// The queue entry is gone; what it pointed to goes second and at leisure.
void Leaver::deleted(EntryId id) {
  metrics_.deleted("ok");
  Entry* entry = table_.find(id);
  if (entry != nullptr) metrics_.visibility_left(entry->deadline - context_.clock.steady_now());
  if (entry != nullptr && entry->payload != nullptr) {
    tasks_.spawn("removing a payload", remove_payload(std::move(*entry->payload)), {},
                 entry->trace);
  }
  gone(id);
}

boost::asio::awaitable<void> Leaver::remove_payload(aws::ObjectName object) {
  using boost::asio::experimental::awaitable_operators::operator||;
  const auto outcome = co_await (context_.payloads.remove(std::move(object)) ||
                                 context_.clock.sleep_for(kRemoveDeadline));
  const auto* removed = std::get_if<0>(&outcome);
  const bool ok = removed != nullptr && removed->has_value();
  metrics_.payload("remove", ok ? "ok" : "error");
  if (ok) co_return;
  base::log_warn(
      "worker", "a payload was not removed, that is left to its bucket's lifecycle rule",
      {{"queue", settings_.role},
       {"error", removed == nullptr ? "no answer in time" : removed->error().to_string()}});
}

bool Leaver::not_deleted(EntryId id, const base::Error& error) {
  Entry* entry = table_.find(id);
  if (entry == nullptr) return false;
  metrics_.deleted("error");
  const bool hopeless = error.kind == base::ErrorKind::kInvalid;  // not valid any more
  if (hopeless || context_.clock.steady_now() >= entry->deadline) {
    base::log_warn("worker", "a finished message could not be deleted and may come back",
                   with_trace(entry->trace, {{"queue", settings_.role},
                                             {"message_id", entry->message.message_id},
                                             {"error", error.to_string()}}));
    lost(*entry);
    return false;
  }
  entry->stage = Stage::kDone;
  ++entry->delete_attempts;
  table_.reorder(*entry);
  return true;
}

boost::asio::awaitable<void> Leaver::delete_after(std::vector<EntryId> ids, base::Duration delay) {
  // In short steps: a drain does not wait for the whole of a long back-off.
  const auto until = context_.clock.steady_now() + delay;
  while (!stopping_ && context_.clock.steady_now() < until) {
    co_await context_.clock.sleep_until(
        std::min(until, context_.clock.steady_now() + kStoppingStep));
  }
  if (stopping_) co_return;
  for (const EntryId id : ids) deletes_.add(id);
}

boost::asio::awaitable<void> Leaver::give_back_batch(std::vector<EntryId> ids) {
  std::vector<aws::VisibilityEntry> entries;
  std::vector<EntryId> asked;
  for (const EntryId id : ids) {
    Entry* entry = table_.find(id);
    if (entry == nullptr) continue;
    if (entry->extending) {
      entry->leave_wanted = true;
      continue;
    }
    entries.push_back({entry->message.receipt_handle, whole_seconds(entry->return_after)});
    asked.push_back(id);
  }
  if (asked.empty()) co_return;
  const auto result = co_await no_throw(
      context_.sqs.change_message_visibility_batch(settings_.target.url, entries));
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const bool ok = result && result->at(i);
    metrics_.returned(ok ? "ok" : "error");
    // Not fatal: it comes back by itself when its visibility ends.
    gone(asked[i]);
  }
  if (!result) {
    base::log_warn("worker", "giving messages back failed, they come back by themselves",
                   {{"queue", settings_.role}, {"error", result.error().to_string()}});
  }
}

void Leaver::gone(EntryId id) {
  table_.erase(id);
  on_gone_();
}

void Leaver::remember(const std::string& message_id) {
  if (!finished_.insert(message_id).second) return;
  finished_order_.push_back(message_id);
  if (finished_order_.size() > kFinishedMax) {
    finished_.erase(finished_order_.front());
    finished_order_.pop_front();
  }
}

}  // namespace worker
