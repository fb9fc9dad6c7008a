// Replay as a whole: looking, deciding, pace, canary, the end. Its other half, replay_round.cc, is
// one round: preparing, sending, deleting.
#include "dlq/replay.h"

#include "base/guarded.h"
#include "dlq/plan.h"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <algorithm>
#include <exception>
#include <limits>

namespace dlq {

namespace asio = boost::asio;
using asio::awaitable;

namespace {

constexpr base::Duration kSlice{250};  // how late a stop is noticed while waiting
// In visibilities, as a walk's patience: as long as new letters come, no receive is empty.
constexpr int kNewOnlyMax = 7;
// Looks without anything that is meant, after which what is in hand goes: others may come for ever.
constexpr int kFruitlessMax = 10;

// The one that ends first must not be taken for an error of the other.
awaitable<void> caught(awaitable<void> task, std::exception_ptr& error) {
  try {
    co_await std::move(task);
  } catch (...) {
    error = std::current_exception();
  }
}

}  // namespace

Replay::Replay(Context context, ReplayOptions options, Checkpoint& checkpoint, const Stop& stop)
    : context_(context),
      options_(std::move(options)),
      checkpoint_(checkpoint),
      stop_(stop),
      walk_(context,
            {options_.queue, options_.queue.value.ends_with(".fifo"), options_.visibility, false,
             [this] { report_waiting(); }},
            stop),
      targets_(context.sqs, options_.queue, options_.to, options_.sources),
      pace_(options_.rate, options_.ramp),
      sent_(checkpoint.state().sent),
      uncertain_(checkpoint.state().uncertain) {
  summary_.queue = queue_name(options_.queue.value);
  summary_.run = checkpoint.state().run;
  summary_.dry_run = options_.dry_run;
  summary_.sent_before = sent_.size();
  summary_.possibly_twice = checkpoint.state().possibly_twice;
  canary_passed_ = options_.dry_run;  // there would be nothing to wait for
  last_old_ = context.clock.steady_now();
}

awaitable<Summary> Replay::run() {
  using asio::experimental::awaitable_operators::operator||;
  std::exception_ptr error;
  co_await (base::guarded(caught(body(), error)) || base::guarded(walk_.keep_hidden()));
  if (error) std::rethrow_exception(error);
  co_return summary_;
}

awaitable<void> Replay::body() {
  const auto result = co_await go_through();
  if (!result) {
    summary_.ended = Ended::kFailed;
    summary_.error = result.error();
  }
  // Their deletes failed before; the last chance before they are left to the checkpoint.
  std::vector<LetterId> again(undeleted_.begin(), undeleted_.end());
  std::erase_if(again, [this](const LetterId& id) { return !walk_.holds(id, base::Duration(0)); });
  co_await settle(std::move(again));
  summary_.not_returned = co_await walk_.finish();
  summary_.undeleted = undeleted_.size();
  summary_.elsewhere = walk_.unseen().elsewhere;
  summary_.blocked = walk_.unseen().blocked;
  report();
}

void Replay::report() {
  summary_.looked_at = walk_.looked_at();
  if (options_.progress) options_.progress(summary_);
}

void Replay::report_waiting() {
  summary_.elsewhere = walk_.unseen().elsewhere;
  report();
  summary_.elsewhere = 0;
}

std::size_t Replay::left() const {
  std::size_t left = std::numeric_limits<std::size_t>::max();
  const std::size_t done = summary_.sent + summary_.sent_before;
  if (options_.max > 0) left = options_.max > done ? options_.max - done : 0;
  if (options_.canary > 0 && !canary_passed_) {
    left = std::min(left, options_.canary > done ? options_.canary - done : 0);
  }
  return left;
}

// How many letters in hand are worth having: no more than the pace lets go soon.
std::size_t Replay::wanted() const {
  if (!pace_.limited()) return kRound;
  return std::clamp(static_cast<std::size_t>(options_.rate * 2), aws::kSqsBatchMax, kRound);
}

awaitable<base::Result<void>> Replay::go_through() {
  const auto depth = co_await walk_.depth();
  if (!depth) co_return depth.error();
  summary_.depth = depth->total();
  int fruitless = 0;  // looks in a row
  while (!stop_.requested()) {
    if (left() == 0) {
      const bool canary = options_.canary > 0 && !canary_passed_;
      const bool at_max = options_.max > 0 && summary_.sent + summary_.sent_before >= options_.max;
      if (!canary || at_max) {
        summary_.ended = Ended::kLimit;
        co_return base::Result<void>();
      }
      const auto lives = co_await canary_lives();
      if (!lives) co_return lives.error();
      if (!*lives) co_return base::Result<void>();
      last_old_ = context_.clock.steady_now();
      continue;
    }
    if (in_hand_.empty()) dry_ = false;
    if (in_hand_.size() < wanted() && !dry_) {
      const std::size_t before = in_hand_.size();
      const bool patient = before == 0;
      const auto looked = co_await look(wanted() - before, patient);
      if (!looked) co_return looked.error();
      if (patient && dry_) break;
      if (in_hand_.empty() && only_new_ones_come()) break;
      fruitless = in_hand_.size() > before ? 0 : fruitless + 1;
      if (in_hand_.size() < wanted() && !dry_ && fruitless < kFruitlessMax) continue;
    }
    if (in_hand_.empty()) continue;
    last_old_ = context_.clock.steady_now();
    if (!co_await wait_for_pace()) break;
    const std::size_t room = std::min(pace_.room(context_.clock.steady_now()), kRound);
    const auto done = co_await round(std::min({in_hand_.size(), room, left()}));
    report();
    if (!done) co_return done.error();
  }
  summary_.ended = stop_.requested() ? Ended::kStopped : Ended::kDone;
  co_return base::Result<void>();
}

bool Replay::only_new_ones_come() {
  const auto since = context_.clock.steady_now() - last_old_;
  if (since <= kNewOnlyMax * walk_.visibility()) return false;
  add_problem(summary_, "letters keep coming, and for long all of them were newer than the replay");
  return true;
}

awaitable<base::Result<void>> Replay::look(std::size_t count, bool patient) {
  auto messages = co_await walk_.next(
      count, [this](const LetterId& id) { return sent_.contains(id); }, patient);
  if (!messages) co_return messages.error();
  dry_ = messages->empty();
  std::vector<LetterId> sent_before;
  for (aws::SqsMessage& message : *messages) take(std::move(message), sent_before);
  co_await settle(std::move(sent_before));
  report();
  co_return base::Result<void>();
}

void Replay::take(aws::SqsMessage message, std::vector<LetterId>& sent_before) {
  Item item;
  item.letter = read_letter(message);
  item.id = letter_id(message.message_id);
  item.message = std::move(message);
  const Known known{options_.filter, sent_, produced_, checkpoint_.state().run,
                    checkpoint_.state().started};
  const Fate fate = decide(item.message, item.letter, known, context_.clock.now());
  if (fate != Fate::kNewer) last_old_ = context_.clock.steady_now();
  if (fate == Fate::kDelete) {
    sent_before.push_back(item.id);
    return;
  }
  if (fate != Fate::kReplay) {
    walk_.keep(item.id);
    ++(fate == Fate::kKeep    ? summary_.kept
       : fate == Fate::kNewer ? summary_.newer
                              : summary_.came_back);
    return;
  }
  ++summary_.matched;
  count(summary_.by_kind, item.letter.record.error_kind);
  in_hand_.push_back(std::move(item));
}

awaitable<void> Replay::settle(std::vector<LetterId> ids) {
  if (ids.empty()) co_return;
  undeleted_.insert(ids.begin(), ids.end());
  const auto erased = co_await walk_.erase(std::move(ids));
  for (const LetterId& id : erased) undeleted_.erase(id);
  summary_.deleted += erased.size();
}

// False when the replay is to stop.
awaitable<bool> Replay::pause_for(base::Duration duration) {
  const auto until = context_.clock.steady_now() + duration;
  while (!stop_.requested()) {
    const auto now = context_.clock.steady_now();
    if (now >= until) co_return true;
    report();
    co_await context_.clock.sleep_until(std::min(until, now + kSlice));
  }
  co_return false;
}

awaitable<bool> Replay::wait_for_pace() {
  if (!pace_.limited()) co_return true;
  // Whole batches where that costs no more than a second.
  const double second = std::max(1.0, std::min<double>(options_.rate, aws::kSqsBatchMax));
  const auto enough = std::min({in_hand_.size(), left(), static_cast<std::size_t>(second)});
  const auto now = context_.clock.steady_now();
  const auto when = pace_.when(enough, now);
  co_return co_await pause_for(std::chrono::ceil<base::Duration>(when - now));
}

// Whether to go on. What came back during the wait is looked for among the letters behind.
awaitable<base::Result<bool>> Replay::canary_lives() {
  const auto before = co_await walk_.depth();
  if (!before) co_return before.error();
  report();
  if (!co_await pause_for(options_.canary_wait)) {
    summary_.ended = Ended::kStopped;
    co_return false;
  }
  const std::size_t newer = summary_.newer;
  dry_ = false;
  while (!dry_ && in_hand_.size() < kCanaryLook && walk_.looked_at() < 2 * kCanaryLook) {
    const auto looked = co_await look(kRound, false);
    if (!looked) co_return looked.error();
  }
  const auto after = co_await walk_.depth();
  if (!after) co_return after.error();
  const long long grown = after->total() - before->total();
  const auto explained = static_cast<long long>(summary_.newer - newer);
  if (summary_.came_back > 0) {
    add_problem(summary_, "the canary came back: its consumer still fails");
  } else if (grown > explained) {
    add_problem(summary_, std::to_string(grown) +
                              " letters came while the canary was waited for, and they "
                              "could not be looked at: taken for the canary");
  } else {
    canary_passed_ = true;
    co_return true;
  }
  summary_.ended = Ended::kCanary;
  co_return false;
}

}  // namespace dlq
