// Any bytes as a checkpoint file: read, or refused with the line. What was read stays the same when
// the cut last line is taken off, and nothing is at once sent and uncertain.
#include "dlq/checkpoint.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = dlq::read_checkpoint(text);
  if (!read) {
    if (read.error().message.find("line ") == std::string::npos) std::abort();
    return 0;
  }
  if (read->bytes > size || read->state.run.empty()) std::abort();
  const auto trimmed = dlq::read_checkpoint(text.substr(0, read->bytes));
  if (!trimmed || trimmed->bytes != read->bytes || trimmed->state.sent != read->state.sent ||
      trimmed->state.uncertain != read->state.uncertain ||
      trimmed->state.possibly_twice != read->state.possibly_twice) {
    std::abort();
  }
  return 0;
}
