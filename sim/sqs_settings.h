// A queue's attributes as they are set and shown.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
#pragma once

#include "base/clock.h"
#include "sim/service.h"

#include <map>
#include <optional>
#include <string>

namespace sim {

struct RedrivePolicy {
  std::string target_arn;
  int receive_count_max = 0;
};

struct SqsSettings {
  bool fifo = false;
  bool content_based_deduplication = false;
  bool deduplicate_by_group = false;
  base::Duration visibility = std::chrono::seconds(30);
  base::Duration delay{0};
  base::Duration receive_wait{0};
  base::Duration retention = std::chrono::hours(96);
  std::size_t message_bytes_max = 1'048'576;
  std::optional<RedrivePolicy> redrive;
  // As set, for what has no effect here: Policy, KmsMasterKeyId, RedriveAllowPolicy, ...
  std::map<std::string, std::string> as_set;

  // All or nothing. `creating`: FifoQueue may be given.
  std::optional<ApiError> apply(const std::map<std::string, std::string>& attributes,
                                bool creating);
  // What GetQueueAttributes shows of the settings.
  std::map<std::string, std::string> shown() const;
};

// Attributes that GetQueueAttributes knows, beside "All".
bool is_queue_attribute(const std::string& name);

}  // namespace sim
