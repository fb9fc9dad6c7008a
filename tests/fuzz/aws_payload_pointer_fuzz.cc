// Any bytes as a message body: a payload pointer or not; one that is read survives being written
// and read again.
#include "aws/payload_pointer.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto object = aws::read_payload_pointer(body);
  if (!object) {
    if (object.error().message.empty()) std::abort();
    return 0;
  }
  if (!aws::is_payload_pointer(body)) std::abort();
  const auto written = aws::write_payload_pointer(*object);
  if (!written || !aws::is_payload_pointer(*written)) std::abort();
  const auto again = aws::read_payload_pointer(*written);
  if (!again || *again != *object) std::abort();
  return 0;
}
