#include "tests/soak/oracle.h"

#include <fmt/format.h>

#include <algorithm>

namespace soak {

namespace {

// What a worker still does about a message that is gone is judged for this long.
constexpr base::Duration kRemembered{90'000};
constexpr std::size_t kViolationsShown = 20;
constexpr base::Duration kTimeToRetry{10'000};

bool is_dead_letter_queue(const std::string& queue) {
  return queue.find("-dlq") != std::string::npos;
}

double seconds_of(base::SteadyPoint::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::int64_t milliseconds(base::SteadyPoint::duration duration) {
  return std::chrono::duration_cast<base::Duration>(duration).count();
}

}  // namespace

Oracle::Oracle(Ledger& ledger, base::Clock& clock)
    : ledger_(ledger), clock_(clock), begun_(clock.steady_now()) {}

base::Duration Oracle::now() const {
  return std::chrono::duration_cast<base::Duration>(clock_.steady_now() - begun_);
}

void Oracle::note(const Copy& copy, What what, int worker, int receive, std::int64_t detail) {
  timeline_.add(copy.serial, {now(), what, static_cast<std::int16_t>(worker), receive,
                              static_cast<std::uint32_t>(copy.number), detail});
}

void Oracle::accuse(const Copy& copy, const std::string& rule) {
  blame(rule, fmt::format("message {} ({}), copy {} in {}:\n{}", copy.serial,
                          name_of(ledger_.at(copy.serial).plan), copy.id, copy.queue,
                          found_ < kViolationsShown ? timeline_.text_of(copy.serial) : ""));
}

void Oracle::blame(const std::string& rule, const std::string& text) {
  if (++found_ > kViolationsShown) return;
  violations_.push_back(
      fmt::format("at {:.3f} s: {}\n{}", static_cast<double>(now().count()) / 1000, rule, text));
}

void Oracle::refresh(Serial serial) {
  Message& message = ledger_.at(serial);
  const bool open = message.stored && (message.alive > 0 || !message.has_ended());
  if (open == message.open) return;
  message.open = open;
  open ? ++open_ : --open_;
}

void Oracle::on_stored(const std::string& queue, const sim::StoredMessage& stored) {
  const auto serial = Ledger::serial_of(stored.body);
  if (!serial) {
    blame("a message that nobody sent is in " + queue, stored.body);
    return;
  }
  Message& message = ledger_.at(*serial);
  auto& others = by_serial_[*serial];
  if (is_dead_letter_queue(queue)) {
    ++stats_.dead_letters;
    message.dead = true;
    timeline_.add(*serial, {now(), What::kDeadLetter, -1, 0, 0, 0});
    for (const auto& weak : others) {
      if (const auto other = weak.lock()) other->dead = true;
    }
    refresh(*serial);
    return;
  }
  ++stats_.stored;
  const auto copy = std::make_shared<Copy>();
  copy->serial = *serial;
  copy->queue = queue;
  copy->id = stored.id;
  copy->group = stored.group_id;
  copy->number = stored.number;
  for (const auto& weak : others) {
    const auto other = weak.lock();
    if (other && other->queue == queue && !other->deliveries.empty()) other->copied = true;
  }
  std::erase_if(others, [](const auto& weak) { return weak.expired(); });
  others.push_back(copy);
  copies_[copy->id] = copy;
  if (!copy->group.empty()) groups_[copy->group][copy->number] = copy;
  message.stored = true;
  ++message.alive;
  note(*copy, What::kStored);
  refresh(*serial);
}

void Oracle::on_received(const std::string&, const sim::StoredMessage& stored) {
  const auto found = copies_.find(stored.id);
  if (found == copies_.end()) return;  // somebody empties a dead-letter queue
  note(*found->second, What::kHandedOut, -1, stored.receive_count,
       milliseconds(stored.wakes_at - clock_.steady_now()));
  check_failed_deletes(*found->second);
}

void Oracle::on_visibility(const std::string&, const sim::StoredMessage& stored) {
  const auto found = copies_.find(stored.id);
  if (found == copies_.end()) return;
  note(*found->second, What::kHidden, -1, stored.receive_count,
       milliseconds(stored.wakes_at - clock_.steady_now()));
}

void Oracle::on_visible(const std::string&, const sim::StoredMessage& stored) {
  const auto found = copies_.find(stored.id);
  if (found != copies_.end()) note(*found->second, What::kVisible, -1, stored.receive_count);
}

bool Oracle::may_be_deleted(const Copy& copy) const {
  if (copy.copied || copy.dead) return true;
  const Message& message = ledger_.at(copy.serial);
  if (message.plan == Plan::kIgnored) return true;
  if (message.goes_to_dead_letters() || !copy.done) return false;
  return message.plan != Plan::kForwards || ledger_.at(message.forward).stored;
}

void Oracle::on_deleted(const std::string&, const sim::StoredMessage& stored) {
  const auto found = copies_.find(stored.id);
  if (found == copies_.end()) return;
  const CopyPtr copy = found->second;
  ++stats_.deleted;
  note(*copy, What::kDeleted, -1, stored.receive_count);
  Message& message = ledger_.at(copy->serial);
  if (!may_be_deleted(*copy)) {
    accuse(*copy, message.plan == Plan::kForwards && copy->done
                      ? "deleted before what its consumer wanted sent was"
                      : "deleted although it was not handled");
  }
  if (message.plan == Plan::kIgnored) message.ignored = true;
  leave(copy);
}

void Oracle::on_not_deleted(const std::string&, const std::string& handle) {
  const HandleRef ref = find(handle);
  if (!ref.copy) return;
  ++stats_.stale_deletes;
  note(*ref.copy, What::kNotDeleted, -1, ref.receive);
}

void Oracle::on_expired(const std::string&, const sim::StoredMessage& stored) {
  const auto found = copies_.find(stored.id);
  if (found == copies_.end()) return;
  accuse(*found->second, "still in its queue when its retention ended");
  leave(found->second);
}

void Oracle::on_buried(const std::string&, const sim::StoredMessage& stored) {
  const auto found = copies_.find(stored.id);
  if (found == copies_.end()) return;
  const CopyPtr copy = found->second;
  ++stats_.buried;
  note(*copy, What::kBuried);
  ledger_.at(copy->serial).dead = true;
  leave(copy);
}

// It is in no queue any more. Remembered for a while: what workers still do about it counts.
void Oracle::leave(const CopyPtr& copy) {
  copy->gone = true;
  copy->gone_at = clock_.steady_now();
  if (!copy->group.empty()) {
    auto& group = groups_[copy->group];
    group.erase(copy->number);
    if (group.empty()) groups_.erase(copy->group);
  }
  --ledger_.at(copy->serial).alive;
  refresh(copy->serial);
  retired_.push_back(copy);
  retire();
}

void Oracle::retire() {
  while (!retired_.empty() && retired_.front()->gone_at + kRemembered < clock_.steady_now()) {
    const CopyPtr copy = std::move(retired_.front());
    retired_.pop_front();
    if (copy->running > 0) {
      copy->gone_at = clock_.steady_now();
      retired_.push_back(copy);
      continue;
    }
    for (const auto& [receive, delivery] : copy->deliveries) handles_.erase(delivery.handle);
    copies_.erase(copy->id);
    if (ledger_.at(copy->serial).open) continue;
    timeline_.forget(copy->serial);
    by_serial_.erase(copy->serial);
  }
}

Oracle::HandleRef Oracle::find(const std::string& handle) const {
  const auto found = handles_.find(handle);
  return found == handles_.end() ? HandleRef{} : found->second;
}

void Oracle::received(int worker, const std::string& message_id, const std::string& handle,
                      int receive, base::SteadyPoint sent, base::Duration visibility) {
  const auto found = copies_.find(message_id);
  if (found == copies_.end()) return;
  ++stats_.received;
  const CopyPtr& copy = found->second;
  note(*copy, What::kReceived, worker, receive);
  Delivery& delivery = copy->deliveries[receive];
  if (delivery.worker >= 0 && delivery.worker != worker) {
    accuse(*copy, "two workers were given the same receive");
  }
  delivery.worker = worker;
  delivery.handle = handle;
  delivery.until = std::max(delivery.until, sent + visibility);
  handles_[handle] = {copy, receive};
}

void Oracle::hides(int worker, const std::string& handle, base::Duration visibility) {
  const HandleRef ref = find(handle);
  if (!ref.copy) return;
  Delivery& delivery = ref.copy->deliveries.at(ref.receive);
  note(*ref.copy, What::kHides, worker, ref.receive, visibility.count());
  delivery.returned = visibility.count() == 0;
  ++delivery.hides;
  if (delivery.deletion == Delete::kFlying || delivery.deletion == Delete::kDone) {
    accuse(*ref.copy, "its visibility was changed after its delete was sent");
  }
}

void Oracle::hid(int worker, const std::string& handle, base::SteadyPoint sent,
                 base::Duration visibility) {
  const HandleRef ref = find(handle);
  if (!ref.copy) return;
  Delivery& delivery = ref.copy->deliveries.at(ref.receive);
  --delivery.hides;
  note(*ref.copy, What::kHid, worker, ref.receive);
  if (visibility.count() == 0 || delivery.worker != worker) return;
  // An answer that comes too late does not bring back what had to be given up.
  if (clock_.steady_now() >= delivery.until) delivery.given_up = true;
  if (clock_.steady_now() > delivery.until) return;
  delivery.until = std::max(delivery.until, sent + visibility);
}

void Oracle::not_hid(const std::string& handle) {
  const HandleRef ref = find(handle);
  if (!ref.copy) return;
  Delivery& delivery = ref.copy->deliveries.at(ref.receive);
  --delivery.hides;
  note(*ref.copy, What::kNotHid, -1, ref.receive);
  delivery.not_hid_at = clock_.steady_now();
}

void Oracle::handle_refused(int worker, const std::string& handle) {
  const HandleRef ref = find(handle);
  if (!ref.copy) return;
  note(*ref.copy, What::kRefused, worker, ref.receive);
  Delivery& delivery = ref.copy->deliveries.at(ref.receive);
  delivery.refused_at = std::min(delivery.refused_at, clock_.steady_now());
}

void Oracle::deletes(int worker, const std::string& handle) {
  const HandleRef ref = find(handle);
  if (!ref.copy) return;
  Delivery& delivery = ref.copy->deliveries.at(ref.receive);
  note(*ref.copy, What::kDeletes, worker, ref.receive);
  if (delivery.running) accuse(*ref.copy, "its delete was sent while its consumer was running");
  if (delivery.deletion == Delete::kNone && clock_.steady_now() > delivery.until) {
    accuse(*ref.copy, "a result counted after visibility was lost");
  }
  delivery.deletion = Delete::kFlying;
  delivery.failed_at = base::SteadyPoint::min();
}

void Oracle::delete_answered(int, const std::string& handle, bool ok, bool known) {
  const HandleRef ref = find(handle);
  if (!ref.copy) return;
  ref.copy->deliveries.at(ref.receive).deletion =
      ok ? Delete::kDone : (known ? Delete::kFailed : Delete::kUnknown);
}

void Oracle::delete_failed(int worker, const std::string& handle) {
  const HandleRef ref = find(handle);
  if (!ref.copy) return;
  delete_answered(worker, handle, false, true);
  note(*ref.copy, What::kFailed, -1, ref.receive);
  ref.copy->deliveries.at(ref.receive).failed_at = clock_.steady_now();
}

// Asked when it is handed out again.
void Oracle::check_failed_deletes(const Copy& copy) {
  for (const auto& [receive, delivery] : copy.deliveries) {
    // One request about a message at a time: while its extension hangs, its delete waits.
    const bool waited = delivery.hides > 0 ||
                        (delivery.not_hid_at && *delivery.not_hid_at + kDoubted > delivery.until);
    const bool could =
        delivery.deletion == Delete::kFailed && delivery.failed_at != base::SteadyPoint::min() &&
        delivery.failed_at + kTimeToRetry < delivery.until &&
        delivery.until <= clock_.steady_now() && delivery.refused_at == base::SteadyPoint::max();
    if (could && !waited && !killed_.contains(delivery.worker) &&
        !draining_.contains(delivery.worker)) {
      accuse(copy, fmt::format("its delete in receive {} failed by SQS's fault at {:.3f} s and was "
                               "not tried again until {:.3f} s",
                               receive, seconds_of(delivery.failed_at - begun_),
                               seconds_of(delivery.until - begun_)));
    }
  }
}

}  // namespace soak
