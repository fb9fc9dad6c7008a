// The runtime through everything that goes wrong, a few thousand messages a seed. SOAK_SEED runs
// one seed of your own in place of the fixed ones.
#include "tests/soak/soak.h"

#include "tests/soak/again.h"
#include "tests/soak/quiet.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

namespace soak {
namespace {

using namespace std::chrono_literals;

Settings peaceful() {
  Settings settings;
  settings.weather = settings.kills = settings.drains = settings.clocks = settings.keys =
      settings.denials = false;
  settings.again = again_command(settings.seed);
  return settings;
}

Settings hostile(std::uint64_t seed) {
  Settings settings;
  settings.seed = seed;
  settings.messages = 600;
  settings.duration = 8min;
  settings.groups = 6;
  settings.bursts = 0.02;
  settings.mix.deaf = 0.08;
  settings.mix.lengthy = 0.02;
  settings.again = again_command(seed);
  return settings;
}

std::vector<std::uint64_t> seeds() {
  const char* text = std::getenv("SOAK_SEED");
  if (text != nullptr && *text != '\0') return {std::strtoull(text, nullptr, 10)};
  return {1, 2, 3, 4};
}

class Quiet : public ::testing::Environment {
  void SetUp() override { log_nothing(); }
};
[[maybe_unused]] const auto* const quiet = ::testing::AddGlobalTestEnvironment(new Quiet);

class SoakSeed : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(SoakSeed, LosesNothingWhateverGoesWrong) {
  Soak soak(hostile(GetParam()));
  const Report report = soak.run();
  EXPECT_TRUE(report.passed()) << report.text();
  EXPECT_GT(report.stats.kills, 0U);
  EXPECT_GT(report.stats.cancelled, 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SoakSeed, ::testing::ValuesIn(seeds()),
                         [](const auto& info) { return "Seed" + std::to_string(info.param); });

TEST(Soak, IsTheSameRunForTheSameSeed) {
  Settings settings = hostile(7);
  settings.messages = 150;
  settings.duration = 3min;
  const Report first = Soak(settings).run();
  const Report second = Soak(settings).run();
  EXPECT_EQ(first.hash, second.hash);
  EXPECT_EQ(first.events, second.events);
  ++settings.seed;
  EXPECT_NE(Soak(settings).run().hash, first.hash);
}

TEST(Soak, LosesNothingWhenNothingGoesWrong) {
  Soak soak(peaceful());
  const Report report = soak.run();
  EXPECT_TRUE(report.passed()) << report.text();
  EXPECT_EQ(report.stats.lost, 0U);
  EXPECT_EQ(report.stats.stale_deletes, 0U);
  EXPECT_EQ(report.stats.buried, 0U);
}

}  // namespace
}  // namespace soak
