#include "worker/settler.h"

#include "base/log.h"
#include "dlq/dead_letter.h"
#include "worker/backoff.h"
#include "worker/large_payload.h"
#include "worker/message_trace.h"
#include "worker/metrics.h"
#include "worker/tracer.h"
#include "worker/version.h"

#include <algorithm>

namespace worker {
namespace {

using boost::asio::awaitable;

constexpr base::Duration kVisibilityMin{1'000};  // nothing comes back at once and burns receives
constexpr base::Duration kDelayMax{900'000};     // SendMessage's longest
constexpr int kReceivesKept = 3;                 // receives that waiting may not use up

}  // namespace

Settler::Settler(Context& context, const QueueSettings& settings,
                 const std::map<std::string, QueueTarget>& routes, Leaver& leaver)
    : context_(context),
      settings_(settings),
      metrics_(context.metrics.queue(settings.role)),
      routes_(routes),
      leaver_(leaver) {}

std::optional<bool> Settler::settle_at_once(Entry& entry, const consumers::Verdict& verdict) {
  if (const auto* done = std::get_if<consumers::Done>(&verdict)) {
    if (!done->outgoing.empty()) return std::nullopt;
    return finish(entry, done->reason);
  }
  if (const auto* again = std::get_if<consumers::Retry>(&verdict)) {
    return retry(entry, again->after, again->reason);
  }
  if (const auto* defer = std::get_if<consumers::Defer>(&verdict)) {
    if (needs_copy(entry)) return std::nullopt;
    log_verdict(entry, "defer", defer->reason);
    leaver_.give_back(entry, std::max(time_until(*defer), kVisibilityMin));
    return false;
  }
  return std::nullopt;
}

awaitable<bool> Settler::settle(Entry& entry, consumers::Verdict verdict) {
  if (const auto settled = settle_at_once(entry, verdict)) co_return *settled;
  if (auto* verdict_done = std::get_if<consumers::Done>(&verdict)) {
    co_return co_await done(entry, std::move(*verdict_done));
  }
  if (auto* verdict_defer = std::get_if<consumers::Defer>(&verdict)) {
    co_return co_await defer_by_copy(entry, std::move(*verdict_defer));
  }
  co_return co_await poison(entry, std::move(std::get<consumers::Poison>(verdict)));
}

bool Settler::finish(Entry& entry, const std::string& reason) {
  log_verdict(entry, "done", reason);
  leaver_.finish(entry);
  return true;
}

// The copy points to the same payload: it is not removed with this message.
void Settler::sent_on(Entry& entry) {
  entry.payload.reset();
  leaver_.finish(entry);
}

awaitable<bool> Settler::done(Entry& entry, consumers::Done verdict) {
  for (consumers::Outgoing& outgoing : verdict.outgoing) {
    if (entry.lost) {
      // Whoever has it now sends what is left, too.
      leaver_.give_back(entry, base::Duration(0));
      co_return false;
    }
    const std::string role = outgoing.queue;
    if (!routes_.contains(role)) {
      // No retry brings the queue into the configuration.
      consumers::Poison unroutable{"no " + role + " queue is configured to send to", "unroutable"};
      co_return co_await poison(entry, std::move(unroutable));
    }
    const auto sent = co_await send_outgoing(entry, std::move(outgoing));
    if (!sent) {
      co_return retry(entry, base::Duration(0),
                      "sending to " + role + ": " + sent.error().to_string());
    }
  }
  co_return finish(entry, verdict.reason);
}

bool Settler::retry(Entry& entry, base::Duration at_least, const std::string& reason) {
  const auto delay = full_jitter(context_.random, entry.message.receive_count, settings_.retry_base,
                                 settings_.retry_cap, kVisibilityMin);
  log_verdict(entry, "retry", reason);
  leaver_.give_back(entry, std::max(delay, at_least));
  return false;
}

base::Duration Settler::time_until(const consumers::Defer& verdict) const {
  return std::chrono::duration_cast<base::Duration>(verdict.until - context_.clock.now());
}

// It was hidden before and came back: a copy starts with a fresh receive count.
bool Settler::needs_copy(const Entry& entry) const {
  return entry.message.receive_count > 1 && !keeps_its_place(entry);
}

awaitable<bool> Settler::defer_by_copy(Entry& entry, consumers::Defer verdict) {
  const auto wait = time_until(verdict);
  const auto sent = co_await send_copy(entry, wait);
  if (!sent) co_return retry(entry, wait, "deferring: " + sent.error().to_string());
  log_verdict(entry, "defer", verdict.reason);
  sent_on(entry);
  co_return true;
}

// A copy would go to the end of its message group, and the recycle of a sibling group would begin
// while this one is half way: with one instance a group, the component would be gone.
bool Settler::keeps_its_place(const Entry& entry) const {
  if (!settings_.target.fifo || !settings_.receives_max) return false;
  return *settings_.receives_max == 0 ||
         entry.message.receive_count + kReceivesKept <= *settings_.receives_max;
}

awaitable<bool> Settler::hand_over(Entry& entry) {
  if (keeps_its_place(entry)) {
    log_verdict(entry, "handover", "shutting down");
    leaver_.give_back(entry, base::Duration(0));
    co_return false;
  }
  const auto sent = co_await send_copy(entry, base::Duration(0));
  if (!sent) {
    log_verdict(entry, "retry", "handing over: " + sent.error().to_string());
    leaver_.give_back(entry, base::Duration(0));
    co_return false;
  }
  log_verdict(entry, "handover", "shutting down");
  sent_on(entry);
  co_return true;
}

awaitable<bool> Settler::poison(Entry& entry, consumers::Poison verdict) {
  metrics_.poisoned(verdict.error_kind);
  if (!settings_.dead_letters) {
    base::log_error("worker", "a poison message has no dead-letter queue to go to",
                    with_trace(entry.trace, {{"queue", settings_.role},
                                             {"message_id", entry.message.message_id},
                                             {"reason", verdict.reason}}));
    co_return retry(entry, settings_.retry_cap, verdict.reason);
  }
  const dlq::Cause cause{
      .reason = verdict.reason,
      .error_kind = verdict.error_kind,
      .source_queue = settings_.name,
      .consumer = entry.consumer ? std::string(entry.consumer->name()) : std::string(),
      .version = kVersion,
      .trace_id = entry.trace ? entry.trace->trace_id : std::string(),
      .now = context_.clock.now()};
  auto letter = dlq::make_dead_letter(entry.message, cause, settings_.dead_letters->fifo);
  letter.send.queue = settings_.dead_letters->url;
  const auto sent = co_await context_.payloads.send(context_.sqs, std::move(letter.send));
  if (!sent) {
    co_return retry(entry, base::Duration(0),
                    "sending to the dead-letter queue: " + sent.error().to_string());
  }
  base::log_warn("worker", "message went to the dead-letter queue",
                 with_trace(entry.trace, {{"queue", settings_.role},
                                          {"message_id", entry.message.message_id},
                                          {"dead_letter_id", *sent},
                                          {"error_kind", verdict.error_kind},
                                          {"reason", verdict.reason},
                                          {"attributes_left_out", letter.left_out.size()}}));
  log_verdict(entry, "poison", verdict.reason);
  sent_on(entry);
  co_return true;
}

awaitable<base::Result<void>> Settler::send_outgoing(const Entry& entry,
                                                     consumers::Outgoing outgoing) {
  const QueueTarget& target = routes_.at(outgoing.queue);
  aws::SendOptions send;
  send.queue = target.url;
  send.body = std::move(outgoing.body);
  if (target.fifo) {
    send.group_id = std::move(outgoing.group_id);
    send.deduplication_id = std::move(outgoing.deduplication_id);
  }
  carry_trace(entry.trace, send);
  const auto sent = co_await context_.payloads.send(context_.sqs, std::move(send));
  if (!sent) co_return sent.error();
  co_return base::Result<void>();
}

awaitable<base::Result<void>> Settler::send_copy(Entry& entry, base::Duration delay) {
  aws::SendOptions send;
  send.queue = settings_.target.url;
  send.body = entry.message.body;
  send.attributes = entry.message.attributes;
  send.group_id = entry.message.group_id;
  if (settings_.target.fifo) {
    // One copy per delivery, however often the request is repeated.
    send.deduplication_id =
        entry.message.message_id + "-" + std::to_string(entry.message.receive_count);
  } else {
    const auto bounded = std::clamp(delay, base::Duration(0), kDelayMax);
    send.delay = std::chrono::ceil<std::chrono::seconds>(bounded);
  }
  carry_trace(entry.trace, send);
  const auto sent = co_await context_.payloads.send(context_.sqs, std::move(send));
  if (!sent) co_return sent.error();
  co_return base::Result<void>();
}

void Settler::log_verdict(const Entry& entry, const char* verdict, const std::string& reason) {
  const auto took =
      std::chrono::duration_cast<base::Duration>(context_.clock.steady_now() - entry.started);
  metrics_.settled(entry.kind, verdict, took);
  note_verdict(entry.trace, entry.kind, verdict, reason);
  if (!base::log_enabled(base::LogLevel::kInfo)) return;  // a line costs more than the rest
  base::log_info("worker", "message handled",
                 with_trace(entry.trace, {{"queue", settings_.role},
                                          {"kind", entry.kind},
                                          {"message_id", entry.message.message_id},
                                          {"attempt", entry.message.receive_count},
                                          {"verdict", verdict},
                                          {"reason", reason},
                                          {"ms", took.count()}}));
}

}  // namespace worker
