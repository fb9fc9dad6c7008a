#include "base/secret.h"

#include <gtest/gtest.h>

#include <concepts>
#include <type_traits>

namespace {

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };

TEST(Secret, CannotBeFormattedStreamedOrConverted) {
  EXPECT_FALSE((fmt::is_formattable<base::Secret>::value));
  EXPECT_FALSE(Streamable<base::Secret>);
  EXPECT_FALSE((std::is_convertible_v<base::Secret, std::string>));
  EXPECT_TRUE(Streamable<std::string>);  // the concept itself can be true
}

TEST(Secret, ExposesItsValueOnRequest) { EXPECT_EQ(base::Secret("x").expose(), "x"); }

}  // namespace
