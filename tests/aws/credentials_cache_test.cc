#include "aws/credentials_cache.h"

#include "sim/virtual_loop.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using base::ErrorKind;

// What the source will do, kept outside of it: the cache owns the source.
struct Source {
  base::Duration lifetime = 1h;  // zero: no expiry
  base::Duration takes{0};
  std::optional<base::Error> error;
  bool throws = false;
  bool repeats = false;  // always the same key
  int fetches = 0;
  int at_once = 0;
  int at_once_max = 0;
  bool cancelled = false;
};

class SourceProvider final : public aws::CredentialsProvider {
 public:
  SourceProvider(Source& source, base::Clock& clock) : source_(source), clock_(clock) {}

  boost::asio::awaitable<base::Result<aws::Credentials>> get() override {
    const int number = ++source_.fetches;
    source_.at_once_max = std::max(source_.at_once_max, ++source_.at_once);
    if (source_.takes.count() > 0) {
      try {
        co_await clock_.sleep_for(source_.takes);
      } catch (...) {
        source_.cancelled = true;
        throw;
      }
    }
    --source_.at_once;
    if (source_.throws) throw std::runtime_error("a bug");
    if (source_.error) co_return *source_.error;
    aws::Credentials credentials;
    credentials.access_key_id = source_.repeats ? "K" : "K" + std::to_string(number);
    credentials.secret_access_key = base::Secret("s");
    credentials.source = "test";
    if (source_.lifetime.count() != 0) credentials.expiration = clock_.now() + source_.lifetime;
    co_return credentials;
  }

 private:
  Source& source_;
  base::Clock& clock_;
};

const base::Error kDown{ErrorKind::kRetry, "Timeout", "no answer", {}};

class CredentialsCache : public ::testing::Test {
 protected:
  base::Result<aws::Credentials> get() { return loop.run(cache->get()); }
  std::string key() {
    const auto found = get();
    return found ? found->access_key_id : found.error().code;
  }
  void wait(base::Duration duration) { loop.run_for(duration); }
  // Asks every so often for so long; how often the source was asked.
  int fetches_in(base::Duration duration, base::Duration pause = 1s) {
    const int before = source.fetches;
    for (base::Duration passed{0}; passed < duration; passed += pause) {
      get();
      loop.run_for(pause);
    }
    return source.fetches - before;
  }

  sim::VirtualLoop loop;
  base::Random random{7};
  Source source;
  std::unique_ptr<aws::CachedCredentials> cache = std::make_unique<aws::CachedCredentials>(
      loop.executor(), loop.clock(), random,
      std::make_unique<SourceProvider>(source, loop.clock()));
};

TEST_F(CredentialsCache, FetchesOnceForAnHourLessTheWindow) {
  EXPECT_EQ(key(), "K1");
  wait(44min + 59s);
  EXPECT_EQ(key(), "K1");
  EXPECT_EQ(source.fetches, 1) << "never more than 15 minutes before the expiry";
  wait(5min + 2s);
  EXPECT_EQ(key(), "K2") << "never less than 10 minutes before";
  EXPECT_EQ(source.fetches, 2);
}

TEST_F(CredentialsCache, RefreshesOnceAnHourAtARandomMomentOfTheWindow) {
  // 45 to 50 minutes each: in 100 hours from 120 to 133, and about 126 when they are random.
  const int fetches = fetches_in(100h, 20s);
  EXPECT_GE(fetches, 124);
  EXPECT_LE(fetches, 128);
}

TEST_F(CredentialsCache, NeverRefreshesCredentialsWithoutExpiry) {
  source.lifetime = 0s;
  EXPECT_EQ(fetches_in(1000h, 10min), 1);
}

TEST_F(CredentialsCache, ScalesTheWindowsWithShortLifetimes) {
  // A quarter to a sixth of 15 minutes before the end: every 11 m 15 s to 12 m 30 s.
  source.lifetime = 15min;
  const int fetches = fetches_in(10h, 5s);
  EXPECT_GE(fetches, 48);
  EXPECT_LE(fetches, 54);
}

TEST_F(CredentialsCache, NeverAsksMoreThanEveryFewSecondsForTheShortestLifetimes) {
  source.lifetime = 6s;
  EXPECT_LE(fetches_in(10min), 10 * 60 / 5 + 1);
}

TEST_F(CredentialsCache, ServesTheOldOnesWhileARefreshRunsBesideTheCallers) {
  get();
  source.takes = 30s;
  wait(49min + 30s);
  const auto before = loop.clock().now();
  EXPECT_EQ(key(), "K1");
  EXPECT_EQ(loop.clock().now(), before) << "nobody waits in the advisory window";
  wait(31s);
  EXPECT_EQ(key(), "K2");
  EXPECT_EQ(source.fetches, 2);
}

TEST_F(CredentialsCache, LetsCallersWaitInTheMandatoryWindow) {
  get();
  source.takes = 30s;
  wait(51min);
  EXPECT_EQ(key(), "K2");
}

TEST_F(CredentialsCache, RefreshesOnceForAHundredConcurrentCallers) {
  source.takes = 2s;
  for (const base::Duration idle : {base::Duration(0s), base::Duration(2h)}) {
    wait(idle);
    const int before = source.fetches;
    std::vector<std::string> keys;
    for (int i = 0; i < 100; ++i) {
      boost::asio::co_spawn(loop.executor(), cache->get(),
                            [&keys](std::exception_ptr, base::Result<aws::Credentials> got) {
                              keys.push_back(got ? got->access_key_id : got.error().code);
                            });
    }
    loop.run();
    EXPECT_EQ(source.fetches, before + 1);
    EXPECT_EQ(keys, std::vector<std::string>(100, "K" + std::to_string(source.fetches)));
  }
  EXPECT_EQ(source.at_once_max, 1);
}

TEST_F(CredentialsCache, CancellingOneWaiterLeavesTheOthersTheirRefresh) {
  source.takes = 10s;
  boost::asio::cancellation_signal signal;
  std::vector<std::string> ended;
  const auto note = [&ended](const char* who) {
    return [&ended, who](std::exception_ptr error, base::Result<aws::Credentials> got) {
      ended.push_back(std::string(who) + (error ? " cancelled" : got ? " served" : " failed"));
    };
  };
  boost::asio::co_spawn(loop.executor(), cache->get(),
                        boost::asio::bind_cancellation_slot(signal.slot(), note("first")));
  boost::asio::co_spawn(loop.executor(), cache->get(), note("second"));
  wait(1s);
  signal.emit(boost::asio::cancellation_type::all);
  wait(1s);
  EXPECT_EQ(ended, std::vector<std::string>{"first cancelled"});
  wait(10s);
  EXPECT_EQ(ended, (std::vector<std::string>{"first cancelled", "second served"}));
  EXPECT_EQ(source.fetches, 1);
  EXPECT_FALSE(source.cancelled);
}

TEST_F(CredentialsCache, KeepsTheOldOnesUntilTheyExpireWhenTheSourceIsDown) {
  get();
  source.error = kDown;
  const int asked = fetches_in(59min + 58s);
  EXPECT_EQ(key(), "K1");
  EXPECT_GE(asked, 10) << "within the last 10 to 15 minutes";
  EXPECT_LE(asked, 15 * 60 / 30 + 8) << "backed off to a minute";
  wait(2s);
  EXPECT_EQ(key(), "Timeout");
  source.error.reset();
  wait(61s);
  EXPECT_EQ(key(), "K" + std::to_string(source.fetches));
}

TEST_F(CredentialsCache, DoesNotHammerASourceThatNeverAnswered) {
  source.error = kDown;
  EXPECT_EQ(get().error().code, "Timeout");
  EXPECT_EQ(get().error().code, "Timeout");
  EXPECT_EQ(source.fetches, 1) << "the second caller is told the same";
  const int asked = fetches_in(1h);
  EXPECT_GE(asked, 55);
  EXPECT_LE(asked, 140);
  source.error.reset();
  wait(61s);
  EXPECT_EQ(key(), "K" + std::to_string(source.fetches));
}

TEST_F(CredentialsCache, RefusesCredentialsThatHaveExpiredAlready) {
  source.lifetime = -1min;
  const auto error = get().error();
  EXPECT_EQ(error.code, "ExpiredCredentials");
  EXPECT_NE(error.message.find("2026-01-02T03:03:05Z"), std::string::npos) << error.message;
}

TEST_F(CredentialsCache, FetchesOthersWhenAwsRefusesTheseButNotForEver) {
  const auto first = get().value();
  EXPECT_FALSE(cache->invalidate(first)) << "they were fetched just now";
  EXPECT_FALSE(cache->invalidate({})) << "nothing was signed";
  wait(6s);
  EXPECT_TRUE(cache->invalidate(first));
  EXPECT_TRUE(cache->invalidate(first)) << "another call that was refused at the same time";
  EXPECT_EQ(key(), "K2");
  EXPECT_TRUE(cache->invalidate(first)) << "a late one: there are others since";
  EXPECT_EQ(key(), "K2");
  EXPECT_EQ(source.fetches, 2);

  source.repeats = true;
  wait(6s);
  cache->invalidate(get().value());
  const int before = source.fetches;
  for (int i = 0; i < 600; ++i) {
    if (const auto got = get()) cache->invalidate(*got);
    wait(100ms);
  }
  EXPECT_LE(source.fetches - before, 13) << "a minute of refusals";
}

TEST_F(CredentialsCache, IsNotServedRefusedCredentialsWhenNoOthersCome) {
  const auto first = get().value();
  wait(6s);
  source.error = kDown;
  EXPECT_TRUE(cache->invalidate(first));
  EXPECT_EQ(key(), "Timeout");
}

TEST_F(CredentialsCache, TurnsABugOfTheSourceIntoAnErrorForAllWaiters) {
  source.throws = true;
  const auto error = get().error();
  EXPECT_EQ(error.kind, ErrorKind::kFatal);
  EXPECT_NE(error.message.find("a bug"), std::string::npos);
}

// At every step from the caller's second on.
TEST_F(CredentialsCache, CancelsItsRefreshWhenItGoes) {
  for (int steps = 2; steps < 16; ++steps) {
    source = Source{};
    source.takes = 1h;
    cache = std::make_unique<aws::CachedCredentials>(
        loop.executor(), loop.clock(), random,
        std::make_unique<SourceProvider>(source, loop.clock()));
    std::string ended;
    boost::asio::co_spawn(loop.executor(), cache->get(),
                          [&](std::exception_ptr, base::Result<aws::Credentials> got) {
                            ended = got ? "served" : got.error().message;
                          });
    int taken = 0;
    loop.run_until([&] { return ++taken == steps; }, 1s);
    cache.reset();
    wait(1s);
    EXPECT_EQ(source.cancelled, source.fetches == 1) << steps;
    EXPECT_EQ(ended, "the credentials provider is gone") << steps;
  }
}

}  // namespace
