// The record of a dead letter and the mark of a replay (proto/dead_letter.proto), as values and as
// the JSON that goes into a message attribute.
#pragma once

#include "base/clock.h"

#include <optional>
#include <string>
#include <string_view>

namespace messages {

struct DeadLetterRecord {
  std::string reason;
  std::string error_kind;
  int attempts = 0;
  base::TimePoint first_seen;  // the epoch: not known
  base::TimePoint last_seen;
  std::string consumer;
  std::string version;
  std::string trace_id;
  std::string source_queue;
  std::string message_id;
  int replays = 0;
};

struct ReplayMark {
  std::string run;
  int count = 0;
  base::TimePoint first_seen;
};

// Texts that are not UTF-8 make it empty: protobuf cannot carry them.
std::string to_json(const DeadLetterRecord& record);
std::string to_json(const ReplayMark& mark);

// None for what is no JSON object. Members that are absent, unknown or of another type are left at
// their defaults: a letter is handled whatever its record says.
std::optional<DeadLetterRecord> read_dead_letter_record(std::string_view json);
std::optional<ReplayMark> read_replay_mark(std::string_view json);

}  // namespace messages
