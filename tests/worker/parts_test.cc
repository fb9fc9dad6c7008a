// The small parts of the runtime, each alone.
#include "base/alarm.h"
#include "sim/virtual_loop.h"
#include "worker/backoff.h"
#include "worker/in_flight.h"
#include "worker/lanes.h"
#include "worker/metrics.h"
#include "worker/task_group.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace worker {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;

base::SteadyPoint at(int seconds) { return base::SteadyPoint(std::chrono::seconds(seconds)); }

TEST(Alarm, IsWokenByARingOrByTheDeadlineWhicheverIsFirst) {
  sim::VirtualLoop loop;
  base::Alarm alarm(loop.executor(), loop.clock());
  const auto begin = loop.clock().steady_now();
  EXPECT_FALSE(loop.run(alarm.wait_until(begin + 5s)));
  EXPECT_EQ(loop.clock().steady_now(), begin + 5s);
  alarm.ring();
  EXPECT_TRUE(loop.run(alarm.wait_until(begin + 1h))) << "a ring is kept for the next waiter";
  EXPECT_EQ(loop.clock().steady_now(), begin + 5s);
}

TEST(Alarm, KeepsOneRingOnly) {
  sim::VirtualLoop loop;
  base::Alarm alarm(loop.executor(), loop.clock());
  for (int i = 0; i < 3; ++i) alarm.ring();
  const auto deadline = loop.clock().steady_now() + 5s;
  EXPECT_TRUE(loop.run(alarm.wait_until(deadline)));
  EXPECT_FALSE(loop.run(alarm.wait_until(deadline)));
}

awaitable<void> wait_long(base::Alarm& alarm, base::Clock& clock) {
  co_await alarm.wait_until(clock.steady_now() + 1h);
}

TEST(TaskGroup, JoinsCancelledAndFailedTasks) {
  sim::VirtualLoop loop;
  TaskGroup tasks(loop.executor(), loop.clock());
  base::Alarm alarm(loop.executor(), loop.clock());
  boost::asio::cancellation_signal cancel;
  tasks.spawn("waiting", wait_long(alarm, loop.clock()), cancel.slot());
  loop.run_for(1s);
  EXPECT_EQ(tasks.running(), 1U);
  cancel.emit(boost::asio::cancellation_type::terminal);
  const auto before = loop.clock().steady_now();
  loop.run(tasks.join());
  EXPECT_EQ(tasks.running(), 0U);
  EXPECT_EQ(loop.clock().steady_now(), before);
}

TEST(InFlightTable, WakesInOrderOfRenewalThenDeadline) {
  InFlightTable table;
  Entry& late = table.add({}, at(0), at(60), at(50));
  Entry& early = table.add({}, at(0), at(30), at(20));
  EXPECT_EQ(table.next_wake(), at(20));
  EXPECT_EQ(table.due(at(49)), std::vector<EntryId>{early.id});
  EXPECT_EQ(table.due(at(50)), (std::vector<EntryId>{early.id, late.id}));
  early.extending = true;
  table.reorder(early);
  EXPECT_EQ(table.next_wake(), at(30)) << "while it is being extended only its deadline counts";
  early.stage = Stage::kLeaving;
  table.reorder(early);
  EXPECT_EQ(table.next_wake(), at(50)) << "what is on its way out is not extended";
  table.erase(late.id);
  EXPECT_EQ(table.next_wake(), std::nullopt);
  table.erase(early.id);
  EXPECT_EQ(table.size(), 0U);
}

TEST(InFlightTable, AgreesWithASortedListThroughRandomChanges) {
  base::Random random(2026);
  InFlightTable table;
  std::map<EntryId, base::SteadyPoint> model;  // when each needs attention; max: never
  const auto pick = [&] {
    auto it = model.begin();
    std::advance(it, static_cast<long>(random.below(static_cast<std::int64_t>(model.size()))));
    return it->first;
  };
  for (int step = 0; step < 20'000; ++step) {
    const auto what = random.below(10);
    if (model.empty() || what < 4) {
      const auto when = at(static_cast<int>(random.below(500)));
      model[table.add({}, at(0), at(600), when).id] = when;
    } else if (what < 7) {
      const EntryId id = pick();
      Entry& entry = *table.find(id);
      entry.renew_at = at(static_cast<int>(random.below(500)));
      entry.stage = random.below(4) == 0 ? Stage::kLeaving : Stage::kRunning;
      table.reorder(entry);
      model[id] = entry.stage == Stage::kLeaving ? base::SteadyPoint::max() : entry.renew_at;
    } else {
      const EntryId id = pick();
      table.erase(id);
      model.erase(id);
      EXPECT_EQ(table.find(id), nullptr);
    }
    ASSERT_EQ(table.size(), model.size());
    if (step % 50 != 0) continue;
    const auto now = at(static_cast<int>(random.below(500)));
    std::multiset<base::SteadyPoint> due;
    std::multiset<base::SteadyPoint> later;
    for (const auto& [id, when] : model) {
      if (when != base::SteadyPoint::max()) (when <= now ? due : later).insert(when);
    }
    std::vector<base::SteadyPoint> found;
    for (const EntryId id : table.due(now)) found.push_back(model.at(id));
    ASSERT_EQ(found, std::vector(due.begin(), due.end()));
    found.clear();
    for (const EntryId id : table.next_after(now, 7)) found.push_back(model.at(id));
    const auto seven =
        std::next(later.begin(), static_cast<long>(std::min<std::size_t>(7, later.size())));
    ASSERT_EQ(found, std::vector(later.begin(), seven));
  }
}

TEST(InFlightTable, HoldsOneMessageDeliveredTwice) {
  InFlightTable table;
  aws::SqsMessage message;
  message.message_id = "same";
  const EntryId first = table.add(message, at(0), at(30), at(20)).id;
  const EntryId second = table.add(message, at(0), at(30), at(20)).id;
  EXPECT_NE(first, second);
  table.erase(first);
  EXPECT_NE(table.find(second), nullptr);
}

TEST(Lanes, LetOneOfAGroupThroughAndKeepTheRestInOrder) {
  Lanes lanes;
  EXPECT_TRUE(lanes.enter("a", 1));
  EXPECT_FALSE(lanes.enter("a", 2));
  EXPECT_TRUE(lanes.enter("b", 3));
  EXPECT_FALSE(lanes.enter("a", 4));
  EXPECT_EQ(lanes.next("a"), 2U);
  EXPECT_EQ(lanes.next("a"), 4U);
  EXPECT_EQ(lanes.next("a"), 0U);
  EXPECT_TRUE(lanes.enter("a", 5));
  EXPECT_FALSE(lanes.enter("a", 6));
  EXPECT_EQ(lanes.close("a"), std::vector<EntryId>{6});
  EXPECT_TRUE(lanes.enter("a", 7));
  EXPECT_TRUE(lanes.enter("", 8));
  EXPECT_TRUE(lanes.enter("", 9)) << "without a group nothing waits";
}

TEST(Backoff, IsFullJitterBetweenFloorAndCap) {
  base::Random random(42);
  base::Duration most{0};
  for (int attempt = 1; attempt <= 60; ++attempt) {
    for (int i = 0; i < 50; ++i) {
      const auto delay = full_jitter(random, attempt, 1s, 60s, 100ms);
      const auto ceiling = std::min<base::Duration>(60s, 1s * (1LL << std::min(attempt - 1, 10)));
      EXPECT_GE(delay, 100ms);
      EXPECT_LE(delay, ceiling);
      most = std::max(most, delay);
    }
  }
  EXPECT_GT(most, 50s);
}

}  // namespace
}  // namespace worker
