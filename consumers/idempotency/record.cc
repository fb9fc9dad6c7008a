#include "consumers/idempotency/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace consumers::idempotency {

namespace chrono = std::chrono;

std::int64_t milliseconds_of(base::TimePoint time) {
  return chrono::ceil<chrono::milliseconds>(time).time_since_epoch().count();
}
std::int64_t seconds_of(base::TimePoint time) {
  return chrono::ceil<chrono::seconds>(time).time_since_epoch().count();
}
std::int64_t milliseconds_at(base::TimePoint now) {
  return chrono::floor<chrono::milliseconds>(now).time_since_epoch().count();
}
std::int64_t seconds_at(base::TimePoint now) {
  return chrono::floor<chrono::seconds>(now).time_since_epoch().count();
}
base::TimePoint time_of_milliseconds(std::int64_t milliseconds) {
  return base::TimePoint(chrono::milliseconds(milliseconds));
}

Record claimed(const BeginRequest& request, std::string token, base::TimePoint now) {
  Record record;
  record.token = std::move(token);
  record.fingerprint = request.fingerprint;
  extend(record, Claim{request.key, record.token, request.keep_for}, request.in_progress_for, now);
  return record;
}

void extend(Record& record, const Claim& claim, base::Duration duration, base::TimePoint now) {
  record.in_progress_until_ms = milliseconds_of(now + duration);
  record.expires_s = seconds_of(now + std::max(duration, claim.keep_for));
}

bool is_over(const Record& record, base::TimePoint now) {
  return record.completed ? record.expires_s <= seconds_at(now)
                          : record.in_progress_until_ms <= milliseconds_at(now);
}

Begun meaning(const Record& record, const BeginRequest& request) {
  if (record.fingerprint != request.fingerprint) return OtherPayload{};
  if (!record.completed) return InProgress{time_of_milliseconds(record.in_progress_until_ms)};
  return AlreadyCompleted{record.answer, base::TimePoint(chrono::seconds(record.expires_s))};
}

base::Result<void> check(const BeginRequest& request) {
  if (request.key.empty() || request.key.size() > kKeyBytesMax) {
    return base::invalid(fmt::format("an idempotency key of {} bytes; accepted: 1 to {}",
                                     request.key.size(), kKeyBytesMax));
  }
  if (request.in_progress_for.count() <= 0 || request.keep_for.count() <= 0) {
    return base::invalid(
        fmt::format("in_progress_for is {} ms and keep_for {} ms; accepted: more than 0",
                    request.in_progress_for.count(), request.keep_for.count()));
  }
  return {};
}

base::Error answer_too_large(std::size_t bytes) {
  return {base::ErrorKind::kInvalid,
          std::string(kAnswerTooLarge),
          fmt::format("an answer of {} bytes; accepted: up to {}", bytes, kAnswerBytesMax),
          {}};
}

base::Error claim_lost(const std::string& key) {
  return {base::ErrorKind::kNotFound,
          std::string(kClaimLost),
          fmt::format("the claim on '{}' was lost to another run", key),
          {}};
}

}  // namespace consumers::idempotency
