#include "base/traced_executor.h"

#include "base/clock.h"
#include "sim/virtual_loop.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>

namespace {

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;

std::shared_ptr<const base::TraceContext> a_trace(const std::string& id = "1") {
  base::TraceContext trace;
  trace.trace_id = std::string(31, '0') + id;
  return std::make_shared<const base::TraceContext>(std::move(trace));
}

awaitable<std::string> seen() {
  const auto executor = co_await asio::this_coro::executor;
  const base::TraceContext* trace = base::trace_of(executor);
  co_return trace == nullptr ? "none" : trace->trace_id.substr(31);
}

awaitable<void> note(std::string& where) { where = co_await seen(); }

awaitable<void> sleep_and_note(base::Clock& clock, base::Duration duration, std::string& where) {
  co_await clock.sleep_for(duration);
  where = co_await seen();
}

// Everything that our coroutines do between two looks at the executor.
awaitable<void> look_everywhere(base::Clock& clock, std::vector<std::string>& looks) {
  using namespace asio::experimental::awaitable_operators;
  const auto executor = co_await asio::this_coro::executor;
  looks.push_back(co_await seen());
  co_await clock.sleep_for(5ms);
  looks.push_back(co_await seen());
  co_await asio::post(asio::use_awaitable);
  looks.push_back(co_await seen());
  co_await asio::dispatch(asio::use_awaitable);
  looks.push_back(co_await seen());
  std::string spawned;
  co_await asio::co_spawn(executor, note(spawned), asio::use_awaitable);
  looks.push_back(spawned);
  std::string left = "never";
  std::string right = "never";
  co_await (sleep_and_note(clock, 1ms, left) && sleep_and_note(clock, 2ms, right));
  looks.push_back(left);
  looks.push_back(right);
  std::string slow = "cancelled";
  co_await (sleep_and_note(clock, 1ms, left) || sleep_and_note(clock, 1h, slow));
  looks.push_back(slow == "cancelled" ? left : "the slow one was not cancelled");
}

const std::vector<std::string> kEverywhere(8, "7");

TEST(TracedExecutor, IsKnownToAllThatIsSpawnedOnItUnderVirtualTime) {
  sim::VirtualLoop loop;
  std::vector<std::string> looks;
  bool ended = false;
  asio::co_spawn(base::traced(loop.executor(), a_trace("7")), look_everywhere(loop.clock(), looks),
                 [&](std::exception_ptr error) {
                   EXPECT_FALSE(error);
                   ended = true;
                 });
  loop.run();
  EXPECT_TRUE(ended);
  EXPECT_EQ(looks, kEverywhere);
}

TEST(TracedExecutor, IsKnownToAllThatIsSpawnedOnItOnAnIoContext) {
  asio::io_context context(1);
  base::RealClock clock;
  std::vector<std::string> looks;
  asio::co_spawn(base::traced(context.get_executor(), a_trace("7")), look_everywhere(clock, looks),
                 [&](std::exception_ptr error) { EXPECT_FALSE(error); });
  context.run();
  EXPECT_EQ(looks, kEverywhere);
}

TEST(TracedExecutor, KeepsTwoTracesApartWhileTheyTakeTurns) {
  sim::VirtualLoop loop;
  std::vector<std::string> first;
  std::vector<std::string> second;
  std::string third;
  const auto on_end = [](std::exception_ptr error) { EXPECT_FALSE(error); };
  asio::co_spawn(base::traced(loop.executor(), a_trace("7")), look_everywhere(loop.clock(), first),
                 on_end);
  asio::co_spawn(base::traced(loop.executor(), a_trace("8")), look_everywhere(loop.clock(), second),
                 on_end);
  asio::co_spawn(loop.executor(), sleep_and_note(loop.clock(), 5ms, third), on_end);
  loop.run();
  EXPECT_EQ(first, kEverywhere);
  EXPECT_EQ(second, std::vector<std::string>(8, "8"));
  EXPECT_EQ(third, "none");
}

awaitable<void> sleep_long(base::Clock& clock, bool& woken) {
  co_await clock.sleep_for(1h);
  woken = true;
}

// A wait inside a wait inside a spawn: cancellation has to find its way down to the timer.
awaitable<void> nested_sleep(base::Clock& clock, bool& woken) {
  using namespace asio::experimental::awaitable_operators;
  const auto executor = co_await asio::this_coro::executor;
  co_await (asio::co_spawn(executor, sleep_long(clock, woken), asio::use_awaitable) &&
            sleep_long(clock, woken));
}

TEST(TracedExecutor, LetsCancellationReachTheInnermostWait) {
  sim::VirtualLoop loop;
  asio::cancellation_signal cancel;
  bool woken = false;
  std::exception_ptr error;
  asio::co_spawn(
      base::traced(loop.executor(), a_trace()), nested_sleep(loop.clock(), woken),
      asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr e) { error = e; }));
  loop.run_for(1min);
  ASSERT_FALSE(error);
  cancel.emit(asio::cancellation_type::terminal);
  loop.run_for(1ms);
  ASSERT_TRUE(error) << "the coroutine is still waiting";
  EXPECT_FALSE(woken);
  loop.run();
  EXPECT_FALSE(woken);
}

TEST(TracedExecutor, FreesTheTraceWhenTheLastWorkOnItEnded) {
  sim::VirtualLoop loop;
  auto trace = a_trace();
  const std::weak_ptr<const base::TraceContext> alive = trace;
  std::string where;
  asio::co_spawn(base::traced(loop.executor(), std::move(trace)),
                 sleep_and_note(loop.clock(), 1s, where),
                 [](std::exception_ptr error) { EXPECT_FALSE(error); });
  loop.run_for(500ms);
  EXPECT_FALSE(alive.expired());
  loop.run();
  EXPECT_EQ(where, "1");
  EXPECT_TRUE(alive.expired());
}

TEST(TracedExecutor, IsLeftOutWhereThereIsNoTrace) {
  sim::VirtualLoop loop;
  EXPECT_EQ(base::traced(loop.executor(), nullptr), loop.executor());
  EXPECT_EQ(base::trace_of(loop.executor()), nullptr);
  EXPECT_EQ(base::trace_of(asio::any_io_executor()), nullptr);
}

TEST(TracedExecutor, EqualsOnlyTheSameTraceOnTheSameExecutor) {
  sim::VirtualLoop loop;
  sim::VirtualLoop other;
  const auto trace = a_trace();
  const auto executor = base::traced(loop.executor(), trace);
  EXPECT_EQ(executor, base::traced(loop.executor(), trace));
  EXPECT_NE(executor, base::traced(loop.executor(), a_trace()));
  EXPECT_NE(executor, base::traced(other.executor(), trace));
  EXPECT_NE(executor, loop.executor());
}

}  // namespace
