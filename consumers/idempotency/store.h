// Store: who does, or did, the work of a key, for work that must not be done twice.
//
//   begin -> Started          do the work, renew while it runs, then complete or abandon
//            AlreadyCompleted answer as the first run did
//            InProgress       somebody else is at it until then
//            OtherPayload     the key was used for something else
//
// A record is in progress until its time is over, completed until it expires, then as if it had
// never been. A run that crashed is retryable as soon as its in-progress time is over; a run that
// was too slow has lost its claim to whoever began after that, and can neither complete, renew nor
// abandon its successor's (the claim's token is compared in the store). Times are wall-clock times
// of whoever writes and reads them, so workers' clocks must agree to well within in_progress_for.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace consumers::idempotency {

inline constexpr std::size_t kKeyBytesMax = 1024;  // DynamoDB takes 2048 with the prefix
// With key and fingerprint well within DynamoDB's 400 KB an item.
inline constexpr std::size_t kAnswerBytesMax = 256 * 1024;

// Codes of errors that only a store has.
inline constexpr std::string_view kClaimLost = "ClaimLost";            // kNotFound
inline constexpr std::string_view kAnswerTooLarge = "AnswerTooLarge";  // kInvalid
inline constexpr std::string_view kStoreFull = "StoreFull";            // kThrottled

struct BeginRequest {
  std::string key;          // 1..kKeyBytesMax bytes of UTF-8
  std::string fingerprint;  // of the payload; empty only matches empty
  base::Duration in_progress_for = std::chrono::minutes(1);
  base::Duration keep_for = std::chrono::hours(1);  // rounded up to whole seconds of the clock
};

struct Claim {
  std::string key;
  std::string token;  // unique to this begin()
  base::Duration keep_for{0};
};

struct Started {
  Claim claim;
  base::TimePoint until;
};
struct AlreadyCompleted {
  std::string answer;
  base::TimePoint until;
};
struct InProgress {
  base::TimePoint until;
};
struct OtherPayload {};
using Begun = std::variant<Started, AlreadyCompleted, InProgress, OtherPayload>;

class Store {
 public:
  virtual ~Store() = default;
  // kInvalid names what is wrong with the request; other errors say that it is not known who has
  // the key: then nothing may be run.
  virtual boost::asio::awaitable<base::Result<Begun>> begin(BeginRequest request) = 0;
  // In progress for so long from now on; until when. ClaimLost.
  virtual boost::asio::awaitable<base::Result<base::TimePoint>> renew(Claim claim,
                                                                      base::Duration duration) = 0;
  // Keeps the answer (any UTF-8 text) for the claim's keep_for. ClaimLost; AnswerTooLarge beyond
  // kAnswerBytesMax: the claim is then as it was.
  virtual boost::asio::awaitable<base::Result<void>> complete(Claim claim, std::string answer) = 0;
  // The work failed: the key is free at once. Nothing to do is a success: a claim that was lost,
  // or that was completed.
  virtual boost::asio::awaitable<base::Result<void>> abandon(Claim claim) = 0;
};

// What every store checks before anything else.
base::Result<void> check(const BeginRequest& request);
base::Error answer_too_large(std::size_t bytes);
base::Error claim_lost(const std::string& key);

}  // namespace consumers::idempotency
