#include "base/http.h"

#include <gtest/gtest.h>

namespace {

TEST(Headers, AreFoundWithoutRegardToCase) {
  const std::vector<base::Header> headers = {{"Content-Type", "a"}, {"content-type", "b"}};
  EXPECT_EQ(base::find_header(headers, "CONTENT-TYPE"), "a");
  EXPECT_EQ(base::find_header(headers, "Content"), std::nullopt);
}

TEST(PercentEncoding, KeepsOnlyUnreservedCharacters) {
  EXPECT_EQ(base::percent_encode("aZ09-_.~"), "aZ09-_.~");
  EXPECT_EQ(base::percent_encode("a b/c+\xC3\xA9"), "a%20b%2Fc%2B%C3%A9");
  EXPECT_EQ(base::percent_encode("a/b", true), "a/b");
}

TEST(PercentEncoding, DecodesWhatItEncodes) {
  std::string every_byte;
  for (int c = 0; c < 256; ++c) every_byte += static_cast<char>(c);
  EXPECT_EQ(base::percent_decode(base::percent_encode(every_byte)), every_byte);
}

TEST(PercentEncoding, LeavesBrokenEscapesAlone) {
  EXPECT_EQ(base::percent_decode("%"), "%");
  EXPECT_EQ(base::percent_decode("%4"), "%4");
  EXPECT_EQ(base::percent_decode("%zz%41"), "%zzA");
  EXPECT_EQ(base::percent_decode("a+b"), "a+b");
  EXPECT_EQ(base::percent_decode("a+b", true), "a b");
}

}  // namespace
