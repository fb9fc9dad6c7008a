#include "worker/rounds.h"

#include "tests/worker/rig.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <gtest/gtest.h>

#include <set>

namespace worker {
namespace {

namespace asio = boost::asio;

// Finds what it is told to, or fails.
struct Finder final : consumers::Rounds {
  explicit Finder(base::Clock& its_clock) : clock(its_clock) {}

  std::string_view queue() const override { return "recycles"; }
  base::Duration interval() const override { return 5min; }
  awaitable<base::Result<std::vector<consumers::Outgoing>>> look() override {
    looks.push_back(clock.steady_now());
    if (fails) co_return base::invalid("no");
    co_return std::exchange(found, {});
  }

  base::Clock& clock;
  std::vector<base::SteadyPoint> looks;
  std::vector<consumers::Outgoing> found;
  bool fails = false;
};

struct Fixture {
  void start() {
    asio::co_spawn(
        rig.loop.executor(), make_rounds(rig.context, finder, routes),
        asio::bind_cancellation_slot(end.slot(), [this](std::exception_ptr) { ended = true; }));
  }
  std::vector<std::string> bodies() {
    std::vector<std::string> all;
    for (const aws::SqsMessage& message : rig.take(rig.recycles.name)) all.push_back(message.body);
    return all;
  }
  Rig rig;
  Finder finder{rig.loop.clock()};
  std::map<std::string, QueueTarget> routes = {{"recycles", rig.recycles.target}};
  asio::cancellation_signal end;
  bool ended = false;
};

TEST(Rounds, LookSoonAfterTheStartAndThenEverySoOften) {
  Fixture test;
  const auto begun = test.rig.loop.clock().steady_now();
  test.start();
  test.rig.run(60min);
  ASSERT_GE(test.finder.looks.size(), 9U);
  ASSERT_LE(test.finder.looks.size(), 17U);
  EXPECT_LT(test.finder.looks[0] - begun, 6s);
  std::set<base::SteadyPoint::rep> pauses;
  for (std::size_t i = 1; i < test.finder.looks.size(); ++i) {
    const auto pause = test.finder.looks[i] - test.finder.looks[i - 1];
    EXPECT_GE(pause, 225s);
    EXPECT_LE(pause, 375s);
    pauses.insert(pause.count());
  }
  EXPECT_GT(pauses.size(), 3U);  // not in step with other workers
}

TEST(Rounds, SendWhatTheyFind) {
  Fixture test;
  test.finder.found = {{"recycles", "one", "group", "once"},
                       {"recycles", "one again", "group", "once"},
                       {"nowhere", "lost", "", ""}};
  test.start();
  test.rig.run(10s);
  EXPECT_EQ(test.bodies(), std::vector<std::string>{"one"});  // the same deduplication id
}

TEST(Rounds, GoOnAfterOneThatFailed) {
  Fixture test;
  test.finder.fails = true;
  test.start();
  test.rig.run(10s);
  test.finder.fails = false;
  test.finder.found = {{"recycles", "one", "group", "once"}};
  test.rig.run(10min);
  EXPECT_EQ(test.bodies(), std::vector<std::string>{"one"});
}

TEST(Rounds, EndWhenTheyAreTold) {
  Fixture test;
  test.start();
  test.rig.run(10s);
  test.end.emit(asio::cancellation_type::terminal);
  test.rig.run(1s);
  EXPECT_TRUE(test.ended);
}

}  // namespace
}  // namespace worker
