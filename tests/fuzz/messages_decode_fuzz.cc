// messages_decode_fuzz tests/data/events: decode answers for any bytes, and its answer can be told.
#include "messages/decode.h"
#include "messages/kinds.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = messages::decode({reinterpret_cast<const char*>(data), size});
  if (!message) {
    if (message.error().kind != base::ErrorKind::kInvalid || message.error().message.empty()) {
      std::abort();
    }
    return 0;
  }
  const auto& kinds = messages::kind::kAll;
  if (std::find(kinds.begin(), kinds.end(), message->kind) == kinds.end() ||
      messages::describe(*message).empty()) {
    std::abort();
  }
  // A request that was accepted can be passed on and is accepted again.
  if (const auto* request = std::get_if<messages::RecycleRequest>(&message->payload)) {
    const auto again = messages::decode(
        messages::encode_recycle_request(*request, message->id, message->time, message->actor));
    if (!again || std::get<messages::RecycleRequest>(again->payload).group != request->group) {
      std::abort();
    }
  }
  return 0;
}
