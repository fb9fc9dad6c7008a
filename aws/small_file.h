// Small files that others write: configuration, tokens. Never a message with what is in them.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <string>

namespace aws {

// The whole file. Errors: kNotFound when there is none, kInvalid when it is longer than `bytes_max`
// or cannot be read; both name the path.
base::Result<std::string> read_small_file(const std::string& path, std::size_t bytes_max);

}  // namespace aws
