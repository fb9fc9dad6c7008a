#include "base/gzip.h"

#include "base/random.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(Gzip, GivesBackWhatWentIn) {
  Random random(3);
  const std::string texts[] = {"", "a", std::string(100'000, 'x'), random.hex(50'000)};
  for (const std::string& text : texts) {
    const auto back = gunzip(gzip(text), 200'000);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, text);
  }
}

TEST(Gzip, IsWhatGzipWrites) {
  // printf 'metric data' | gzip -n
  const std::string written("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10);
  const std::string made = gzip("metric data");
  EXPECT_EQ(made.substr(0, 8), written.substr(0, 8));
  EXPECT_LT(gzip(std::string(10'000, 'x')).size(), 100U);
}

TEST(Gzip, RefusesWhatIsCutShortLongerThanAllowedOrSomethingElse) {
  const std::string whole = gzip(std::string(100'000, 'x'));
  EXPECT_FALSE(gunzip(whole.substr(0, whole.size() - 4), 1'000'000));
  EXPECT_FALSE(gunzip(whole, 99'999));
  EXPECT_TRUE(gunzip(whole, 100'000));
  EXPECT_FALSE(gunzip("Action=PutMetricData", 1'000));
  EXPECT_FALSE(gunzip("", 1'000));
}

}  // namespace
}  // namespace base
