#include "tests/recycle_proof/line.h"

#include <algorithm>

namespace proof {

base::Error as_error(const sim::ApiError& error) {
  return {aws::error_kind(error.code, error.status), error.code, error.message, {}};
}

const Misfortune* Line::due(bool before) {
  for (const Misfortune& one : exchange_.misfortunes) {
    if (one.call == number_ && (one.kind == Misfortune::Kind::kCrashBefore) == before) return &one;
  }
  return nullptr;
}

void Line::die_here() {
  ++exchange_.met.crashes;
  dead_ = true;
  throw Crash();
}

boost::asio::awaitable<void> Line::enter(std::string operation) {
  check_dead();
  if (zombie_calls_left_ && (*zombie_calls_left_)-- == 0) {
    // The keeper has noticed by now: the run is cancelled before this call is sent.
    dead_ = true;
    throw Crash();
  }
  if (zombie_calls_left_) ++exchange_.met.zombie_calls;
  number_ = ++exchange_.calls;
  if (due(true) != nullptr) die_here();
  if (operation == "DescribeAutoScalingGroups" && exchange_.on_look) exchange_.on_look(worker_);
  if (exchange_.latency.count() > 0) {
    const auto most = exchange_.latency.count();
    const int number = number_;
    co_await exchange_.world.clock().sleep_for(base::Duration(random_.below(most) + 1));
    number_ = number;
    check_dead();
  }
}

boost::asio::awaitable<void> Line::leave(std::string operation, const sim::ApiCall* call,
                                         std::optional<base::Error> error) {
  if (call != nullptr) ++exchange_.mutations;
  if (exchange_.after) exchange_.after(worker_, operation, call, error ? &*error : nullptr);
  const Misfortune* misfortune = due(false);
  if (misfortune == nullptr) co_return;
  if (misfortune->kind == Misfortune::Kind::kCrashAfter) die_here();
  ++exchange_.met.freezes;
  const Misfortune freeze = *misfortune;
  standing_still_ = true;
  if (exchange_.on_freeze) exchange_.on_freeze(worker_);
  co_await exchange_.world.clock().sleep_for(freeze.lasts);
  standing_still_ = false;
  check_dead();
  // Back before anybody noticed: it goes on as if nothing had been.
  if (freeze.lasts < kVisibility) co_return;
  zombie_calls_left_ = freeze.zombie_calls;
}

}  // namespace proof
