// What becomes of a letter: the one decision of a replay, without I/O.
#pragma once

#include "aws/sqs.h"
#include "base/clock.h"
#include "dlq/filter.h"
#include "dlq/letter.h"
#include "dlq/letter_id.h"

#include <string>

namespace dlq {

enum class Fate {
  kReplay,
  kKeep,      // not meant by the filter
  kNewer,     // came after the replay began: left, or a failing consumer would keep us for ever
  kCameBack,  // replayed by this very run, and back already
  kDelete,    // was sent before: only its delete is missing
};

// What a run remembers, and the filter.
struct Known {
  const Filter& filter;
  const LetterIds& sent;      // ids in the dead-letter queue of what was sent
  const LetterIds& produced;  // ids that SQS gave what we sent
  std::string run;
  base::TimePoint high_water;  // letters that SQS took later are not meant
};

Fate decide(const aws::SqsMessage& message, const Letter& letter, const Known& known,
            base::TimePoint now);

}  // namespace dlq
