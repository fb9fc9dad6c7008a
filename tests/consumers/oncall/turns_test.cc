#include "consumers/oncall/turns.h"

#include "sim/virtual_loop.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <gtest/gtest.h>

#include <vector>

namespace consumers::oncall {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;

struct Rig {
  sim::VirtualLoop loop;
  Turns turns{loop.clock()};
  std::vector<int> order;
  int now = 0;
  int most = 0;

  void spawn(int number, std::string name, int at_once, boost::asio::cancellation_slot slot = {}) {
    boost::asio::co_spawn(loop.executor(), hold(*this, number, std::move(name), at_once),
                          boost::asio::bind_cancellation_slot(slot, [](std::exception_ptr) {}));
  }
  static awaitable<void> hold(Rig& rig, int number, std::string name, int at_once) {
    const auto turn = co_await rig.turns.take(name, at_once);
    rig.order.push_back(number);
    rig.most = std::max(rig.most, ++rig.now);
    co_await rig.loop.clock().sleep_for(1s);
    --rig.now;
  }
};

TEST(Turns, OneNameIsHeldOneAfterTheOtherInTheOrderOfComing) {
  Rig rig;
  for (int i = 0; i < 5; ++i) rig.spawn(i, "a", 1);
  rig.loop.run();
  EXPECT_EQ(rig.order, (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_EQ(rig.most, 1);
}

TEST(Turns, OtherNamesDoNotWait) {
  Rig rig;
  for (int i = 0; i < 5; ++i) rig.spawn(i, std::to_string(i), 1);
  rig.loop.run();
  EXPECT_EQ(rig.most, 5);
}

TEST(Turns, SoManyHoldItAtOnce) {
  Rig rig;
  for (int i = 0; i < 9; ++i) rig.spawn(i, "a", 4);
  rig.loop.run();
  EXPECT_EQ(rig.most, 4);
  EXPECT_EQ(rig.order.size(), 9U);
}

TEST(Turns, WhoIsCancelledLeavesTheLine) {
  Rig rig;
  boost::asio::cancellation_signal stop;
  rig.spawn(0, "a", 1);
  rig.spawn(1, "a", 1, stop.slot());
  rig.spawn(2, "a", 1);
  rig.loop.run_for(500ms);
  EXPECT_EQ(rig.turns.waiting("a"), 2U);
  stop.emit(boost::asio::cancellation_type::terminal);
  rig.loop.run_for(1ms);
  EXPECT_EQ(rig.turns.waiting("a"), 1U);
  rig.loop.run();
  EXPECT_EQ(rig.order, (std::vector<int>{0, 2}));
  EXPECT_EQ(rig.turns.waiting("a"), 0U);
}

TEST(Turns, ACancellationInTheMomentOfTheGrantPassesTheTurnOn) {
  Rig rig;
  boost::asio::cancellation_signal stop;
  rig.spawn(0, "a", 1);
  rig.spawn(1, "a", 1, stop.slot());
  rig.spawn(2, "a", 1);
  // At the very end of the first hold, before the granted one has run.
  rig.loop.run_until([&] { return rig.now == 0 && !rig.order.empty(); }, 10s);
  stop.emit(boost::asio::cancellation_type::terminal);
  rig.loop.run();
  EXPECT_EQ(rig.order.back(), 2);
}

}  // namespace
}  // namespace consumers::oncall
