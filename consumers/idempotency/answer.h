// What is kept of a finished run: its verdict, as JSON.
//
//   {"verdict":"done","reason":"restarted","outgoing":[{"queue":"events","body":"..",
//    "group_id":"","deduplication_id":""}]}
//   {"verdict":"poison","reason":"no such service","error_kind":"invalid"}
//   {"verdict":"not-kept","reason":"an answer of 300000 bytes; accepted: up to 262144"}
#pragma once

#include "base/result.h"
#include "consumers/consumer.h"

#include <string>
#include <string_view>

namespace consumers::idempotency {

// Done or Poison. kInvalid for text that is not UTF-8.
base::Result<std::string> encode_answer(const Verdict& verdict);
// Of a run whose own answer cannot be kept: a duplicate of it must not run either.
std::string answer_not_kept(std::string_view why);

// The verdict on a duplicate. An answer that was not kept, or that cannot be read, is Poison: the
// work was done, but what it was to send is not known here.
Verdict decode_answer(std::string_view answer);

}  // namespace consumers::idempotency
