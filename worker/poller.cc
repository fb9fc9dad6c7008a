#include "worker/poller.h"

#include "base/log.h"
#include "worker/backoff.h"
#include "worker/guarded.h"
#include "worker/metrics.h"
#include "worker/task_group.h"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <algorithm>

namespace worker {
namespace {

// A poll is given up this long after its long poll should have ended, whatever the layers below
// think they are still waiting for.
constexpr base::Duration kPollGrace{40'000};
constexpr base::Duration kBackOffBase{250};
constexpr base::Duration kBackOffFloor{100};
constexpr base::Duration kBackOffCap{20'000};
// Denied, no such queue: will not heal in seconds, but somebody may heal it.
constexpr base::Duration kPermanentFloor{10'000};
constexpr base::Duration kPermanentCap{60'000};

}  // namespace

Poller::Poller(Context& context, const QueueSettings& settings, Callbacks callbacks)
    : context_(context),
      settings_(settings),
      callbacks_(std::move(callbacks)),
      room_(context.executor, context.clock),
      last_success_(context.clock.steady_now()) {}

void Poller::stop() {
  stopping_ = true;
  room_.ring();
}

void Poller::room_changed() { room_.ring(); }

bool Poller::is_healthy(base::Duration age_max) const {
  return waiting_for_room_ || context_.clock.steady_now() - last_success_ <= age_max;
}

boost::asio::awaitable<void> Poller::run() {
  while (!stopping_) {
    const int room = callbacks_.room();
    if (room <= 0) {
      waiting_for_room_ = true;
      co_await room_.wait();
      waiting_for_room_ = false;
      last_success_ = context_.clock.steady_now();
      continue;
    }
    const auto sent = context_.clock.steady_now();
    auto received = co_await receive(std::min<int>(room, kBatchMax));
    context_.metrics.polled(settings_.role, received ? "ok" : "error",
                            received ? received->size() : 0);
    if (received) {
      failures_ = 0;
      last_success_ = context_.clock.steady_now();
      context_.metrics.poll_succeeded(settings_.role, context_.clock.now());
      if (!received->empty()) callbacks_.on_messages(std::move(*received), sent);
      continue;
    }
    last_error_ = received.error().to_string();
    const auto delay = back_off(received.error());
    base::log_warn("worker", "receiving failed, will try again",
                   {{"queue", settings_.role}, {"error", last_error_}, {"in_ms", delay.count()}});
    co_await context_.clock.sleep_for(delay);
  }
}

boost::asio::awaitable<base::Result<std::vector<aws::SqsMessage>>> Poller::receive(int count) {
  using boost::asio::experimental::awaitable_operators::operator||;
  using std::chrono::duration_cast;
  aws::ReceiveOptions options;
  options.messages_max = count;
  // Visibility is measured from before the request: a poll that waits as long as a message stays
  // visible to us alone would bring messages that are lost already.
  options.wait =
      duration_cast<std::chrono::seconds>(std::min(settings_.poll_wait, settings_.visibility / 2));
  options.visibility = duration_cast<std::chrono::seconds>(settings_.visibility);
  const auto deadline = context_.clock.steady_now() + settings_.poll_wait + kPollGrace;
  auto first = co_await (guarded(context_.polls.receive_message(settings_.target.url, options)) ||
                         guarded(context_.clock.sleep_until(deadline)));
  if (first.index() == 0) co_return std::move(std::get<0>(first));
  co_return base::Error{base::ErrorKind::kRetry, "PollDeadline", "the poll did not answer", ""};
}

base::Duration Poller::back_off(const base::Error& error) {
  ++failures_;
  if (error.is_transient()) {
    return full_jitter(context_.random, failures_, kBackOffBase, kBackOffCap, kBackOffFloor);
  }
  return full_jitter(context_.random, failures_, kPermanentCap, kPermanentCap, kPermanentFloor);
}

}  // namespace worker
