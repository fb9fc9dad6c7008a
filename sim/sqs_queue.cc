#include "sim/sqs_queue.h"

#include "sim/arguments.h"
#include "sim/sqs_errors.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim {

namespace {

constexpr std::chrono::minutes kDeduplicationWindow{5};
constexpr std::chrono::hours kVisibilityTotalMax{12};
// Real handles begin like this too; what follows is opaque to clients.
constexpr std::string_view kReceiptPrefix = "AQEB";

}  // namespace

SqsQueue::SqsQueue(std::string name, std::string uid, SqsSettings settings, base::Clock& clock,
                   base::Random& random, Faults& faults)
    : name_(std::move(name)),
      uid_(std::move(uid)),
      settings_(std::move(settings)),
      clock_(clock),
      random_(random),
      faults_(faults),
      created_at_(clock.now()) {}

void SqsQueue::refresh() {
  const base::SteadyPoint now = clock_.steady_now();
  while (!wakes_.empty() && wakes_.begin()->first <= now) {
    StoredMessage& message = messages_.at(wakes_.begin()->second);
    leave(message);
    enter(message, StoredMessage::State::kVisible);
    if (watcher_) watcher_->on_visible(name_, message);
  }
  const base::TimePoint wall = clock_.now();
  while (!expiries_.empty() && expiries_.begin()->first <= wall) {
    const auto expired = messages_.find(expiries_.begin()->second);
    if (watcher_) watcher_->on_expired(name_, expired->second);
    erase(expired);
  }
}

void SqsQueue::leave(StoredMessage& message) {
  switch (message.state) {
    case StoredMessage::State::kVisible:
      --visible_count_;
      visible_.erase(message.number);
      break;
    case StoredMessage::State::kDelayed:
      --delayed_;
      wakes_.erase({message.wakes_at, message.number});
      break;
    case StoredMessage::State::kInFlight:
      --in_flight_;
      wakes_.erase({message.wakes_at, message.number});
      break;
  }
  if (!settings_.fifo) return;
  Group& group = groups_[message.group_id];
  if (message.state == StoredMessage::State::kInFlight) {
    --group.in_flight;
  } else {
    group.waiting.erase(message.number);
  }
  update_group(message.group_id);
}

void SqsQueue::enter(StoredMessage& message, StoredMessage::State state) {
  message.state = state;
  switch (state) {
    case StoredMessage::State::kVisible:
      ++visible_count_;
      if (!settings_.fifo) visible_.insert(message.number);
      break;
    case StoredMessage::State::kDelayed:
      ++delayed_;
      wakes_.insert({message.wakes_at, message.number});
      break;
    case StoredMessage::State::kInFlight:
      ++in_flight_;
      wakes_.insert({message.wakes_at, message.number});
      break;
  }
  if (!settings_.fifo) return;
  Group& group = groups_[message.group_id];
  if (state == StoredMessage::State::kInFlight) {
    ++group.in_flight;
  } else {
    group.waiting.insert(message.number);
  }
  update_group(message.group_id);
}

void SqsQueue::update_group(const std::string& id) {
  const auto found = groups_.find(id);
  Group& group = found->second;
  if (group.ready_as) ready_groups_.erase({*group.ready_as, id});
  group.ready_as.reset();
  if (group.waiting.empty()) {
    if (group.in_flight == 0) groups_.erase(found);
    return;
  }
  const std::uint64_t head = *group.waiting.begin();
  if (group.in_flight > 0) return;
  const auto message = messages_.find(head);
  if (message == messages_.end() || message->second.state != StoredMessage::State::kVisible) return;
  group.ready_as = head;
  ready_groups_.insert({head, id});
}

void SqsQueue::erase(Messages::iterator message) {
  leave(message->second);
  expiries_.erase({message->second.expires_at, message->first});
  messages_.erase(message);
}

void SqsQueue::forget_duplicates() {
  const base::SteadyPoint now = clock_.steady_now();
  while (!duplicate_order_.empty() && duplicate_order_.front().first <= now) {
    const auto found = duplicates_.find(duplicate_order_.front().second);
    if (found != duplicates_.end() && found->second.until <= now) duplicates_.erase(found);
    duplicate_order_.pop_front();
  }
}

SqsQueue::Sent SqsQueue::send(StoredMessage message, std::optional<base::Duration> delay) {
  refresh();
  message.id = random_.uuid();
  message.sent_at = clock_.now();
  Sent sent{message.id, {}};
  if (settings_.fifo) {
    forget_duplicates();
    std::string key = message.deduplication_id;
    if (settings_.deduplicate_by_group) key = message.group_id + '\n' + key;
    const auto known = duplicates_.find(key);
    if (known != duplicates_.end()) return known->second.sent;
    // Twenty digits, as AWS writes it; consumers may only compare.
    sent.sequence_number = fmt::format("188{:017}", last_number_ + 1);
    message.sequence_number = sent.sequence_number;
    const base::SteadyPoint until = clock_.steady_now() + kDeduplicationWindow;
    duplicates_[key] = {sent, until};
    duplicate_order_.emplace_back(until, key);
  }
  store(std::move(message), delay.value_or(settings_.delay));
  return sent;
}

void SqsQueue::adopt(StoredMessage message) {
  refresh();
  // A FIFO queue counts the retention anew, a standard one from the first send.
  if (settings_.fifo) {
    message.sent_at = clock_.now();
    message.sequence_number = fmt::format("188{:017}", last_number_ + 1);
  }
  message.receipt.clear();
  store(std::move(message), base::Duration(0));
}

std::optional<StoredMessage> SqsQueue::take_away() {
  refresh();
  const std::optional<std::uint64_t> number = next_ready();
  if (!number) return std::nullopt;
  const auto found = messages_.find(*number);
  StoredMessage message = found->second;
  if (watcher_) watcher_->on_moved(name_, message);
  erase(found);
  return message;
}

void SqsQueue::store(StoredMessage message, base::Duration delay) {
  message.number = ++last_number_;
  message.expires_at = message.sent_at + settings_.retention;
  message.wakes_at = clock_.steady_now() + delay;
  const std::uint64_t number = message.number;
  expiries_.insert({message.expires_at, number});
  StoredMessage& stored = messages_.emplace(number, std::move(message)).first->second;
  enter(stored,
        delay.count() > 0 ? StoredMessage::State::kDelayed : StoredMessage::State::kVisible);
  if (watcher_) watcher_->on_stored(name_, stored);
}

std::optional<std::uint64_t> SqsQueue::next_ready() const {
  if (settings_.fifo) {
    if (ready_groups_.empty()) return std::nullopt;
    return ready_groups_.begin()->first;
  }
  if (visible_.empty()) return std::nullopt;
  return *visible_.begin();
}

std::optional<std::uint64_t> SqsQueue::next_to_hand_out() {
  if (settings_.fifo || visible_.size() < 2 || !faults_.any_order()) return next_ready();
  const std::uint64_t first = *visible_.begin();
  return *visible_.lower_bound(first + faults_.pick(*visible_.rbegin() - first + 1));
}

bool SqsQueue::is_spent(const StoredMessage& message) const {
  return settings_.redrive && message.receive_count >= settings_.redrive->receive_count_max;
}

StoredMessage SqsQueue::take(StoredMessage& message, base::Duration visibility) {
  const base::SteadyPoint now = clock_.steady_now();
  leave(message);
  if (message.receive_count == 0) message.first_received_at = clock_.now();
  ++message.receive_count;
  message.receipt = make_receipt(message.number);
  message.received_at = now;
  message.wakes_at = now + visibility + faults_.timer_error(visibility, settings_.fifo);
  const bool stays_visible =
      visibility.count() == 0 || (!settings_.fifo && faults_.duplicate_delivery());
  enter(message, stays_visible ? StoredMessage::State::kVisible : StoredMessage::State::kInFlight);
  if (watcher_) watcher_->on_received(name_, message);
  return message;
}

std::optional<std::vector<StoredMessage>> SqsQueue::receive(int count_max,
                                                            base::Duration visibility,
                                                            const std::string& attempt_id,
                                                            const Bury& bury) {
  refresh();
  if (settings_.fifo && !attempt_id.empty()) {
    if (auto repeated = repeat_attempt(attempt_id, visibility)) return repeated;
  }
  std::vector<StoredMessage> taken;
  if (in_flight_ >= kInFlightMax) {
    if (settings_.fifo) return taken;
    return std::nullopt;
  }
  const int wanted = faults_.receive_at_most(
      static_cast<int>(std::min<std::size_t>(static_cast<std::size_t>(count_max), visible_count_)));
  // What stays visible although it was received (visibility 0) must not be received twice here.
  std::set<std::uint64_t> seen;
  std::vector<std::string> locked;
  while (static_cast<int>(taken.size()) < wanted) {
    const std::optional<std::uint64_t> number = next_to_hand_out();
    if (!number || seen.contains(*number)) break;
    const auto found = messages_.find(*number);
    const std::string group_id = found->second.group_id;
    if (bury && is_spent(found->second)) {
      StoredMessage spent = found->second;
      if (watcher_) watcher_->on_buried(name_, spent);
      erase(found);
      bury(std::move(spent));
      continue;
    }
    seen.insert(*number);
    taken.push_back(take(found->second, visibility));
    if (!settings_.fifo) continue;
    // The rest of the group follows in order, although the group is locked by now.
    while (static_cast<int>(taken.size()) < wanted) {
      const auto group = groups_.find(group_id);
      if (group == groups_.end() || group->second.waiting.empty()) break;
      StoredMessage& next = messages_.at(*group->second.waiting.begin());
      if (seen.contains(next.number) || next.state != StoredMessage::State::kVisible ||
          (bury && is_spent(next))) {
        break;
      }
      seen.insert(next.number);
      taken.push_back(take(next, visibility));
    }
  }
  if (settings_.fifo && !attempt_id.empty()) {
    Attempt attempt{{}, clock_.steady_now() + kDeduplicationWindow};
    for (const StoredMessage& message : taken) {
      attempt.messages.emplace_back(message.number, message.receipt);
    }
    attempts_[attempt_id] = std::move(attempt);
  }
  return taken;
}

// The same messages again, if nothing has happened to them since: a client that lost the answer
// asks again with the same id.
std::optional<std::vector<StoredMessage>> SqsQueue::repeat_attempt(const std::string& attempt_id,
                                                                   base::Duration visibility) {
  const base::SteadyPoint now = clock_.steady_now();
  std::erase_if(attempts_, [&](const auto& entry) { return entry.second.until <= now; });
  const auto found = attempts_.find(attempt_id);
  if (found == attempts_.end() || found->second.messages.empty()) return std::nullopt;
  std::vector<StoredMessage> again;
  for (const auto& [number, receipt] : found->second.messages) {
    const auto message = messages_.find(number);
    if (message == messages_.end() || message->second.receipt != receipt ||
        message->second.state != StoredMessage::State::kInFlight) {
      return std::nullopt;
    }
  }
  for (const auto& [number, receipt] : found->second.messages) {
    StoredMessage& message = messages_.at(number);
    leave(message);
    message.wakes_at = now + visibility + faults_.timer_error(visibility, settings_.fifo);
    enter(message, StoredMessage::State::kInFlight);
    if (watcher_) watcher_->on_received(name_, message);
    again.push_back(message);
  }
  return again;
}

std::string SqsQueue::make_receipt(std::uint64_t number) {
  return std::string(kReceiptPrefix) +
         base64_encode(fmt::format("{} {} {}", uid_, number, random_.hex(24)));
}

std::optional<std::uint64_t> SqsQueue::parse_receipt(const std::string& handle) const {
  if (!handle.starts_with(kReceiptPrefix)) return std::nullopt;
  const auto text = base64_decode(std::string_view(handle).substr(kReceiptPrefix.size()));
  if (!text || !text->starts_with(uid_ + " ")) return std::nullopt;
  const std::size_t begin = uid_.size() + 1;
  const std::size_t end = text->find(' ', begin);
  if (end == std::string::npos) return std::nullopt;
  const auto number = parse_integer(text->substr(begin, end - begin));
  if (!number || *number <= 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

std::optional<ApiError> SqsQueue::remove(const std::string& receipt_handle) {
  refresh();
  const auto number = parse_receipt(receipt_handle);
  if (!number) return sqs_invalid_handle(receipt_handle);
  const auto found = messages_.find(*number);
  // Deleted before, or received again since: AWS says yes and deletes nothing.
  if (found == messages_.end() || found->second.receipt != receipt_handle ||
      (!settings_.fifo && faults_.delete_undone())) {
    if (watcher_) watcher_->on_not_deleted(name_, receipt_handle);
    return std::nullopt;
  }
  if (settings_.fifo && found->second.state != StoredMessage::State::kInFlight) {
    return sqs_invalid_value(receipt_handle, "ReceiptHandle", "The receipt handle has expired.");
  }
  if (watcher_) watcher_->on_deleted(name_, found->second);
  ++deleted_;
  erase(found);
  return std::nullopt;
}

std::optional<ApiError> SqsQueue::change_visibility(const std::string& receipt_handle,
                                                    base::Duration visibility) {
  refresh();
  const auto number = parse_receipt(receipt_handle);
  if (!number) return sqs_invalid_handle(receipt_handle);
  const auto found = messages_.find(*number);
  if (found == messages_.end() || found->second.receipt != receipt_handle) {
    return sqs_invalid_value(
        receipt_handle, "ReceiptHandle",
        "Message does not exist or is not available for visibility timeout change.");
  }
  StoredMessage& message = found->second;
  if (message.state != StoredMessage::State::kInFlight) return sqs_not_in_flight();
  const base::SteadyPoint now = clock_.steady_now();
  if (now + visibility > message.received_at + kVisibilityTotalMax) {
    return sqs_invalid_value(
        fmt::format("{}", std::chrono::duration_cast<std::chrono::seconds>(visibility).count()),
        "VisibilityTimeout",
        "Total VisibilityTimeout for the message is beyond the limit [43200 seconds].");
  }
  leave(message);
  message.wakes_at = now + visibility + faults_.timer_error(visibility, settings_.fifo);
  enter(message,
        visibility.count() == 0 ? StoredMessage::State::kVisible : StoredMessage::State::kInFlight);
  if (watcher_) watcher_->on_visibility(name_, message);
  return std::nullopt;
}

void SqsQueue::purge() {
  while (!messages_.empty()) erase(messages_.begin());
}

SqsQueue::Counts SqsQueue::counts() {
  refresh();
  return {visible_count_, in_flight_, delayed_};
}

bool SqsQueue::has_visible() {
  refresh();
  return next_ready().has_value();
}

std::optional<base::SteadyPoint> SqsQueue::next_wake() const {
  if (wakes_.empty()) return std::nullopt;
  return wakes_.begin()->first;
}

}  // namespace sim
