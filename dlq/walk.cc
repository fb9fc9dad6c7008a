#include "dlq/walk.h"

#include "aws/retry.h"
#include "base/log.h"
#include "dlq/together.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace dlq {

namespace asio = boost::asio;
using asio::awaitable;

namespace {

constexpr std::chrono::seconds kPoll{3};  // long: every server of SQS's is asked
constexpr base::Duration kKeeperTick{500};
constexpr base::Duration kTotalMax = std::chrono::hours(12) - std::chrono::minutes(2);
constexpr int kKeptVisibilities = 5;  // what is kept is extended by up to so many visibilities
constexpr int kPatience = 7;          // in visibilities: more than anything of ours stays hidden
constexpr int kEmptyBlocked = 2;      // receives of a FIFO queue that end a walk that blocks itself
constexpr std::size_t kKeeperBatches = 200;
constexpr long long kInFlightFull = 118'000;

// SQS's batches, of ids.
std::vector<std::vector<LetterId>> tens(const std::vector<LetterId>& ids) {
  std::vector<std::vector<LetterId>> batches;
  for (std::size_t from = 0; from < ids.size(); from += aws::kSqsBatchMax) {
    const auto to = std::min(from + aws::kSqsBatchMax, ids.size());
    batches.emplace_back(ids.begin() + static_cast<std::ptrdiff_t>(from),
                         ids.begin() + static_cast<std::ptrdiff_t>(to));
  }
  return batches;
}

long long number_of(const std::map<std::string, std::string>& attributes, const char* name) {
  long long number = 0;
  const auto found = attributes.find(name);
  if (found == attributes.end()) return 0;
  std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
  return number;
}

std::chrono::seconds whole_seconds(base::Duration time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time);
}

}  // namespace

Walk::Walk(Context context, WalkOptions options, const Stop& stop)
    : context_(context), options_(std::move(options)), stop_(stop) {
  options_.visibility = std::max(options_.visibility, kVisibilityMin);
  last_message_ = now();
}

awaitable<void> Walk::back_off(int attempt) {
  const base::Error error{base::ErrorKind::kThrottled, {}, {}, {}};
  aws::RetryPolicy policy;
  policy.throttled_base = base::Duration(200);
  policy.delay_cap = base::Duration(10'000);
  co_await context_.clock.sleep_for(aws::retry_delay(policy, error, attempt, context_.random));
}

awaitable<void> Walk::receive(int count, std::chrono::seconds wait, Answer& answer) {
  aws::ReceiveOptions options;
  options.messages_max = count;
  options.wait = wait;
  options.visibility = whole_seconds(options_.visibility);
  options.every_attribute = options_.every_attribute;
  answer.asked = now();
  answer.messages = co_await context_.polls.receive_message(options_.queue, options);
}

// False for what is known already.
bool Walk::take_in(const aws::SqsMessage& message, base::SteadyPoint asked,
                   const std::function<bool(const LetterId&)>& known) {
  const LetterId id = letter_id(message.message_id);
  const Hold::Held* before = hold_.find(id);
  const bool in_hand = before != nullptr && !before->kept;
  const bool kept = before != nullptr && before->kept;
  hold_.put(id, {message.receipt_handle, asked, asked + options_.visibility,
                 2 * options_.visibility, kept});
  deleted_.erase(id);
  if (known(id)) return true;
  if (in_hand || kept) return false;  // delivered twice
  if (seen_.size() < kSeenMax && !seen_.insert(id).second) {
    // Kept before, and given back to make room, or its visibility ended: not wanted still.
    hold_.find(id)->kept = true;
    return false;
  }
  ++fresh_since_room_;
  return true;
}

awaitable<base::Result<std::vector<aws::SqsMessage>>> Walk::receive_some(
    std::size_t wanted, const std::function<bool(const LetterId&)>& known, bool patient) {
  const auto wait = patient ? kPoll : std::chrono::seconds(0);
  const std::size_t receives =
      std::clamp<std::size_t>((wanted + aws::kSqsBatchMax - 1) / aws::kSqsBatchMax, 1, width_);
  std::vector<Answer> answers(receives);
  std::vector<awaitable<void>> tasks;
  for (Answer& answer : answers) {
    const std::size_t count = std::min(wanted, aws::kSqsBatchMax);
    tasks.push_back(receive(static_cast<int>(count), wait, answer));
  }
  co_await together(std::move(tasks));
  std::vector<aws::SqsMessage> fresh;
  bool all_full = true;
  std::optional<base::Error> error;
  for (Answer& answer : answers) {
    if (!*answer.messages) {
      error = answer.messages->error();
      over_limit_ = over_limit_ || error->code == "OverLimit";
      all_full = false;
      continue;
    }
    all_full = all_full && !(*answer.messages)->empty();
    if (!(*answer.messages)->empty()) {
      last_message_ = now();
      empty_ = 0;
    }
    for (aws::SqsMessage& message : **answer.messages) {
      if (take_in(message, answer.asked, known)) fresh.push_back(std::move(message));
    }
  }
  // More side by side while all bring something: most of them would only wait at the end.
  width_ = all_full ? std::min(2 * width_, kReceivesMax) : 1;
  if (fresh.empty() && error && !over_limit_) co_return *error;
  co_return fresh;
}

awaitable<base::Result<std::vector<aws::SqsMessage>>> Walk::next(
    std::size_t wanted, std::function<bool(const LetterId&)> known, bool patient) {
  int failures = 0;
  while (!stop_.requested()) {
    if (over_limit_ || hold_.size() >= kHeldMax) {
      if (!co_await make_room()) {
        const auto left = co_await depth();
        if (left) unseen_.blocked = left->visible;
        break;
      }
    }
    const auto asked = now();
    auto messages = co_await receive_some(wanted, known, patient);
    if (!messages) {
      if (!messages.error().is_transient() || ++failures >= kTries) co_return messages.error();
      co_await back_off(failures);
      continue;
    }
    failures = 0;
    if (!messages->empty() || !patient) co_return std::move(*messages);
    if (last_message_ >= asked) continue;  // all of them known
    ++empty_;
    const auto over = co_await is_over();
    if (!over) co_return over.error();
    if (*over) break;
    if (options_.waiting) options_.waiting();
  }
  co_return std::vector<aws::SqsMessage>();
}

awaitable<base::Result<Walk::Depth>> Walk::depth() {
  for (int attempt = 1;; ++attempt) {
    const auto attributes = co_await context_.sqs.get_queue_attributes(options_.queue);
    if (attributes) {
      co_return Depth{number_of(*attributes, "ApproximateNumberOfMessages"),
                      number_of(*attributes, "ApproximateNumberOfMessagesNotVisible"),
                      number_of(*attributes, "ApproximateNumberOfMessagesDelayed")};
    }
    if (!attributes.error().is_transient() || attempt >= kTries) co_return attributes.error();
    co_await back_off(attempt);
  }
}

awaitable<base::Result<bool>> Walk::is_over() {
  const auto found = co_await depth();
  if (!found) co_return found.error();
  const auto ours = static_cast<long long>(hold_.size());
  unseen_.elsewhere = std::max(0LL, found->in_flight - ours);
  unseen_.blocked = found->visible + found->delayed;
  if (unseen_.elsewhere == 0 && unseen_.blocked == 0) co_return true;
  if (found->in_flight >= kInFlightFull && ours > 0 && found->visible > 0) {
    over_limit_ = true;
    co_return false;
  }
  // Our own held ones stand before the others of their groups, which will not be handed out.
  const bool blocks_itself = options_.fifo && ours > 0 && unseen_.elsewhere == 0;
  if (blocks_itself && empty_ >= kEmptyBlocked) co_return true;
  co_return now() - last_message_ > kPatience* options_.visibility;
}

// False if that would bring nothing new.
awaitable<bool> Walk::make_room() {
  over_limit_ = false;
  std::vector<LetterId> kept;
  for (const LetterId& id : hold_.all()) {
    if (hold_.find(id)->kept) kept.push_back(id);
  }
  if (kept.empty()) co_return true;  // others hold them all: patience
  if (std::exchange(fresh_since_room_, 0) == 0) co_return false;
  base::log_warn("dlq", "the queue's in-flight limit is reached, half of what is kept goes back",
                 {{"held", hold_.size()}});
  kept.resize((kept.size() + 1) / 2);
  std::size_t failed = 0;
  co_await give_back(std::move(kept), failed);
  co_return true;
}

void Walk::keep(const LetterId& id) {
  if (Hold::Held* held = hold_.find(id)) held->kept = true;
}

void Walk::forget(const LetterId& id) {
  hold_.drop(id);
  seen_.erase(id);
}

bool Walk::holds(const LetterId& id, base::Duration margin) {
  const Hold::Held* held = hold_.find(id);
  return held != nullptr && held->until > now() + margin;
}

awaitable<void> Walk::keep_hidden() {
  while (true) {
    co_await context_.clock.sleep_for(kKeeperTick);
    // In a third of a visibility a request can fail and be made again.
    const auto soon = now() + options_.visibility / 3;
    auto ids = hold_.ending_before(soon, kKeeperBatches * aws::kSqsBatchMax);
    std::erase_if(ids, [this](const LetterId& id) { return deleted_.contains(id); });
    for (std::vector<LetterId>& ten : tens(ids)) co_await extend(std::move(ten));
  }
}

awaitable<void> Walk::extend(std::vector<LetterId> ids) {
  std::vector<aws::VisibilityEntry> entries;
  std::vector<std::pair<LetterId, base::SteadyPoint>> extended;
  const auto started = now();
  for (const LetterId& id : ids) {
    Hold::Held* held = hold_.find(id);
    if (held == nullptr) continue;
    if (held->until <= started) {
      hold_.drop(id);  // somebody else's by now
      continue;
    }
    const base::Duration longest =
        held->kept ? kKeptVisibilities * options_.visibility : options_.visibility;
    const auto last = held->received + kTotalMax;
    const auto until = std::min(started + std::min(held->extension, longest), last);
    held->extension *= 2;
    if (until <= held->until) continue;  // its twelve hours are over
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(until - started);
    entries.push_back({held->handle, seconds});
    extended.emplace_back(id, started + seconds);
  }
  if (entries.empty()) co_return;
  const auto results =
      co_await context_.sqs.change_message_visibility_batch(options_.queue, std::move(entries));
  if (!results) co_return;  // the next tick tries again
  for (std::size_t i = 0; i < extended.size(); ++i) {
    if ((*results)[i]) {
      hold_.extended(extended[i].first, extended[i].second);
    } else if (!(*results)[i].error().is_transient()) {
      hold_.drop(extended[i].first);
    }
  }
}

awaitable<base::Result<void>> Walk::may_erase() {
  std::vector<base::ReceiptHandle> nobodys = {base::ReceiptHandle("may-this-be-deleted-from")};
  const auto asked = co_await context_.sqs.delete_message_batch(options_.queue, std::move(nobodys));
  // Any other answer is no: that handle, a server that knows no such question, an outage.
  if (!asked && asked.error().kind == base::ErrorKind::kDenied) co_return asked.error();
  co_return base::Result<void>();
}

awaitable<void> Walk::erase_batch(std::vector<LetterId> ids, std::vector<LetterId>& erased) {
  for (int attempt = 1; !ids.empty(); ++attempt) {
    std::vector<base::ReceiptHandle> handles;
    std::erase_if(ids, [this](const LetterId& id) { return hold_.find(id) == nullptr; });
    if (ids.empty()) co_return;
    for (const LetterId& id : ids) handles.push_back(hold_.find(id)->handle);
    const auto results =
        co_await context_.sqs.delete_message_batch(options_.queue, std::move(handles));
    if (!results && results.error().kind == base::ErrorKind::kDenied) {
      erase_denied_ = results.error();
    }
    std::vector<LetterId> again;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const bool done = results && (*results)[i];
      const bool transient =
          !results ? results.error().is_transient() : !done && (*results)[i].error().is_transient();
      if (done) erased.push_back(ids[i]);
      if (transient && attempt < kTries) {
        again.push_back(ids[i]);
      } else {
        hold_.drop(ids[i]);  // if it is still there, it comes back
      }
    }
    ids = std::move(again);
    if (!ids.empty()) co_await back_off(attempt);
  }
}

awaitable<std::vector<LetterId>> Walk::erase(std::vector<LetterId> ids) {
  for (const LetterId& id : ids) deleted_.insert(id);
  const auto batches = tens(ids);
  std::vector<std::vector<LetterId>> erased(batches.size());
  std::vector<awaitable<void>> tasks;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    tasks.push_back(erase_batch(batches[i], erased[i]));
  }
  co_await together(std::move(tasks));
  std::vector<LetterId> all;
  for (const auto& some : erased) all.insert(all.end(), some.begin(), some.end());
  for (const LetterId& id : ids) deleted_.erase(id);
  co_return all;
}

awaitable<void> Walk::give_back(std::vector<LetterId> ids, std::size_t& failed) {
  for (std::vector<LetterId>& ten : tens(ids)) {
    for (int attempt = 1; !ten.empty(); ++attempt) {
      std::erase_if(ten, [this](const LetterId& id) { return hold_.find(id) == nullptr; });
      std::vector<aws::VisibilityEntry> entries;
      for (const LetterId& id : ten) {
        entries.push_back({hold_.find(id)->handle, std::chrono::seconds(0)});
        deleted_.insert(id);  // the keeper must not hide it again
      }
      if (entries.empty()) break;
      const auto results =
          co_await context_.sqs.change_message_visibility_batch(options_.queue, std::move(entries));
      std::vector<LetterId> again;
      for (std::size_t i = 0; i < ten.size(); ++i) {
        const bool done = results && (*results)[i];
        const bool transient = !results ? results.error().is_transient()
                                        : !done && (*results)[i].error().is_transient();
        if (transient && attempt < kTries) {
          again.push_back(ten[i]);
          continue;
        }
        if (!done) ++failed;
        hold_.drop(ten[i]);
        deleted_.erase(ten[i]);
      }
      ten = std::move(again);
      if (!ten.empty()) co_await back_off(attempt);
    }
  }
}

awaitable<std::size_t> Walk::finish() {
  // Side by side: a hundred thousand of them are ten thousand requests.
  constexpr std::size_t kLanes = 10;
  const auto ids = hold_.all();
  std::vector<std::vector<LetterId>> lanes(kLanes);
  const auto batches = tens(ids);
  for (std::size_t i = 0; i < batches.size(); ++i) {
    auto& lane = lanes[i % kLanes];
    lane.insert(lane.end(), batches[i].begin(), batches[i].end());
  }
  std::vector<std::size_t> failed(kLanes, 0);
  std::vector<awaitable<void>> tasks;
  for (std::size_t i = 0; i < kLanes; ++i) tasks.push_back(give_back(lanes[i], failed[i]));
  co_await together(std::move(tasks));
  std::size_t all = 0;
  for (const std::size_t some : failed) all += some;
  co_return all;
}

}  // namespace dlq
