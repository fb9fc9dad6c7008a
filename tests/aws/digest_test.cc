#include "aws/digest.h"

#include <gtest/gtest.h>

namespace {

// FIPS 180-4's examples, and a text of more than one block with a zero byte in it.
TEST(Digest, IsSha256InHexadecimal) {
  EXPECT_EQ(aws::sha256_hex(""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(aws::sha256_hex("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_NE(aws::sha256_hex(std::string(100, '\0')), aws::sha256_hex(std::string(99, '\0')));
}

// RFC 1321's examples.
TEST(Digest, IsMd5InHexadecimal) {
  EXPECT_EQ(aws::md5_hex(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(aws::md5_hex("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
}

}  // namespace
