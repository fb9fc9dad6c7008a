#include "worker/poller_pool.h"

#include "base/log.h"
#include "worker/metrics.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace worker {
namespace {

using boost::asio::awaitable;

// Asking for one message costs as much as asking for ten: when there is room for fewer, it may grow
// for this long before they are asked for.
constexpr base::Duration kFillWait{500};
// A poller that broke off is replaced after this long, not at once: it may break off again.
constexpr base::Duration kReplaceAfter{1'000};
constexpr base::Duration kLookEvery{60'000};
// Of what was asked for: at least this share is a full receive, less than that share an empty one.
constexpr double kFull = 0.8;
constexpr double kSparse = 0.5;

}  // namespace

PollerPool::PollerPool(Context& context, const QueueSettings& settings, TaskGroup& tasks,
                       Callbacks callbacks)
    : context_(context),
      settings_(settings),
      tasks_(tasks),
      metrics_(context.metrics.queue(settings.role)),
      callbacks_(std::move(callbacks)),
      for_pollers_{
          .claim = [this] { return claim(); },
          .unclaim = [this](int messages) { unclaim(messages); },
          .on_messages = callbacks_.on_messages,
          .go_on = [this](int asked, std::size_t received) { return go_on(asked, received); },
          .on_broken_off = [this] { on_broken_off(); }},
      look_(context.executor, context.clock) {}

void PollerPool::start() {
  grow();
  tasks_.spawn("watching the pollers", watch());
}

void PollerPool::stop() {
  stopping_ = true;
  for (const auto& member : members_) {
    member->poller->stop();
    member->cancel.emit(boost::asio::cancellation_type::terminal);
  }
  look_.ring();
}

void PollerPool::room_changed() {
  for (const auto& member : members_) member->poller->room_changed();
}

bool PollerPool::is_healthy(base::Duration age_max) const {
  const auto now = context_.clock.steady_now();
  return std::ranges::any_of(members_, [&](const auto& member) {
    const Poller& poller = *member->poller;
    return poller.is_running() &&
           (poller.waits_for_room() || now - poller.last_success() <= age_max);
  });
}

std::string PollerPool::last_error() const {
  for (const auto& member : members_) {
    if (!member->poller->last_error().empty()) return member->poller->last_error();
  }
  return {};
}

std::size_t PollerPool::running() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      members_, [](const auto& member) { return member->poller->is_running(); }));
}

Room PollerPool::claim() {
  Room room = callbacks_.room();
  room.messages = std::min<int>(room.messages - claimed_, kBatchMax);
  if (room.messages <= 0) return room;
  const int worth_asking = std::min<int>(kBatchMax, settings_.in_flight_max);
  if (room.messages < worth_asking) {
    if (claimed_ > 0) return {};  // another poll is under way, and will say so when it has ended
    const auto now = context_.clock.steady_now();
    if (!little_room_since_) little_room_since_ = now;
    if (now < *little_room_since_ + kFillWait) return {0, *little_room_since_ + kFillWait};
  }
  little_room_since_.reset();
  claimed_ += room.messages;
  return room;
}

void PollerPool::unclaim(int messages) {
  claimed_ -= messages;
  callbacks_.on_room();
}

bool PollerPool::go_on(int asked, std::size_t received) {
  if (stopping_) return false;
  const auto got = static_cast<double>(received);
  if (got >= kFull * asked) {
    if (asked == static_cast<int>(kBatchMax)) grow();
    return true;
  }
  if (got >= kSparse * asked || running() == 1) return true;
  metrics_.pollers(running() - 1);
  return false;
}

void PollerPool::on_broken_off() {
  replace_at_ = context_.clock.steady_now() + kReplaceAfter;
  look_.ring();
}

// One more, if it would have something to do.
void PollerPool::grow() {
  if (stopping_ || running() >= static_cast<std::size_t>(settings_.pollers_max)) return;
  const bool one_waits = std::ranges::any_of(
      members_, [](const auto& member) { return member->poller->waits_for_room(); });
  if (one_waits) return;
  for (const auto& member : members_) {
    if (!member->poller->is_running()) {
      spawn(*member);
      return;
    }
  }
  members_.push_back(std::make_unique<Member>());
  members_.back()->poller = std::make_unique<Poller>(context_, settings_, for_pollers_);
  spawn(*members_.back());
}

void PollerPool::spawn(Member& member) {
  tasks_.spawn("polling", member.poller->run(), member.cancel.slot());
  metrics_.pollers(running());
}

awaitable<void> PollerPool::watch() {
  while (!stopping_) {
    co_await look_.wait_until(next_look());
    if (!stopping_) tend();
  }
}

base::SteadyPoint PollerPool::next_look() const {
  base::SteadyPoint look = context_.clock.steady_now() + kLookEvery;
  if (replace_at_) look = std::min(look, *replace_at_);
  for (const auto& member : members_) {
    look = std::min(look, member->poller->deadline().value_or(look));
  }
  return look;
}

void PollerPool::tend() {
  const auto now = context_.clock.steady_now();
  for (const auto& member : members_) {
    if (now < member->poller->deadline().value_or(base::SteadyPoint::max())) continue;
    base::log_warn("worker", "a poll never answered, it is given up",
                   {{"queue", settings_.role}, {"waited_s", (settings_.poll_wait.count()) / 1000}});
    metrics_.polls_abandoned();
    member->poller->given_up();
    member->cancel.emit(boost::asio::cancellation_type::terminal);
  }
  if (replace_at_ && now >= *replace_at_) {
    replace_at_.reset();
    if (running() == 0) grow();
  }
  metrics_.pollers(running());
}

}  // namespace worker
