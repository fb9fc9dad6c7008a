// gzip (RFC 1952), for bodies that are worth it. zlib does the work.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace base {

std::string gzip(std::string_view text);
// Errors: kInvalid for what is not gzip, is cut short, or holds more than `bytes_max`.
Result<std::string> gunzip(std::string_view compressed, std::size_t bytes_max);

}  // namespace base
