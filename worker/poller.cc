#include "worker/poller.h"

#include "base/log.h"
#include "worker/backoff.h"
#include "worker/metrics.h"
#include "worker/task_group.h"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace worker {
namespace {

using boost::asio::awaitable;

// A poll is given up this long after its long poll should have ended, whatever the layers below
// think they are still waiting for.
constexpr base::Duration kPollGrace{40'000};
constexpr base::Duration kBackOffBase{250};
constexpr base::Duration kBackOffFloor{100};
constexpr base::Duration kBackOffCap{20'000};
// SQS knows a ReceiveRequestAttemptId for five minutes.
constexpr base::Duration kAttemptMax{240'000};

}  // namespace

Poller::Poller(Context& context, const QueueSettings& settings, const Callbacks& callbacks)
    : context_(context),
      settings_(settings),
      callbacks_(callbacks),
      metrics_(context.metrics.queue(settings.role)),
      room_(context.executor, context.clock),
      last_success_(context.clock.steady_now()) {}

void Poller::stop() {
  stopping_ = true;
  room_.ring();
}

void Poller::room_changed() {
  if (waiting_for_room_) room_.ring();
}

void Poller::ended() {
  if (claimed_ > 0) callbacks_.unclaim(std::exchange(claimed_, 0));
  deadline_.reset();
  waiting_for_room_ = false;
  running_ = false;
}

awaitable<void> Poller::run() {
  running_ = true;  // from now on, not only from its first step
  return run_to_end();
}

awaitable<void> Poller::run_to_end() {
  try {
    co_await poll_until_stopped();
  } catch (...) {
    ended();
    callbacks_.on_broken_off();
    throw;
  }
  ended();
}

awaitable<void> Poller::poll_until_stopped() {
  while (!stopping_) {
    const Room room = callbacks_.claim();
    if (room.messages <= 0) {
      co_await wait_for_room(room);
      continue;
    }
    claimed_ = room.messages;
    const auto sent = context_.clock.steady_now();
    deadline_ = sent + settings_.poll_wait + kPollGrace;
    auto received = co_await receive(room.messages);
    deadline_.reset();
    metrics_.polled(received.has_value(), received ? received->size() : 0);
    callbacks_.unclaim(std::exchange(claimed_, 0));
    if (!received) {
      const bool transient = received.error().is_transient();
      co_await back_off(received.error());
      // While we may not, or there is no such queue, one poller is enough to find out when we may.
      if (!transient && !callbacks_.go_on(room.messages, 0)) co_return;
      continue;
    }
    failures_ = 0;
    attempt_id_.clear();
    last_success_ = context_.clock.steady_now();
    metrics_.poll_succeeded(context_.clock.now());
    const std::size_t count = received->size();
    if (count > 0) callbacks_.on_messages(std::move(*received), sent);
    if (!callbacks_.go_on(room.messages, count)) co_return;
    // Those that wait for the room that this poll had claimed come first.
    if (count == 0) co_await boost::asio::post(boost::asio::use_awaitable);
  }
}

awaitable<void> Poller::wait_for_room(Room room) {
  waiting_for_room_ = true;
  if (room.ask_again) {
    co_await room_.wait_until(*room.ask_again);
  } else {
    co_await room_.wait();
  }
  waiting_for_room_ = false;
  last_success_ = context_.clock.steady_now();
}

awaitable<base::Result<std::vector<aws::SqsMessage>>> Poller::receive(int count) {
  using std::chrono::duration_cast;
  aws::ReceiveOptions options;
  options.messages_max = count;
  // Visibility is measured from before the request: a poll that waits as long as a message stays
  // visible to us alone would bring messages that are lost already.
  options.wait =
      duration_cast<std::chrono::seconds>(std::min(settings_.poll_wait, settings_.visibility / 2));
  options.visibility = duration_cast<std::chrono::seconds>(settings_.visibility);
  if (settings_.target.fifo) options.attempt_id = attempt_id(context_.clock.steady_now());
  co_return co_await context_.polls.receive_message(settings_.target.url, options);
}

// The same until a receive is answered: if the answer was lost after SQS had handed the messages
// out, the next receive brings them again instead of leaving their groups blocked.
std::string Poller::attempt_id(base::SteadyPoint now) {
  if (attempt_id_.empty() || now - attempt_since_ > kAttemptMax) {
    attempt_id_ = context_.random.uuid();
    attempt_since_ = now;
  }
  return attempt_id_;
}

awaitable<void> Poller::back_off(base::Error error) {
  ++failures_;
  last_error_ = error.to_string();
  if (!error.is_transient()) attempt_id_.clear();  // perhaps it is what was refused
  const auto delay =
      error.is_transient()
          ? full_jitter(context_.random, failures_, kBackOffBase, kBackOffCap, kBackOffFloor)
          : full_jitter(context_.random, failures_, kPermanentCap, kPermanentCap, kPermanentFloor);
  base::log_warn("worker", "receiving failed, will try again",
                 {{"queue", settings_.role}, {"error", last_error_}, {"in_ms", delay.count()}});
  co_await context_.clock.sleep_for(delay);
}

}  // namespace worker
