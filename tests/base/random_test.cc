#include "base/random.h"

#include <gtest/gtest.h>

#include <set>

namespace {

TEST(Random, SameSeedSameRun) {
  base::Random a(7);
  base::Random b(7);
  base::Random c(8);
  EXPECT_EQ(a.uuid(), b.uuid());
  EXPECT_NE(a.uuid(), c.uuid());
}

TEST(Random, StaysInsideItsBounds) {
  base::Random random(1);
  std::set<std::int64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    seen.insert(random.below(3));
    const double u = random.uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
  }
  EXPECT_EQ(seen, (std::set<std::int64_t>{0, 1, 2}));
}

TEST(Random, UuidsHaveTheShapeOfVersion4) {
  base::Random random(1);
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string id = random.uuid();
    ASSERT_EQ(id.size(), 36U);
    EXPECT_EQ(id[14], '4');
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
    EXPECT_EQ(id[8], '-');
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 100U);
}

}  // namespace
