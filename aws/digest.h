// Digests for those who may not use OpenSSL themselves.
#pragma once

#include <string>
#include <string_view>

namespace aws {

// 64 digits, lower case. https://doi.org/10.6028/NIST.FIPS.180-4
std::string sha256_hex(std::string_view text);

// 32 digits, lower case: what SQS calls MD5OfMessageBody. Guards against accidents, not against
// people. https://www.rfc-editor.org/rfc/rfc1321
std::string md5_hex(std::string_view text);

}  // namespace aws
