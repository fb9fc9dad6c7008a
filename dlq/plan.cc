#include "dlq/plan.h"

namespace dlq {

Fate decide(const aws::SqsMessage& message, const Letter& letter, const Known& known,
            base::TimePoint now) {
  const LetterId id = letter_id(message.message_id);
  if (known.sent.contains(id)) return Fate::kDelete;
  // SQS keeps the id on the way back into the dead-letter queue, our worker writes it into the
  // record; the mark tells too after a resume, which does not know the ids.
  const bool ours = known.produced.contains(id) ||
                    known.produced.contains(letter_id(letter.record.message_id)) ||
                    (letter.mark && letter.mark->run == known.run);
  if (ours) return Fate::kCameBack;
  if (message.sent_at > known.high_water) return Fate::kNewer;
  return known.filter.takes(message, letter, now) ? Fate::kReplay : Fate::kKeep;
}

}  // namespace dlq
