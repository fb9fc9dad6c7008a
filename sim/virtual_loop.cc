#include "sim/virtual_loop.h"

#include "base/waiter.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>
#include <map>
#include <utility>

namespace sim {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// Move-only nullary work; std::function would ask for copies of coroutine frames.
class Task {
 public:
  virtual ~Task() = default;
  virtual void operator()() = 0;
};

template <class F>
class TaskOf final : public Task {
 public:
  explicit TaskOf(F f) : f_(std::move(f)) {}
  void operator()() override {
    F f(std::move(f_));
    std::move(f)();
  }

 private:
  F f_;
};

// Somebody who sleeps. The slot is cleared before the waiter completes, so that a cancellation
// never reaches a sleep that is over.
struct Sleep {
  std::unique_ptr<base::Waiter> waiter;
  asio::cancellation_slot slot;
  void end(error_code ec) {
    if (slot.is_connected()) slot.clear();
    waiter->complete(ec);
  }
};

class Context final : public asio::execution_context {
 public:
  ~Context() {
    // Handlers own coroutine frames whose destruction may queue or drop further work.
    while (!ready.empty() || !sleeps.empty()) {
      auto tasks = std::exchange(ready, {});
      auto waits = std::exchange(sleeps, {});
    }
    shutdown();
    destroy();
  }

  std::deque<std::unique_ptr<Task>> ready;
  std::multimap<base::SteadyPoint, Sleep> sleeps;
  base::TimePoint start;
  base::SteadyPoint now{};
  bool running = false;  // a task of ours, at this moment
};

// As io_context's: what is dispatched from within the loop runs at once, what is posted later.
class Executor {
 public:
  explicit Executor(Context& context, bool may_block = true)
      : context_(&context), may_block_(may_block) {}

  asio::execution_context& query(asio::execution::context_t) const noexcept { return *context_; }
  asio::execution::blocking_t query(asio::execution::blocking_t) const noexcept {
    return may_block_ ? asio::execution::blocking_t(asio::execution::blocking.possibly)
                      : asio::execution::blocking_t(asio::execution::blocking.never);
  }
  Executor require(asio::execution::blocking_t::never_t) const noexcept {
    return Executor(*context_, false);
  }
  Executor require(asio::execution::blocking_t::possibly_t) const noexcept {
    return Executor(*context_, true);
  }

  template <class F>
  void execute(F f) const {
    if (may_block_ && context_->running) {
      std::move(f)();
    } else {
      context_->ready.push_back(std::make_unique<TaskOf<F>>(std::move(f)));
    }
  }

  friend bool operator==(const Executor& a, const Executor& b) noexcept {
    return a.context_ == b.context_ && a.may_block_ == b.may_block_;
  }

 private:
  Context* context_;
  bool may_block_;
};

class VirtualClock final : public base::Clock {
 public:
  explicit VirtualClock(Context& context) : context_(context) {}

  base::TimePoint now() const override {
    return context_.start + (context_.now - base::SteadyPoint{});
  }
  base::SteadyPoint steady_now() const override { return context_.now; }

  // No coroutine of its own: a worker may have a hundred thousand sleepers.
  asio::awaitable<void> sleep_until(base::SteadyPoint deadline) override {
    auto initiate = [this, deadline](auto handler) { start_sleep(std::move(handler), deadline); };
    return asio::async_initiate<const asio::use_awaitable_t<>, void(error_code)>(
        std::move(initiate), asio::use_awaitable);
  }

 private:
  template <class Handler>
  void start_sleep(Handler handler, base::SteadyPoint deadline) {
    const auto slot = asio::get_associated_cancellation_slot(handler);
    const auto at = context_.sleeps.emplace(
        std::max(deadline, context_.now),
        Sleep{base::make_waiter(std::move(handler), Executor(context_)), slot});
    if (!slot.is_connected()) return;
    at->second.slot.assign([&sleeps = context_.sleeps, at](asio::cancellation_type) {
      Sleep sleep = std::move(sleeps.extract(at).mapped());
      sleep.end(asio::error::operation_aborted);
    });
  }

  Context& context_;
};

}  // namespace

struct VirtualLoop::Impl {
  Context context;
  VirtualClock clock{context};

  // Wakes the next sleeper; false if there is none at or before `limit`.
  bool advance(base::SteadyPoint limit) {
    if (context.sleeps.empty() || context.sleeps.begin()->first > limit) return false;
    auto next = context.sleeps.extract(context.sleeps.begin());
    context.now = std::max(context.now, next.key());
    next.mapped().end({});
    return true;
  }

  void run_one() {
    const auto task = std::move(context.ready.front());
    context.ready.pop_front();
    const bool outer = std::exchange(context.running, true);
    try {
      (*task)();
    } catch (...) {
      context.running = outer;
      throw;
    }
    context.running = outer;
  }
};

VirtualLoop::VirtualLoop() : VirtualLoop(base::parse_rfc3339("2026-01-02T03:04:05Z").value()) {}

VirtualLoop::VirtualLoop(base::TimePoint start) : impl_(std::make_unique<Impl>()) {
  impl_->context.start = start;
}

VirtualLoop::~VirtualLoop() = default;

asio::any_io_executor VirtualLoop::executor() { return Executor(impl_->context); }

base::Clock& VirtualLoop::clock() { return impl_->clock; }

void VirtualLoop::run() {
  do {
    while (!impl_->context.ready.empty()) impl_->run_one();
  } while (impl_->advance(base::SteadyPoint::max()));
}

void VirtualLoop::run_for(base::Duration duration) {
  const base::SteadyPoint limit = impl_->context.now + duration;
  do {
    while (!impl_->context.ready.empty()) impl_->run_one();
  } while (impl_->advance(limit));
  impl_->context.now = limit;
}

bool VirtualLoop::run_until(const std::function<bool()>& done, base::Duration limit) {
  const base::SteadyPoint end = impl_->context.now + limit;
  do {
    while (!impl_->context.ready.empty()) {
      if (done()) return true;
      impl_->run_one();
    }
    if (done()) return true;
  } while (impl_->advance(end));
  return done();
}

}  // namespace sim
