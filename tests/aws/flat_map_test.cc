#include "aws/flat_map.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace {

using Map = aws::FlatMap<std::string>;

TEST(FlatMap, IsThreeWordsWhenEmpty) { EXPECT_EQ(sizeof(Map), 3 * sizeof(void*)); }

TEST(FlatMap, IteratesInTheOrderOfTheNames) {
  Map map;
  for (const char* name : {"m", "a", "z", "b"}) map[name] = std::string("v-") + name;
  std::string order;
  for (const auto& [name, value] : map) order += name + "=" + value + " ";
  EXPECT_EQ(order, "a=v-a b=v-b m=v-m z=v-z ");
}

TEST(FlatMap, FindsWhatItHoldsAndNothingElse) {
  const Map map = {{"b", "2"}, {"d", "4"}};
  EXPECT_EQ(map.at("b"), "2");
  EXPECT_EQ(map.find("d")->second, "4");
  for (const char* absent : {"", "a", "c", "e", "bb"}) {
    EXPECT_FALSE(map.contains(absent)) << absent;
    EXPECT_THROW(map.at(absent), std::out_of_range) << absent;
  }
}

TEST(FlatMap, EmplaceKeepsTheFirstAndBracketsReplace) {
  Map map = {{"a", "1"}, {"a", "2"}};
  EXPECT_FALSE(map.emplace("a", "3"));
  EXPECT_EQ(map.at("a"), "1");
  map["a"] = "4";
  EXPECT_EQ(map, (Map{{"a", "4"}}));
}

}  // namespace
