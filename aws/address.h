// Which network addresses may be asked on somebody else's word. Pure.
#pragma once

#include <string_view>

namespace aws {

// False for addresses behind which a machine finds itself, its metadata and credentials, or nobody:
// loopback, link-local (169.254.0.0/16 with the services of EC2 and ECS, fe80::/10), those of EC2
// on IPv6 (fd00:ec2::/32), unspecified, multicast, broadcast, and all of them written as IPv6; and
// for a text that is no address. Private networks are somebody's: true.
bool is_routable(std::string_view ip_address);

}  // namespace aws
