// Any bytes as a line of an export: a letter or an error; and any bytes as a body survive being
// exported and imported, unless they are no text, which the checksum then tells.
#include "dlq/ndjson.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void must_give_back(const aws::SqsMessage& message) {
  const auto again = dlq::read_line(dlq::to_line(message, dlq::read_letter(message)));
  if (!again) {
    if (again.error().message.empty()) std::abort();
    return;
  }
  if (again->body != message.body || again->message_id != message.message_id ||
      again->group_id != message.group_id || again->attributes != message.attributes) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto message = dlq::read_line(text);
  if (message) {
    must_give_back(*message);
  } else if (message.error().message.empty()) {
    std::abort();
  }
  aws::SqsMessage letter;
  letter.message_id = "m-1";
  letter.body = text;
  letter.attributes["tenant"] = {"String", "blue"};
  must_give_back(letter);
  return 0;
}
