#include "worker/keeper.h"

#include "base/log.h"
#include "worker/backoff.h"
#include "worker/metrics.h"

#include <algorithm>
#include <utility>

namespace worker {
namespace {

// Enough for a few attempts at 15 s each; half of the timeout when that is short.
constexpr base::Duration kMarginMax{20'000};
constexpr base::Duration kRetryDelay{1'000};

bool means_lost(const base::Error& error) {
  return error.code == "MessageNotInflight" || error.code == "ReceiptHandleIsInvalid";
}

}  // namespace

VisibilityKeeper::VisibilityKeeper(Context& context, const QueueSettings& settings,
                                   InFlightTable& table, TaskGroup& tasks, Callbacks callbacks)
    : context_(context),
      settings_(settings),
      table_(table),
      tasks_(tasks),
      callbacks_(std::move(callbacks)),
      changed_(context.executor, context.clock) {}

void VisibilityKeeper::stop() {
  stopping_ = true;
  changed_.ring();
}

void VisibilityKeeper::table_changed() {
  const auto wake = table_.next_wake();
  if (wake && (!sleeping_until_ || *wake < *sleeping_until_)) changed_.ring();
}

base::SteadyPoint VisibilityKeeper::renewal_time(base::SteadyPoint deadline) {
  const auto margin = std::min(settings_.visibility / 2, kMarginMax);
  const double jitter = context_.random.uniform() * 0.1;
  const auto early = static_cast<std::int64_t>(jitter * double(settings_.visibility.count()));
  return deadline - margin - base::Duration(early);
}

boost::asio::awaitable<void> VisibilityKeeper::run() {
  while (!stopping_) {
    sleeping_until_ = table_.next_wake();
    if (!sleeping_until_) {
      co_await changed_.wait();
      continue;
    }
    co_await changed_.wait_until(*sleeping_until_);
    tend();
  }
}

void VisibilityKeeper::tend() {
  const auto now = context_.clock.steady_now();
  std::vector<EntryId> batch;
  // A little ahead of time, so that entries received together travel together.
  for (const EntryId id : table_.due(now + settings_.visibility / 10)) {
    Entry& entry = *table_.find(id);
    if (now >= entry.deadline) {
      callbacks_.on_lost(id);
      continue;
    }
    if (entry.extending || entry.renew_at >= entry.deadline) continue;
    if (entry.renewal_failed && entry.renew_at > now) continue;  // its back-off holds
    if (now + visibility_left(entry) < entry.deadline + std::chrono::seconds(1)) {
      entry.renew_at = entry.deadline;  // nothing to gain: SQS's 12 hours are nearly over
      table_.reorder(entry);
      continue;
    }
    entry.extending = true;
    table_.reorder(entry);
    batch.push_back(id);
    if (batch.size() < kBatchMax) continue;
    tasks_.spawn("extending visibility", extend(std::exchange(batch, {})));
  }
  if (!batch.empty()) tasks_.spawn("extending visibility", extend(std::move(batch)));
}

base::Duration VisibilityKeeper::visibility_left(const Entry& entry) const {
  const auto end = entry.received + kDeliveryMax - kDeliveryMargin;
  const auto left = std::chrono::duration_cast<base::Duration>(end - context_.clock.steady_now());
  return std::min(settings_.visibility, left);
}

boost::asio::awaitable<void> VisibilityKeeper::extend(std::vector<EntryId> ids) {
  std::vector<aws::VisibilityEntry> entries;
  std::vector<EntryId> asked;
  for (const EntryId id : ids) {
    const Entry* entry = table_.find(id);
    if (entry == nullptr) continue;
    const auto visibility =
        std::chrono::duration_cast<std::chrono::seconds>(visibility_left(*entry));
    entries.push_back({entry->message.receipt_handle, visibility});
    asked.push_back(id);
  }
  if (asked.empty()) co_return;
  const auto sent = context_.clock.steady_now();
  const auto result =
      co_await context_.sqs.change_message_visibility_batch(settings_.target.url, entries);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    Entry* entry = table_.find(asked[i]);
    if (entry == nullptr) continue;
    entry->extending = false;
    if (!result)
      not_extended(asked[i], result.error());
    else if (!result->at(i))
      not_extended(asked[i], result->at(i).error());
    else
      extended(asked[i], sent, entries[i].visibility);
    if (table_.find(asked[i]) != nullptr) callbacks_.on_extended(asked[i]);
  }
  table_changed();
}

void VisibilityKeeper::extended(EntryId id, base::SteadyPoint sent, base::Duration visibility) {
  Entry& entry = *table_.find(id);
  context_.metrics.extended(settings_.role, "ok");
  if (entry.lost) return;
  entry.renewal_failed = false;
  entry.deadline = sent + visibility;
  entry.renew_at = renewal_time(entry.deadline);
  table_.reorder(entry);
}

void VisibilityKeeper::not_extended(EntryId id, const base::Error& error) {
  Entry& entry = *table_.find(id);
  if (entry.lost) return;
  context_.metrics.extended(settings_.role, means_lost(error) ? "lost" : "error");
  if (means_lost(error)) {
    callbacks_.on_lost(id);
    return;
  }
  base::log_warn("worker", "extending visibility failed, will try again",
                 {{"queue", settings_.role},
                  {"message_id", entry.message.message_id},
                  {"error", error.to_string()}});
  const auto delay = full_jitter(context_.random, 1, kRetryDelay, kRetryDelay, base::Duration(100));
  entry.renewal_failed = true;
  entry.renew_at = context_.clock.steady_now() + delay;
  table_.reorder(entry);
}

}  // namespace worker
