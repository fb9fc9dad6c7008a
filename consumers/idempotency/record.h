// Record: what is known of one key, and the two questions that every store asks of it. The units
// are DynamoDB's (milliseconds for claims, whole seconds for expiry), so that all stores round
// alike.
#pragma once

#include "consumers/idempotency/store.h"

#include <cstdint>
#include <string>

namespace consumers::idempotency {

struct Record {
  std::string token;
  std::string fingerprint;
  std::string answer;
  bool completed = false;
  std::int64_t in_progress_until_ms = 0;  // Unix time; of no meaning once completed
  std::int64_t expires_s = 0;             // Unix time; while in progress, never before that is over
};

// Rounded up: nothing ends earlier than it was asked for.
std::int64_t milliseconds_of(base::TimePoint time);
std::int64_t seconds_of(base::TimePoint time);
// Rounded down, to compare with the above.
std::int64_t milliseconds_at(base::TimePoint now);
std::int64_t seconds_at(base::TimePoint now);
base::TimePoint time_of_milliseconds(std::int64_t milliseconds);

Record claimed(const BeginRequest& request, std::string token, base::TimePoint now);
void extend(Record& record, const Claim& claim, base::Duration duration, base::TimePoint now);
// Free for the next one.
bool is_over(const Record& record, base::TimePoint now);
// What a record that is not over means to somebody who wants to begin.
Begun meaning(const Record& record, const BeginRequest& request);

}  // namespace consumers::idempotency
