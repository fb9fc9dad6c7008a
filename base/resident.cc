#include "base/resident.h"

#include <sys/mman.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace base {
namespace {

struct Mapping {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  bool is_read_only_file = false;
  std::size_t resident = 0;  // kilobytes
  std::size_t changed = 0;   // kilobytes that the file does not hold: in memory or swapped out
};

// proc_pid_maps(5): "begin-end permissions offset device inode path".
Mapping read_mapping(const std::string& line) {
  std::istringstream words(line);
  char dash = 0;
  std::string permissions;
  std::string offset;
  std::string device;
  std::uint64_t inode = 0;
  Mapping mapping;
  words >> std::hex >> mapping.begin >> dash >> mapping.end >> permissions >> offset >> device >>
      std::dec >> inode;
  mapping.is_read_only_file = words && inode != 0 && permissions.starts_with("r-");
  return mapping;
}

// proc_pid_smaps(5): "Rss:    12 kB".
std::size_t read_kilobytes(std::string_view line) {
  line.remove_prefix(line.find(':') + 1);
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  std::size_t kilobytes = 0;
  std::from_chars(line.data(), line.data() + line.size(), kilobytes);
  return kilobytes;
}

}  // namespace

std::size_t give_back_unchanged_pages() {
  std::ifstream file("/proc/self/smaps");
  std::size_t given_back = 0;
  Mapping mapping;
  for (std::string line; std::getline(file, line);) {
    const auto first = line.find_first_of(" :");
    if (first != std::string::npos && line[first] == ' ') {
      mapping = read_mapping(line);
    } else if (line.starts_with("Rss:")) {
      mapping.resident = read_kilobytes(line);
    } else if (line.starts_with("Anonymous:") || line.starts_with("Swap:")) {
      mapping.changed += read_kilobytes(line);
    } else if (line.starts_with("VmFlags:")) {  // the last line of a mapping
      if (!mapping.is_read_only_file || mapping.changed > 0) continue;
      void* begin = reinterpret_cast<void*>(mapping.begin);  // NOLINT(performance-no-int-to-ptr)
      if (::madvise(begin, mapping.end - mapping.begin, MADV_DONTNEED) == 0) {
        given_back += mapping.resident << 10U;
      }
    }
  }
  return given_back;
}

}  // namespace base
