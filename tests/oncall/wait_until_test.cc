#include "base/wait_until.h"

#include "sim/virtual_loop.h"

#include <gtest/gtest.h>

#include <vector>

namespace {

using namespace std::chrono_literals;
using enum base::Seen;

// Plays answers and remembers when it was asked; the last answer is repeated.
struct Looks {
  boost::asio::awaitable<base::Result<base::Seen>> look() {
    times.push_back(std::chrono::duration_cast<base::Duration>(loop.clock().steady_now() - start));
    const std::size_t at = std::min(times.size(), answers.size()) - 1;
    co_return answers[at];
  }
  base::Result<base::Seen> wait(base::Duration interval, base::Duration patience) {
    return loop.run(
        base::wait_until(loop.clock(), {interval, start + patience}, [this] { return look(); }));
  }
  sim::VirtualLoop loop;
  base::SteadyPoint start = loop.clock().steady_now();
  std::vector<base::Result<base::Seen>> answers;
  std::vector<base::Duration> times;
};

const base::Error kSlow{base::ErrorKind::kThrottled, "Throttling", "slow down", {}};
const base::Error kGone{base::ErrorKind::kNotFound, "NotFound", "gone", {}};

TEST(WaitUntil, EndsWithTheLookThatSaysYes) {
  Looks looks;
  looks.answers = {kNotYet, kNotYet, kThere};
  EXPECT_EQ(looks.wait(5s, 1min).value(), kThere);
  EXPECT_EQ(looks.times, (std::vector<base::Duration>{0s, 5s, 10s}));
}

TEST(WaitUntil, LooksALastTimeAtTheDeadlineAndNotAfterIt) {
  Looks looks;
  looks.answers = {kNotYet};
  EXPECT_EQ(looks.wait(5s, 12s).value(), kNotYet);
  EXPECT_EQ(looks.times, (std::vector<base::Duration>{0s, 5s, 10s, 12s}));
}

TEST(WaitUntil, OverlooksWhatIsTransientUnlessItIsTheLastThatWasSeen) {
  Looks looks;
  looks.answers = {kSlow, kSlow, kThere};
  EXPECT_EQ(looks.wait(5s, 1min).value(), kThere);
  Looks slow;
  slow.answers = {kNotYet, kSlow};
  EXPECT_EQ(slow.wait(5s, 12s).error().code, "Throttling");
}

TEST(WaitUntil, GivesUpAtOnceOnWhatLasts) {
  Looks looks;
  looks.answers = {kNotYet, kGone};
  EXPECT_EQ(looks.wait(5s, 1min).error().code, "NotFound");
  EXPECT_EQ(looks.times.size(), 2U);
}

}  // namespace
