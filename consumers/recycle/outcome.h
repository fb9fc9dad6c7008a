// Outcome: what an error of the outside world means for the message in hand, and the identifiers of
// what is sent on. Pure.
#pragma once

#include "consumers/consumer.h"
#include "messages/message.h"

#include <string>
#include <string_view>

namespace consumers::recycle {

// Transient errors and missing permissions come back later (the queue's receive limit ends that);
// everything else will not heal by itself and is Poison.
Verdict verdict_of(const base::Error& error);

// "Does not exist": an event may well be older than the group's end, a person's request may not.
Verdict missing_group(const base::GroupName& group, bool caused_by_event);

// The MessageGroupId's text: what must not be recycled at the same time. The component without the
// zone letter of sibling groups: "ledger" for both "ledger_a" and "ledger_b".
std::string family_of(const std::string& component);

// Fit for a MessageGroupId or MessageDeduplicationId: at most 128 letters, digits and punctuation.
// A text that is not is shortened and carries a hash of the whole.
std::string queue_token(std::string_view text);

}  // namespace consumers::recycle
