#include "consumers/recycle/shared_read.h"

#include "sim/virtual_loop.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <gtest/gtest.h>

#include <string>

namespace consumers::recycle {
namespace {

namespace asio = boost::asio;
using Reads = SharedRead<std::string, int>;

// Answers every key with the number of the call; each call takes a second.
struct Desk {
  explicit Desk(Reads::Options options)
      : reads(loop.clock(), std::move(options),
              [this](std::vector<std::string> keys) { return fetch(std::move(keys)); }) {}

  asio::awaitable<Reads::Found> fetch(std::vector<std::string> keys) {
    calls.push_back(keys);
    const int number = static_cast<int>(calls.size());
    most_at_once = std::max(most_at_once, ++at_once);
    co_await loop.clock().sleep_for(std::chrono::seconds(1));
    --at_once;
    Reads::Found found;
    for (const std::string& key : keys) {
      if (key == refused)
        found.emplace(key, base::invalid("no such key"));
      else
        found.emplace(key, number);
    }
    co_return found;
  }

  static asio::awaitable<void> ask(Desk& desk, std::string key, base::Duration age_max) {
    const auto since = desk.loop.clock().steady_now() - age_max;
    const auto answer = co_await desk.reads.read(key, since);
    desk.answers[key].push_back(answer ? *answer : -1);
  }
  void start(const std::string& key, asio::cancellation_slot slot = {},
             base::Duration age_max = base::Duration(0)) {
    asio::co_spawn(loop.executor(), ask(*this, key, age_max),
                   asio::bind_cancellation_slot(
                       slot, [this](std::exception_ptr error) { cancelled += error ? 1 : 0; }));
  }

  sim::VirtualLoop loop;
  Reads reads;
  std::vector<std::vector<std::string>> calls;
  std::map<std::string, std::vector<int>> answers;
  std::string refused;
  int cancelled = 0;
  int at_once = 0;
  int most_at_once = 0;
};

using Keys = std::vector<std::string>;

Reads::Options gathering(base::Duration time, std::size_t keys_per_call = 3) {
  Reads::Options options;
  options.keys_per_call = keys_per_call;
  options.gather = [time] { return time; };
  return options;
}

TEST(SharedRead, AsksForOneAloneAtOnce) {
  Desk desk(gathering(base::Duration(0)));
  desk.start("a");
  desk.loop.run_for(std::chrono::seconds(1));
  EXPECT_EQ(desk.answers["a"], std::vector<int>{1});
}

TEST(SharedRead, JoinsThoseWhoAskWhileTheFirstOneGathers) {
  Desk desk(gathering(std::chrono::milliseconds(100)));
  desk.start("a");
  desk.loop.run_for(std::chrono::milliseconds(50));
  desk.start("b");
  desk.start("a");
  desk.loop.run();
  EXPECT_EQ(desk.calls, std::vector<Keys>{(Keys{"a", "b"})});
  EXPECT_EQ(desk.answers["a"], (std::vector<int>{1, 1}));
}

TEST(SharedRead, GoesOnceTheCallIsFull) {
  Desk desk(gathering(std::chrono::hours(1)));
  for (const char* key : {"a", "b", "c"}) desk.start(key);
  desk.loop.run_for(std::chrono::seconds(1));
  EXPECT_EQ(desk.answers.size(), 3U);
}

TEST(SharedRead, NeverAnswersByACallThatBeganBeforeTheQuestion) {
  Desk desk(gathering(base::Duration(0)));
  desk.start("a");
  desk.loop.run_for(std::chrono::milliseconds(500));
  desk.start("a");
  desk.loop.run();
  EXPECT_EQ(desk.answers["a"], (std::vector<int>{1, 2}));
}

TEST(SharedRead, AnswersByACallUnderWayWhoAcceptsAnOldLook) {
  Desk desk(gathering(base::Duration(0)));
  desk.start("a");
  desk.loop.run_for(std::chrono::milliseconds(500));
  desk.start("a", {}, std::chrono::seconds(1));
  desk.loop.run();
  EXPECT_EQ(desk.answers["a"], (std::vector<int>{1, 1}));
}

TEST(SharedRead, AnswersByWhatWasKeptWhoAcceptsAnOldLook) {
  Reads::Options options = gathering(base::Duration(0));
  options.keep = std::chrono::minutes(1);
  Desk desk(options);
  desk.start("a");
  desk.loop.run_for(std::chrono::seconds(10));
  desk.start("a", {}, std::chrono::seconds(11));
  desk.start("a", {}, std::chrono::seconds(9));
  desk.loop.run();
  EXPECT_EQ(desk.answers["a"], (std::vector<int>{1, 1, 2}));
  desk.reads.forget_if([](const std::string& key) { return key == "a"; });
  desk.start("a", {}, std::chrono::hours(1));
  desk.loop.run();
  EXPECT_EQ(desk.answers["a"].back(), 3);
}

TEST(SharedRead, KeepsWithinTheLimitOfCallsAtOnce) {
  Desk desk(gathering(base::Duration(0), 1));
  for (int i = 0; i < 9; ++i) desk.start(std::to_string(i));
  desk.loop.run();
  EXPECT_EQ(desk.calls.size(), 9U);
  EXPECT_EQ(desk.answers.size(), 9U);
  EXPECT_EQ(desk.most_at_once, 2);
}

TEST(SharedRead, AnErrorOfOneKeyIsNotTheOthers) {
  Desk desk(gathering(std::chrono::milliseconds(1)));
  desk.refused = "b";
  for (const char* key : {"a", "b", "c"}) desk.start(key);
  desk.loop.run();
  EXPECT_EQ(desk.answers["a"], std::vector<int>{1});
  EXPECT_EQ(desk.answers["b"], std::vector<int>{-1});
}

TEST(SharedRead, AnotherOneTakesOverFromTheOneThatIsCancelled) {
  for (const int when : {5, 500}) {  // while it gathers, while it calls
    Desk desk(gathering(std::chrono::milliseconds(100)));
    asio::cancellation_signal signal;
    desk.start("a", signal.slot());
    desk.loop.run_for(std::chrono::milliseconds(1));
    desk.start("b");
    desk.loop.run_for(std::chrono::milliseconds(when));
    signal.emit(asio::cancellation_type::terminal);
    desk.loop.run();
    EXPECT_EQ(desk.cancelled, 1);
    EXPECT_TRUE(desk.answers["a"].empty());
    ASSERT_EQ(desk.answers["b"].size(), 1U) << when;
    EXPECT_EQ(desk.calls.back(), Keys{"b"});
  }
}

TEST(SharedRead, OneThatIsCancelledWhileItWaitsHoldsNobodyUp) {
  Desk desk(gathering(base::Duration(0), 1));
  asio::cancellation_signal signal;
  desk.start("a");
  desk.start("b");
  desk.start("c", signal.slot());
  desk.start("d");
  desk.loop.run_for(std::chrono::milliseconds(10));
  signal.emit(asio::cancellation_type::terminal);
  desk.loop.run();
  EXPECT_EQ(desk.cancelled, 1);
  EXPECT_EQ(desk.answers["d"].size(), 1U);
  EXPECT_EQ(desk.calls.size(), 3U);
}

}  // namespace
}  // namespace consumers::recycle
