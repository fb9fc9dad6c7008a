// What is sent when a letter is replayed, and how sends are put together in batches. Pure.
#pragma once

#include "aws/sqs.h"
#include "dlq/letter.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dlq {

struct ResendOptions {
  std::string run;
  base::QueueUrl queue;
  bool fifo = false;  // the queue it goes to
};

// The original message: body, its sender's attributes, trace header, group. Ours are taken out, and
// a mark of this replay is added unless that would pass ten attributes or 1 MiB.
//
// On a FIFO queue the deduplication id is new, or the message would be swallowed as a duplicate of
// its earlier self, and the same for one message and run, so that sending it twice makes one.
aws::SendOptions make_resend(const aws::SqsMessage& message, const Letter& letter,
                             const ResendOptions& options);
bool has_mark(const aws::SendOptions& send);
void take_mark_off(aws::SendOptions& send);

// What is known of a send before it is put into a batch.
struct Parcel {
  std::string queue;  // URL: a batch goes to one
  std::string group;  // of a FIFO queue; empty: no order to keep
  std::size_t bytes = 0;
  bool ready = true;  // false: sent, or given up
};

// Batches of positions that may be sent side by side: ten entries and 1 MiB each, of every FIFO
// group the first that is ready alone, because of two entries of one batch either may fail.
std::vector<std::vector<std::size_t>> pack(const std::vector<Parcel>& parcels);

}  // namespace dlq
