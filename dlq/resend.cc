#include "dlq/resend.h"

#include "aws/digest.h"
#include "dlq/dead_letter.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace dlq {

aws::SendOptions make_resend(const aws::SqsMessage& message, const Letter& letter,
                             const ResendOptions& options) {
  aws::SendOptions send;
  send.queue = options.queue;
  send.body = message.body;
  send.attributes = original_attributes(message);
  send.group_id = message.group_id;
  const auto trace = message.system_attributes.find("AWSTraceHeader");
  if (trace != message.system_attributes.end()) send.trace_header = trace->second;
  if (options.fifo) {
    if (send.group_id.empty()) send.group_id = "replayed";
    send.deduplication_id = aws::sha256_hex(options.run + "/" + message.message_id);
  }
  messages::ReplayMark mark;
  mark.run = options.run;
  mark.count = letter.record.replays + 1;
  mark.first_seen = letter.record.first_seen;
  aws::MessageAttribute attribute{"String", messages::to_json(mark)};
  const std::size_t bytes = aws::sqs_bytes(send.body, send.attributes) + kReplayed.size() +
                            attribute.data_type.size() + attribute.value.size();
  if (send.attributes.size() < aws::kSqsMessageAttributesMax && bytes <= aws::kSqsBytesMax) {
    send.attributes.emplace(kReplayed, std::move(attribute));
  }
  return send;
}

bool has_mark(const aws::SendOptions& send) { return send.attributes.contains(kReplayed); }

void take_mark_off(aws::SendOptions& send) {
  aws::MessageAttributes others;
  for (const auto& [name, attribute] : send.attributes) {
    if (name != kReplayed) others.emplace(name, attribute);
  }
  send.attributes = std::move(others);
}

std::vector<std::vector<std::size_t>> pack(const std::vector<Parcel>& parcels) {
  struct Open {
    std::size_t batch = 0;
    std::size_t bytes = 0;
  };
  std::vector<std::vector<std::size_t>> batches;
  std::map<std::string, Open> open;  // by queue: the batch that is being filled
  std::set<std::pair<std::string, std::string>> groups;
  for (std::size_t i = 0; i < parcels.size(); ++i) {
    const Parcel& parcel = parcels[i];
    if (!parcel.ready) continue;
    if (!parcel.group.empty() && !groups.emplace(parcel.queue, parcel.group).second) continue;
    const auto [place, is_new] = open.try_emplace(parcel.queue, Open{batches.size(), 0});
    Open& filling = place->second;
    const bool full = !is_new && (batches[filling.batch].size() == aws::kSqsBatchMax ||
                                  filling.bytes + parcel.bytes > aws::kSqsBytesMax);
    if (is_new || full) {
      filling = {batches.size(), 0};
      batches.emplace_back();
    }
    batches[filling.batch].push_back(i);
    filling.bytes += parcel.bytes;
  }
  return batches;
}

}  // namespace dlq
