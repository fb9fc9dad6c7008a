// Shutdown and FIFO order.
#include "tests/worker/rig.h"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include <algorithm>

namespace worker {
namespace {

using consumers::Delivery;
using consumers::Done;
using consumers::Retry;
using consumers::Verdict;

// Takes no notice of being cancelled.
awaitable<Verdict> stubborn(base::Clock& clock, base::Duration duration, bool& ended) {
  co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
  co_await clock.sleep_for(duration);
  ended = true;
  co_return Done{};
}

TEST(Drain, LetsShortWorkFinish) {
  Rig rig;
  rig.consume("short", "events", [&](Delivery) { return after(rig.loop.clock(), 8s, Done{}); });
  for (int i = 0; i < 5; ++i) rig.send("events", request_for("web-" + std::to_string(i)));
  rig.start();
  rig.run(2s);
  const auto took = rig.drain();
  EXPECT_EQ(rig.depth("events"), 0U);
  EXPECT_GE(took, 5s);
  EXPECT_LE(took, 7s);
}

TEST(Drain, GivesBackWhatIsNotDoneByTheDeadline) {
  Rig rig;
  rig.events.drain_deadline = 30s;
  rig.consume("slow", "events", [&](Delivery) { return after(rig.loop.clock(), 1h, Done{}); });
  rig.send("events", request_for("web"));
  rig.start();
  rig.run(2s);
  const auto took = rig.drain();
  EXPECT_GE(took, 30s);
  EXPECT_LE(took, 31s);
  EXPECT_EQ(rig.take("events").size(), 1U) << "visible at once for the next worker";
}

TEST(Drain, DoesNotWaitForDeletesThatAreDenied) {
  Rig rig;
  rig.on_events([](const Delivery&) { return Verdict(Done{}); });
  rig.region.faults().add({.kind = sim::FaultKind::kError,
                           .operation = "DeleteMessageBatch",
                           .status = 403,
                           .code = "AccessDenied"});
  rig.send("events", request_for("web"));
  rig.start();
  rig.run(2s);
  EXPECT_LE(rig.drain(), rig.events.drain_deadline + 12s);
}

TEST(Drain, WaitsForAConsumerThatTakesLongToUnwind) {
  bool ended = false;
  Rig rig;
  rig.events.drain_deadline = 1s;
  rig.consume("stubborn", "events",
              [&](Delivery) { return stubborn(rig.loop.clock(), 1min, ended); });
  rig.send("events", request_for("web"));
  rig.start();
  rig.run(2s);
  rig.drain();
  EXPECT_TRUE(ended) << "it would have gone on with what is gone";
}

TEST(Drain, EndsAtOnceWhenIdle) {
  Rig rig;
  rig.on_events([](const Delivery&) { return Verdict(Done{}); });
  rig.start();
  rig.run(3s);  // in the middle of a long poll
  EXPECT_LE(rig.drain(), 100ms);
}

TEST(Drain, HandsRunningRecyclesOverWithoutSpendingAReceive) {
  Rig rig;
  rig.consume("recycle", "recycles", [&](Delivery) { return after(rig.loop.clock(), 5h, Done{}); });
  rig.send("recycles.fifo", request_for("web"), "web", {{"tenant", {"String", "blue"}}});
  rig.start();
  rig.run(10min);
  EXPECT_LE(rig.drain(), 1s) << "long work is not waited for";
  const auto copies = rig.take("recycles.fifo");
  ASSERT_EQ(copies.size(), 1U);
  EXPECT_EQ(copies[0].receive_count, 1);
  EXPECT_EQ(copies[0].group_id, "web");
  EXPECT_EQ(copies[0].body, request_for("web"));
  EXPECT_EQ(copies[0].attributes.at("tenant").value, "blue");
}

TEST(Drain, HandsAFifoMessageOverInItsPlaceBeforeItsSiblings) {
  Rig rig;
  rig.recycles.receives_max = 5;
  rig.consume("recycle", "recycles", [&](Delivery) { return after(rig.loop.clock(), 5h, Done{}); });
  rig.send("recycles.fifo", request_for("pay_a"), "pay");
  rig.send("recycles.fifo", request_for("pay_b"), "pay");
  rig.start();
  rig.run(10min);
  EXPECT_LE(rig.drain(), 1s);
  const auto back = rig.take("recycles.fifo");
  ASSERT_FALSE(back.empty());
  EXPECT_EQ(back[0].body, request_for("pay_a"));
  EXPECT_EQ(back[0].receive_count, 2);
}

TEST(Drain, CopiesAFifoMessageWhoseReceivesAreNearlySpent) {
  Rig rig;
  rig.recycles.receives_max = 3;
  rig.consume("recycle", "recycles", [&](Delivery) { return after(rig.loop.clock(), 5h, Done{}); });
  rig.send("recycles.fifo", request_for("web"), "web");
  rig.start();
  rig.run(10min);
  rig.drain();
  const auto copies = rig.take("recycles.fifo");
  ASSERT_EQ(copies.size(), 1U);
  EXPECT_EQ(copies[0].receive_count, 1);
}

TEST(Drain, MakesARecycleVisibleWhenItsCopyCannotBeSent) {
  Rig rig;
  rig.consume("recycle", "recycles", [&](Delivery) { return after(rig.loop.clock(), 5h, Done{}); });
  rig.send("recycles.fifo", request_for("web"), "web");
  rig.start();
  rig.run(10s);
  rig.region.faults().add({.kind = sim::FaultKind::kError,
                           .operation = "SendMessage",
                           .status = 403,
                           .code = "AccessDenied"});
  EXPECT_LE(rig.drain(), 1s);
  const auto back = rig.take("recycles.fifo");
  ASSERT_EQ(back.size(), 1U);
  EXPECT_EQ(back[0].receive_count, 2);
}

TEST(Drain, ReturnsPrefetchedMessagesOfAFifoGroupAtOnce) {
  int begun = 0;
  Rig rig;
  rig.consume("short", "recycles", [&](Delivery) {
    ++begun;
    return after(rig.loop.clock(), 5s, Done{});
  });
  for (int i = 0; i < 4; ++i) {
    rig.send("recycles.fifo", request_for("web-" + std::to_string(i)), "web");
  }
  rig.start();
  rig.run(1s);
  rig.drain();
  EXPECT_EQ(begun, 1);
  const auto back = rig.take("recycles.fifo");
  EXPECT_EQ(back.size(), 3U);
}

TEST(Fifo, RunsAGroupInOrderOneAtATimeAndGroupsSideBySide) {
  std::vector<std::string> order;
  std::vector<std::string> a;
  std::vector<std::string> b;
  Rig rig;
  rig.consume("ordered", "recycles", [&](Delivery delivery) {
    const std::string name = group_of(delivery);
    order.push_back(name);
    return after(rig.loop.clock(), 10s, Done{});
  });
  for (int i = 0; i < 3; ++i) {
    rig.send("recycles.fifo", request_for("a" + std::to_string(i)), "a");
    rig.send("recycles.fifo", request_for("b" + std::to_string(i)), "b");
  }
  rig.start();
  ASSERT_TRUE(rig.run(5min, [&] { return rig.depth("recycles.fifo") == 0; }));
  EXPECT_LE(rig.elapsed(), 32s) << "the two groups ran side by side";
  ASSERT_EQ(order.size(), 6U);
  for (const std::string& name : order) (name[0] == 'a' ? a : b).push_back(name);
  EXPECT_TRUE(std::is_sorted(a.begin(), a.end()));
  EXPECT_TRUE(std::is_sorted(b.begin(), b.end()));
}

TEST(Fifo, DoesNotOvertakeAFailedMessage) {
  std::vector<std::string> order;
  Rig rig;
  rig.consume("ordered", "recycles", [&](Delivery delivery) {
    order.push_back(group_of(delivery));
    const bool fails = order.size() == 1;
    return after(rig.loop.clock(), 1s, fails ? Verdict(Retry{5s, "once"}) : Verdict(Done{}));
  });
  for (int i = 0; i < 3; ++i) {
    rig.send("recycles.fifo", request_for("a" + std::to_string(i)), "a");
  }
  rig.start();
  ASSERT_TRUE(rig.run(5min, [&] { return rig.depth("recycles.fifo") == 0; }));
  EXPECT_EQ(order, (std::vector<std::string>{"a0", "a0", "a1", "a2"}));
}

}  // namespace
}  // namespace worker
