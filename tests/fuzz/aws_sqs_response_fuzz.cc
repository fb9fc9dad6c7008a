// Any bytes as SQS's answer: every reader returns a value or an error, and batches keep their size.
#include "aws/sqs_wire.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  if (const auto messages = aws::wire::read_received(body)) {
    for (const aws::SqsMessage& message : *messages) {
      if (message.message_id.empty() || message.receipt_handle.empty()) std::abort();
    }
  }
  const auto batch = aws::wire::read_batch("DeleteMessageBatch", body, 10);
  if (batch && batch->size() != 10) std::abort();
  static_cast<void>(aws::wire::read_message_id(body));
  static_cast<void>(aws::wire::read_queue_url(body));
  static_cast<void>(aws::wire::read_attributes(body));
  return 0;
}
