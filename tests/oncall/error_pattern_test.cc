#include "consumers/oncall/jobs/error_pattern.h"

#include <gtest/gtest.h>

#include <random>

namespace {

using consumers::oncall::error_pattern;
using consumers::oncall::ErrorPatterns;

TEST(ErrorPattern, KeepsTheWordsAndDropsWhatDiffers) {
  const std::pair<const char*, const char*> rows[] = {
      {"order 4711 failed: timeout after 30.5s", "order <n> failed: timeout after <n>s"},
      {"2026-01-02T03:04:05.678Z ERROR out of memory", "<id> ERROR out of memory"},
      {"[03:04:05] refused", "[<id>] refused"},
      {"RequestId: 8c1f3d2e-1111-4a2b-9c3d-0123456789ab Error", "RequestId: <id> Error"},
      {"connect to 10.0.3.17:8080 refused", "connect to <id> refused"},
      {"commit 9fceb02d0ae598e95dc970b74767f19372d61af8 is bad", "commit <id> is bad"},
      {"no key \"abc 123\" in 'table-7'", "no key <text> in <text>"},
      {"can't open it", "can't open it"},
      {"node7 lost  \t  quorum  ", "node<n> lost quorum"},
      {"\n\n  \nTraceback (most recent call last):\n  File x",
       "Traceback (most recent call last):"},
      {"", ""},
      {"deadbeef", "deadbeef"},  // a word: no digit in it
      {"deadbee1", "<id>"},
      {"HTTP/1.1 502", "HTTP/<n> <n>"},
  };
  for (const auto& [line, pattern] : rows) EXPECT_EQ(error_pattern(line), pattern) << line;
}

TEST(ErrorPattern, IsTheSameForWhatItMadeItself) {
  for (const char* line : {"order 4711 failed", "a \"b\" c", "x deadbee1 y", "HTTP/1.1 502"}) {
    const std::string once = error_pattern(line);
    EXPECT_EQ(error_pattern(once), once);
  }
}

TEST(ErrorPattern, TakesAnyBytes) {
  std::mt19937 random(7);
  for (int i = 0; i < 2'000; ++i) {
    std::string line(random() % 200, '\0');
    for (char& c : line) c = static_cast<char>(random() % 256);
    EXPECT_LE(error_pattern(line).size(), 300U);
  }
  EXPECT_LE(error_pattern(std::string(1 << 20, '1')).size(), 300U);
}

TEST(ErrorPatterns, AreBoundedAndTellWhatWasLeftOut) {
  ErrorPatterns patterns;
  const base::TimePoint now{};
  for (std::size_t i = 0; i < ErrorPatterns::kPatternsMax + 10; ++i) {
    std::string word;
    for (std::size_t n = i; n > 0; n /= 20) word += static_cast<char>('g' + n % 20);
    patterns.add(now, "s", "failed " + word);
  }
  EXPECT_EQ(patterns.patterns(), ErrorPatterns::kPatternsMax);
  EXPECT_EQ(patterns.others(), 10U);
}

TEST(ErrorPatterns, OfEquallyCommonOnesTheNewestIsFirst) {
  ErrorPatterns patterns;
  const auto at = [](int second) { return base::TimePoint(std::chrono::seconds(second)); };
  patterns.add(at(5), "s", "old");
  patterns.add(at(9), "s", "new");
  patterns.add(at(1), "s", "often");
  patterns.add(at(0), "t", "often");
  const auto top = patterns.top(2);
  ASSERT_EQ(top.size(), 2U);
  EXPECT_EQ(top[0].text, "often");
  EXPECT_EQ(top[0].first_seen, at(0));
  EXPECT_EQ(top[0].last_seen, at(1));
  EXPECT_EQ(top[0].streams, 2U);
  EXPECT_EQ(top[1].text, "new");
}

}  // namespace
