#include "tests/messages/examples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace examples {
namespace {

std::filesystem::path folder() { return std::filesystem::path(TEST_DATA_DIR) / "events"; }

}  // namespace

std::string read(const std::string& name) {
  std::ifstream file(folder() / (name + ".json"));
  EXPECT_TRUE(file.is_open()) << "no example " << name;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> names() {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    found.push_back(entry.path().stem().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace examples
