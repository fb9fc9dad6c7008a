// docs/timelines is what the simulator says today.
#include "tests/recycle_proof/chronicle.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace proof {
namespace {

TEST(Chronicle, IsWhatTheDocumentationShows) {
  const std::filesystem::path folder =
      std::filesystem::path(TEST_DATA_DIR) / "../../docs/timelines";
  for (const Page& page : chronicle()) {
    std::ifstream file(folder / page.name);
    std::stringstream shown;
    shown << file.rdbuf();
    EXPECT_EQ(shown.str(), page.text)
        << "docs/timelines/" << page.name << " is out of date: make timelines";
  }
}

}  // namespace
}  // namespace proof
