#include "aws/address.h"

#include <boost/asio/ip/address.hpp>

#include <string>

namespace aws {

namespace {

namespace ip = boost::asio::ip;

bool is_routable(const ip::address_v4& address) {
  const auto bytes = address.to_bytes();
  const bool link_local = bytes[0] == 169 && bytes[1] == 254;
  // 0.0.0.0/8 is "this network"; 224.0.0.0 and above are multicast, reserved and broadcast.
  return bytes[0] != 0 && bytes[0] != 127 && bytes[0] < 224 && !link_local;
}

bool is_routable(const ip::address_v6& address) {
  const auto bytes = address.to_bytes();
  if (address.is_v4_mapped()) return is_routable(ip::make_address_v4(ip::v4_mapped, address));
  // 64:ff9b::/96 (NAT64), ::a.b.c.d and 2002::/16 (6to4) carry an IPv4 address too: nobody needs
  // them to name one.
  const bool nat64 = bytes[0] == 0 && bytes[1] == 0x64 && bytes[2] == 0xFF && bytes[3] == 0x9B;
  const bool compatible = bytes[0] == 0 && bytes[1] == 0;
  const bool six_to_four = bytes[0] == 0x20 && bytes[1] == 0x02;
  const bool ec2 = bytes[0] == 0xFD && bytes[1] == 0x00 && bytes[2] == 0x0E && bytes[3] == 0xC2;
  return !nat64 && !compatible && !six_to_four && !ec2 && !address.is_link_local() &&
         !address.is_multicast();
}

}  // namespace

bool is_routable(std::string_view ip_address) {
  boost::system::error_code error;
  const ip::address address = ip::make_address(std::string(ip_address), error);
  if (error) return false;
  return address.is_v4() ? is_routable(address.to_v4()) : is_routable(address.to_v6());
}

}  // namespace aws
