// Two workers, a thousand keys, every key delivered to both, and a region that throttles, fails and
// loses answers: the work is done once for every key, and once more at most for every crash.
#include "consumers/idempotency/consumer.h"
#include "tests/consumers/idempotency_rig.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <vector>

namespace consumers::idempotency {
namespace {

constexpr int kKeys = 1'000;
constexpr base::Duration kLook = std::chrono::seconds(1);  // of whether a process still lives

// When a process dies, counted in its steps: the calls of its store and the doing of its work.
struct Death {
  int at_step = 0;           // 0: it lives
  bool after_effect = true;  // the step took effect, but nobody saw it
  int steps = 0;
  bool dead = false;
  boost::asio::cancellation_signal cancel;  // of what was running in it
};

// The store of a process that may die. A dead process does nothing more, and answers nobody.
class MortalStore final : public Store {
 public:
  MortalStore(Store& behind, base::Clock& clock, Death& death)
      : behind_(behind), clock_(clock), death_(death) {}

  awaitable<base::Result<Begun>> begin(BeginRequest request) override {
    return step(behind_.begin(std::move(request)));
  }
  awaitable<base::Result<base::TimePoint>> renew(Claim claim, base::Duration duration) override {
    return step(behind_.renew(std::move(claim), duration));
  }
  awaitable<base::Result<void>> complete(Claim claim, std::string answer) override {
    return step(behind_.complete(std::move(claim), std::move(answer)));
  }
  awaitable<base::Result<void>> abandon(Claim claim) override {
    return step(behind_.abandon(std::move(claim)));
  }

  // Suspends for ever once the process is dead.
  awaitable<void> live() {
    if (death_.dead) co_await clock_.sleep_for(std::chrono::hours(24 * 365));
  }
  awaitable<void> begin_step() {
    co_await live();
    ++death_.steps;
    if (death_.steps == death_.at_step && !death_.after_effect) death_.dead = true;
    co_await live();
  }
  awaitable<void> end_step() {
    if (death_.steps == death_.at_step) death_.dead = true;
    co_await live();
  }

 private:
  template <class T>
  awaitable<base::Result<T>> step(awaitable<base::Result<T>> call) {
    co_await begin_step();
    auto result = co_await std::move(call);
    co_await end_step();
    co_return result;
  }

  Store& behind_;
  base::Clock& clock_;
  Death& death_;
};

struct Tally {
  int runs = 0;
  int deaths = 0;
  int at_it = 0;  // at this moment
  bool overlapped = false;
  std::set<std::string> outcomes;
  int verdicts = 0;
};

// The job: takes up to three times as long as a claim lasts, so that it must be renewed.
class Job final : public Consumer {
 public:
  Job(base::Clock& clock, base::Random& random, Tally& tally, MortalStore& process)
      : clock_(clock), random_(random), tally_(tally), process_(process) {}
  std::string_view name() const override { return "job"; }
  bool accepts(const Delivery&) const override { return true; }
  awaitable<Verdict> consume(Delivery) override {
    // Cancelled or dead, it is at it no more.
    struct AtIt {
      explicit AtIt(Tally& one) : tally(one) { tally.overlapped |= ++tally.at_it > 1; }
      ~AtIt() { --tally.at_it; }
      Tally& tally;
    } at_it(tally_);
    co_await clock_.sleep_for(base::Duration(random_.below(180'000)));
    co_await process_.begin_step();
    ++tally_.runs;  // what must not happen twice
    co_await process_.end_step();
    co_return Done{"done", {{"events", fmt::format("run {}", tally_.runs), "", ""}}};
  }

 private:
  base::Clock& clock_;
  base::Random& random_;
  Tally& tally_;
  MortalStore& process_;
};

struct Race {
  explicit Race(std::uint64_t the_seed, double crash_probability)
      : table(the_seed), random(the_seed), crashes(crash_probability) {
    table.add_fault(sim::FaultKind::kThrottle, 0.1);
    table.add_fault(sim::FaultKind::kError, 0.05);
    table.add_fault(sim::FaultKind::kLost, 0.05);
    sim::FaultRule slow;
    slow.kind = sim::FaultKind::kLatency;
    slow.service = "dynamodb";
    slow.probability = 0.2;
    slow.latency = 300ms;
    table.region.faults().add(slow);
    for (std::uint64_t i = 1; i <= 2; ++i) {
      workers.push_back(std::make_unique<TableWorker>(table, the_seed * 10 + i));
    }
  }

  Table table;
  base::Random random;
  double crashes;
  std::vector<std::unique_ptr<TableWorker>> workers;
  std::map<std::string, Tally> tallies;
  int running = 0;
};

std::string outcome_of(const Done& done) { return done.outgoing.at(0).body; }

// One delivery, in a process that may die in it. Nothing: it died.
awaitable<std::optional<Verdict>> deliver(Race& race, TableWorker& worker, std::string key) {
  base::Clock& clock = race.table.loop.clock();
  Tally& tally = race.tallies[key];
  Death death;
  if (race.random.chance(race.crashes)) {
    death.at_step = 1 + static_cast<int>(race.random.below(6));
    death.after_effect = race.random.chance(0.5);
  }
  MortalStore store(worker.store, clock, death);
  Job job(clock, race.random, tally, store);
  IdempotentConsumer consumer(job, store, clock);
  Delivery delivery;
  delivery.message.id = key;
  std::optional<Verdict> verdict;
  bool ended = false;
  boost::asio::co_spawn(race.table.loop.executor(), consumer.consume(std::move(delivery)),
                        boost::asio::bind_cancellation_slot(
                            death.cancel.slot(), [&](std::exception_ptr error, Verdict result) {
                              ended = true;
                              if (!error && !death.dead) verdict = std::move(result);
                            }));
  while (!ended && !death.dead) co_await clock.sleep_for(kLook);
  if (death.dead) {
    ++tally.deaths;
    if (!ended) death.cancel.emit(boost::asio::cancellation_type::terminal);
  }
  while (!ended) co_await clock.sleep_for(kLook);  // its frames, not its doings
  co_return verdict;
}

awaitable<void> deliver_until_done(Race& race, TableWorker& worker, std::string key) {
  base::Clock& clock = race.table.loop.clock();
  co_await clock.sleep_for(base::Duration(race.random.below(600'000)));
  while (true) {
    const auto verdict = co_await deliver(race, worker, key);
    base::Duration wait = 1s;
    if (verdict) {
      if (const auto* done = std::get_if<Done>(&*verdict)) {
        race.tallies[key].outcomes.insert(outcome_of(*done));
        ++race.tallies[key].verdicts;
        --race.running;
        co_return;
      }
      if (const auto* defer = std::get_if<Defer>(&*verdict)) {
        wait = std::max(wait, std::chrono::ceil<base::Duration>(defer->until - clock.now()));
      } else if (const auto* retry = std::get_if<Retry>(&*verdict)) {
        wait = std::max(wait, retry->after);
      }
    }
    co_await clock.sleep_for(wait);
  }
}

void run(Race& race) {
  for (int i = 0; i < kKeys; ++i) {
    for (const auto& worker : race.workers) {
      ++race.running;
      boost::asio::co_spawn(race.table.loop.executor(),
                            deliver_until_done(race, *worker, fmt::format("key {}", i)),
                            [](std::exception_ptr error) {
                              if (error) std::rethrow_exception(error);
                            });
    }
  }
  ASSERT_TRUE(race.table.loop.run_until([&] { return race.running == 0; }, 24h));
}

TEST(IdempotencyRace, DoesTheWorkOfEveryKeyOnceThoughTheRegionFails) {
  Race race(11, 0);
  run(race);
  ASSERT_EQ(race.tallies.size(), static_cast<std::size_t>(kKeys));
  for (const auto& [key, tally] : race.tallies) {
    EXPECT_EQ(tally.runs, 1) << key;
    EXPECT_EQ(tally.outcomes, std::set<std::string>{"run 1"}) << key;
    EXPECT_EQ(tally.verdicts, 2) << key;
    EXPECT_FALSE(tally.overlapped) << key;
  }
}

TEST(IdempotencyRace, DoesItOnceMoreAtMostForEveryCrash) {
  Race race(12, 0.3);
  run(race);
  int deaths = 0;
  int repeated = 0;
  for (const auto& [key, tally] : race.tallies) {
    EXPECT_GE(tally.runs, 1) << key;
    EXPECT_LE(tally.runs, 1 + tally.deaths) << key;
    // Whoever was told of an outcome was told of the same one.
    EXPECT_EQ(tally.outcomes.size(), 1U) << key;
    EXPECT_EQ(tally.verdicts, 2) << key;
    deaths += tally.deaths;
    repeated += tally.runs > 1 ? 1 : 0;
  }
  // The test is about something: processes died, some of them between the work and its record.
  EXPECT_GT(deaths, 300);
  EXPECT_GT(repeated, 20);
}

}  // namespace
}  // namespace consumers::idempotency
