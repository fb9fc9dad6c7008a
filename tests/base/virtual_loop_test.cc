// Lives here because every other test stands on it.
#include "sim/virtual_loop.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using asio::experimental::awaitable_operators::operator||;
using asio::experimental::awaitable_operators::operator&&;

asio::awaitable<void> nap(base::Clock& clock, base::Duration duration, std::string name,
                          std::vector<std::string>& log) {
  co_await clock.sleep_for(duration);
  log.push_back(std::move(name));
}

TEST(VirtualLoop, HoursPassInOrderWithoutWaiting) {
  sim::VirtualLoop loop;
  const base::TimePoint start = loop.clock().now();
  std::vector<std::string> log;
  const auto real_start = std::chrono::steady_clock::now();
  loop.run(nap(loop.clock(), 3h, "late", log) && nap(loop.clock(), 1h, "early", log));
  EXPECT_EQ(log, (std::vector<std::string>{"early", "late"}));
  EXPECT_EQ(loop.clock().now() - start, 3h);
  EXPECT_LT(std::chrono::steady_clock::now() - real_start, 5s);
}

TEST(VirtualLoop, LoserOfARaceIsCancelledAndDoesNotMoveTheClock) {
  sim::VirtualLoop loop;
  const base::TimePoint start = loop.clock().now();
  std::vector<std::string> log;
  loop.run([](base::Clock& clock, std::vector<std::string>& l) -> asio::awaitable<void> {
    co_await (nap(clock, 1s, "fast", l) || nap(clock, 10h, "slow", l));
  }(loop.clock(), log));
  loop.run();
  EXPECT_EQ(log, std::vector<std::string>{"fast"});
  EXPECT_EQ(loop.clock().now() - start, 1s);
}

TEST(VirtualLoop, SignalEndsASleepWithOperationAborted) {
  sim::VirtualLoop loop;
  asio::cancellation_signal signal;
  std::exception_ptr error;
  bool ended = false;
  std::vector<std::string> log;
  asio::co_spawn(loop.executor(), nap(loop.clock(), 1h, "never", log),
                 asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e) {
                   error = e;
                   ended = true;
                 }));
  loop.run_for(1min);
  EXPECT_FALSE(ended);
  signal.emit(asio::cancellation_type::terminal);
  loop.run_for(0s);
  ASSERT_TRUE(ended);
  try {
    std::rethrow_exception(error);
  } catch (const boost::system::system_error& e) {
    EXPECT_EQ(e.code(), asio::error::operation_aborted);
  }
  EXPECT_TRUE(log.empty());
}

TEST(VirtualLoop, RunForStopsExactlyAtItsEnd) {
  sim::VirtualLoop loop;
  const base::TimePoint start = loop.clock().now();
  loop.run_for(90s);
  EXPECT_EQ(loop.clock().now() - start, 90s);
}

TEST(VirtualLoop, ACoroutineThatNeverEndsIsReported) {
  sim::VirtualLoop loop;
  std::vector<std::string> log;
  EXPECT_THROW(loop.run(nap(loop.clock(), 2h, "x", log), 1h), std::logic_error);
}

TEST(VirtualLoop, DestroysSuspendedCoroutines) {
  auto guard = std::make_shared<int>(1);
  {
    sim::VirtualLoop loop;
    auto hold = [](base::Clock& clock, std::shared_ptr<int> g) -> asio::awaitable<void> {
      co_await clock.sleep_for(1h);
      *g = 2;
    };
    asio::co_spawn(loop.executor(), hold(loop.clock(), guard), [](std::exception_ptr) {});
    loop.run_for(1s);
    EXPECT_EQ(guard.use_count(), 2);
  }
  EXPECT_EQ(guard.use_count(), 1);
}

}  // namespace
