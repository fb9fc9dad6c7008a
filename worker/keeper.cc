#include "worker/keeper.h"

#include "base/log.h"
#include "worker/backoff.h"
#include "worker/metrics.h"
#include "worker/no_throw.h"

#include <algorithm>
#include <utility>

namespace worker {
namespace {

// Enough for a few attempts at 15 s each; half of the timeout when that is short.
constexpr base::Duration kMarginMax{20'000};
constexpr base::Duration kRetryDelay{1'000};
constexpr base::Duration kPermanentDelay{5'000};  // denied, no such queue: somebody may heal it
// Of the visibility timeout: so that a hundred workers started together do not beat together.
constexpr double kJitter = 0.05;

// What SQS says of one entry whose handle is not the message's last one any more, or whose message
// is visible or gone. With InvalidParameterValue it also refuses to go beyond its 12 hours; that is
// no loss yet.
bool means_lost(const base::Error& error) {
  if (error.code.starts_with("InvalidParameterValue")) {
    return error.message.find("Total VisibilityTimeout") == std::string::npos;
  }
  // Also with the prefix of SQS's older protocol.
  return error.code.ends_with("MessageNotInflight") || error.code == "ReceiptHandleIsInvalid";
}

}  // namespace

VisibilityKeeper::VisibilityKeeper(Context& context, const QueueSettings& settings,
                                   InFlightTable& table, TaskGroup& tasks, Callbacks callbacks)
    : context_(context),
      settings_(settings),
      metrics_(context.metrics.queue(settings.role)),
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
  const double jitter = context_.random.uniform() * kJitter;
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
  const auto take = [&](EntryId id) {
    Entry& entry = *table_.find(id);
    if (!may_extend(entry, now)) return;
    entry.extending = true;
    table_.reorder(entry);
    batch.push_back(id);
    if (batch.size() < kBatchMax) return;
    tasks_.spawn("extending visibility", extend(std::exchange(batch, {})));
  };
  for (const EntryId id : table_.due(now)) {
    if (now >= table_.find(id)->deadline) {
      callbacks_.on_lost(id);
    } else {
      take(id);
    }
  }
  if (batch.empty()) return;
  // The request is sent anyway: those that come next travel along, and are in step from then on.
  for (const EntryId id : table_.next_after(now, kBatchMax)) {
    if (batch.empty()) return;
    take(id);
  }
  if (!batch.empty()) tasks_.spawn("extending visibility", extend(std::move(batch)));
}

bool VisibilityKeeper::may_extend(Entry& entry, base::SteadyPoint now) {
  if (entry.lost || entry.extending || entry.stage == Stage::kLeaving) return false;
  if (entry.renew_at >= entry.deadline) return false;
  if (entry.renewal_failed && entry.renew_at > now) return false;  // its back-off holds
  if (now + visibility_left(entry) >= entry.deadline + std::chrono::seconds(1)) return true;
  // Nothing to gain: it was extended just now, or SQS's 12 hours are nearly over.
  if (entry.renew_at <= now) {
    entry.renew_at = entry.deadline;
    table_.reorder(entry);
  }
  return false;
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
  const auto result = co_await no_throw(
      context_.sqs.change_message_visibility_batch(settings_.target.url, entries));
  const auto renew_at = renewal_time(sent + settings_.visibility);
  const double jitter = context_.random.uniform();  // one for all: they stay in step
  int failed = 0;
  std::string why;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    Entry* entry = table_.find(asked[i]);
    if (entry == nullptr) continue;
    entry->extending = false;
    if (result && result->at(i)) {
      extended(*entry, sent, entries[i].visibility, renew_at);
    } else {
      const base::Error& error = result ? result->at(i).error() : result.error();
      if (failed++ == 0) why = error.to_string();
      not_extended(*entry, error, jitter);
    }
    if (table_.find(asked[i]) != nullptr) callbacks_.on_extended(asked[i]);
  }
  if (failed > 0) {
    base::log_warn("worker", "extending visibility failed",
                   {{"queue", settings_.role}, {"messages", failed}, {"error", why}});
  }
  table_changed();
}

void VisibilityKeeper::extended(Entry& entry, base::SteadyPoint sent, base::Duration visibility,
                                base::SteadyPoint renew_at) {
  metrics_.extended("ok");
  if (entry.lost) return;
  const auto left = entry.deadline - context_.clock.steady_now();
  metrics_.visibility_left(left);
  if (left <= base::Duration(0)) {
    // Answered too late, which only happens once nobody tends the table: it may have been seen by
    // somebody else in between.
    callbacks_.on_lost(entry.id);
    return;
  }
  entry.renewal_failed = false;
  entry.deadline = sent + visibility;
  entry.renew_at = visibility < settings_.visibility ? renewal_time(entry.deadline) : renew_at;
  table_.reorder(entry);
}

void VisibilityKeeper::not_extended(Entry& entry, const base::Error& error, double jitter) {
  if (entry.lost) return;
  metrics_.extended(means_lost(error) ? "lost" : "error");
  if (means_lost(error)) {
    callbacks_.on_lost(entry.id);
    return;
  }
  const auto most = error.is_transient() ? kRetryDelay : kPermanentDelay;
  const auto delay = static_cast<std::int64_t>(double(most.count()) * (0.5 + jitter / 2));
  entry.renewal_failed = true;
  entry.renew_at = context_.clock.steady_now() + base::Duration(delay);
  table_.reorder(entry);
}

}  // namespace worker
