// SHA-256 for those who may not use OpenSSL themselves.
#pragma once

#include <string>
#include <string_view>

namespace aws {

// 64 digits, lower case. https://doi.org/10.6028/NIST.FIPS.180-4
std::string sha256_hex(std::string_view text);

}  // namespace aws
