#include "consumers/idempotency/dynamodb_store.h"

#include "consumers/idempotency/record.h"

#include <charconv>
#include <optional>
#include <utility>

namespace consumers::idempotency {

using boost::asio::awaitable;

namespace {

constexpr const char* kId = "id";
constexpr const char* kStatus = "status";
constexpr const char* kExpiration = "expiration";
constexpr const char* kInProgressExpiration = "in_progress_expiration";
constexpr const char* kValidation = "validation";
constexpr const char* kData = "data";
constexpr const char* kClaim = "claim";

constexpr const char* kStatusInProgress = "INPROGRESS";
constexpr const char* kStatusCompleted = "COMPLETED";

std::string text_of(const aws::Item& item, const char* name) {
  const auto found = item.find(name);
  return found == item.end() ? std::string() : found->second.text;
}

std::optional<std::int64_t> number_of(const aws::Item& item, const char* name) {
  const std::string text = text_of(item, name);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Record> read_record(const aws::Item& item) {
  const std::string status = text_of(item, kStatus);
  const auto expires = number_of(item, kExpiration);
  const auto in_progress_until = number_of(item, kInProgressExpiration);
  Record record;
  record.completed = status == kStatusCompleted;
  if (!expires || (!record.completed && (status != kStatusInProgress || !in_progress_until))) {
    return std::nullopt;
  }
  record.token = text_of(item, kClaim);
  record.fingerprint = text_of(item, kValidation);
  record.answer = text_of(item, kData);
  record.in_progress_until_ms = in_progress_until.value_or(0);
  record.expires_s = *expires;
  return record;
}

base::Error unreadable_record(const std::string& key) {
  return {base::ErrorKind::kRetry,
          "UnreadableRecord",
          "DynamoDB refused to begin '" + key + "' without a record that says why",
          {}};
}

}  // namespace

aws::Item DynamoDbStore::key_of(const std::string& key) const {
  return {{kId, aws::string_value(options_.prefix + key)}};
}

awaitable<base::Result<Begun>> DynamoDbStore::begin(BeginRequest request) {
  if (const auto checked = check(request); !checked) co_return checked.error();
  const base::TimePoint now = clock_.now();
  const Record record = claimed(request, random_.uuid(), now);
  aws::ConditionalWrite write;
  write.table = options_.table;
  write.item = key_of(request.key);
  write.item[kStatus] = aws::string_value(kStatusInProgress);
  write.item[kExpiration] = aws::number_value(record.expires_s);
  write.item[kInProgressExpiration] = aws::number_value(record.in_progress_until_ms);
  write.item[kValidation] = aws::string_value(record.fingerprint);
  write.item[kClaim] = aws::string_value(record.token);
  write.condition =
      "attribute_not_exists(#id)"
      " OR (#status = :completed AND #expiration <= :now_s)"
      " OR (#status = :in_progress AND #in_progress_expiration <= :now_ms)";
  write.names = {{"#id", kId},
                 {"#status", kStatus},
                 {"#expiration", kExpiration},
                 {"#in_progress_expiration", kInProgressExpiration}};
  write.values = {{":completed", aws::string_value(kStatusCompleted)},
                  {":in_progress", aws::string_value(kStatusInProgress)},
                  {":now_s", aws::number_value(seconds_at(now))},
                  {":now_ms", aws::number_value(milliseconds_at(now))}};
  const auto outcome = co_await dynamodb_.put_item(std::move(write));
  if (!outcome) co_return outcome.error();
  const auto found = outcome->written ? record : read_record(outcome->found);
  if (!found) co_return unreadable_record(request.key);
  if (found->token == record.token) {
    co_return Started{{request.key, record.token, request.keep_for},
                      time_of_milliseconds(record.in_progress_until_ms)};
  }
  co_return meaning(*found, request);
}

awaitable<base::Result<base::TimePoint>> DynamoDbStore::renew(Claim claim,
                                                              base::Duration duration) {
  Record record;
  extend(record, claim, duration, clock_.now());
  aws::ConditionalWrite write;
  write.table = options_.table;
  write.item = key_of(claim.key);
  write.update = "SET #expiration = :expiration, #in_progress_expiration = :in_progress_expiration";
  write.condition = "#claim = :claim AND #status = :in_progress";
  write.names = {{"#claim", kClaim},
                 {"#status", kStatus},
                 {"#expiration", kExpiration},
                 {"#in_progress_expiration", kInProgressExpiration}};
  write.values = {{":claim", aws::string_value(claim.token)},
                  {":in_progress", aws::string_value(kStatusInProgress)},
                  {":expiration", aws::number_value(record.expires_s)},
                  {":in_progress_expiration", aws::number_value(record.in_progress_until_ms)}};
  const auto outcome = co_await dynamodb_.update_item(std::move(write));
  if (!outcome) co_return outcome.error();
  if (!outcome->written) co_return claim_lost(claim.key);
  co_return time_of_milliseconds(record.in_progress_until_ms);
}

awaitable<base::Result<void>> DynamoDbStore::complete(Claim claim, std::string answer) {
  if (answer.size() > kAnswerBytesMax) co_return answer_too_large(answer.size());
  aws::ConditionalWrite write;
  write.table = options_.table;
  write.item = key_of(claim.key);
  write.update =
      "SET #status = :completed, #data = :data, #expiration = :expiration"
      " REMOVE #in_progress_expiration";
  write.condition = "#claim = :claim";
  write.names = {{"#claim", kClaim},
                 {"#status", kStatus},
                 {"#data", kData},
                 {"#expiration", kExpiration},
                 {"#in_progress_expiration", kInProgressExpiration}};
  write.values = {{":claim", aws::string_value(claim.token)},
                  {":completed", aws::string_value(kStatusCompleted)},
                  {":data", aws::string_value(std::move(answer))},
                  {":expiration", aws::number_value(seconds_of(clock_.now() + claim.keep_for))}};
  const auto outcome = co_await dynamodb_.update_item(std::move(write));
  if (!outcome) co_return outcome.error();
  if (!outcome->written) co_return claim_lost(claim.key);
  co_return base::Result<void>();
}

awaitable<base::Result<void>> DynamoDbStore::abandon(Claim claim) {
  aws::ConditionalWrite write;
  write.table = options_.table;
  write.item = key_of(claim.key);
  write.condition = "#claim = :claim AND #status = :in_progress";
  write.names = {{"#claim", kClaim}, {"#status", kStatus}};
  write.values = {{":claim", aws::string_value(claim.token)},
                  {":in_progress", aws::string_value(kStatusInProgress)}};
  const auto outcome = co_await dynamodb_.delete_item(std::move(write));
  if (!outcome) co_return outcome.error();
  co_return base::Result<void>();
}

}  // namespace consumers::idempotency
