#include "aws/address.h"

#include <gtest/gtest.h>

namespace {

TEST(Address, TellsThoseThatLeadToTheMachineItself) {
  for (const char* address : {"127.0.0.1",
                              "127.8.9.10",
                              "0.0.0.0",
                              "169.254.169.254",
                              "169.254.170.2",
                              "224.0.0.1",
                              "255.255.255.255",
                              "240.0.0.1",
                              "::1",
                              "::",
                              "fe80::1",
                              "fe80::1%eth0",
                              "ff02::1",
                              "fd00:ec2::254",
                              "fd00:ec2::23",
                              "::ffff:169.254.169.254",
                              "::ffff:127.0.0.1",
                              "::127.0.0.1",
                              "64:ff9b::a9fe:a9fe",
                              "2002:a9fe:a9fe::1",
                              "localhost",
                              "",
                              "1.2.3",
                              "0x7f000001"}) {
    EXPECT_FALSE(aws::is_routable(address)) << address;
  }
}

TEST(Address, LetsPrivateAndPublicNetworksPass) {
  for (const char* address : {"10.0.1.5", "172.16.0.9", "192.168.1.1", "52.94.5.1", "100.64.0.1",
                              "fd12:3456::1", "2a05:d01c::1", "::ffff:10.0.0.1"}) {
    EXPECT_TRUE(aws::is_routable(address)) << address;
  }
}

}  // namespace
