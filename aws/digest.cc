#include "aws/digest.h"

#include "aws/sha256.h"

namespace aws {

std::string sha256_hex(std::string_view text) { return to_hex(sha256(text)); }

}  // namespace aws
