// How the test that runs now is run again, alone and with the same seed.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace soak {

inline std::string again_command(std::uint64_t seed) {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  return fmt::format("SOAK_SEED={} {} --gtest_filter='{}.{}'", seed,
                     std::filesystem::read_symlink("/proc/self/exe").string(),
                     test->test_suite_name(), test->name());
}

}  // namespace soak
