#include "aws/small_file.h"

#include <fmt/format.h>

#include <fstream>

namespace aws {

base::Result<std::string> read_small_file(const std::string& path, std::size_t bytes_max) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    return base::Error{base::ErrorKind::kNotFound, "NoSuchFile", path + ": cannot be opened", {}};
  }
  std::string text(bytes_max + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  // A folder can be opened, but not read.
  if (stream.bad()) return base::invalid(path + ": cannot be read");
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > bytes_max) {
    return base::invalid(fmt::format("{}: longer than {} bytes", path, bytes_max));
  }
  return text;
}

}  // namespace aws
