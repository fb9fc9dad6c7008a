#include "consumers/idempotency/memory_store.h"

#include <fmt/format.h>

namespace consumers::idempotency {

using boost::asio::awaitable;

namespace {

base::Error store_full(std::size_t records, std::size_t bytes) {
  return {base::ErrorKind::kThrottled,
          std::string(kStoreFull),
          fmt::format("the idempotency store is full: {} records, {} bytes", records, bytes),
          {}};
}

}  // namespace

MemoryStore::End MemoryStore::end_of(const Records::value_type& entry) {
  const Record& record = entry.second;
  return {record.completed ? record.expires_s * 1000 : record.in_progress_until_ms, entry.first};
}

std::size_t MemoryStore::bytes_of(const Records::value_type& entry) {
  return entry.first.size() + entry.second.fingerprint.size() + entry.second.answer.size();
}

MemoryStore::Records::value_type* MemoryStore::find(const Claim& claim) {
  const auto found = records_.find(claim.key);
  return found == records_.end() || found->second.token != claim.token ? nullptr : &*found;
}

void MemoryStore::insert(const std::string& key, Record record) {
  const auto [entry, added] = records_.emplace(key, std::move(record));
  ends_.insert(end_of(*entry));
  bytes_ += bytes_of(*entry);
}

void MemoryStore::replace(Records::value_type& entry, Record record) {
  ends_.erase(end_of(entry));
  bytes_ -= bytes_of(entry);
  entry.second = std::move(record);
  ends_.insert(end_of(entry));
  bytes_ += bytes_of(entry);
}

void MemoryStore::erase(Records::iterator entry) {
  ends_.erase(end_of(*entry));
  bytes_ -= bytes_of(*entry);
  records_.erase(entry);
}

bool MemoryStore::make_room(std::size_t records, std::size_t bytes) {
  const base::TimePoint now = clock_.now();
  while (records_.size() + records > limits_.records || bytes_ + bytes > limits_.bytes) {
    if (ends_.empty()) return false;
    const auto first = records_.find(ends_.begin()->second);
    if (!is_over(first->second, now)) return false;
    erase(first);
  }
  return true;
}

awaitable<base::Result<Begun>> MemoryStore::begin(BeginRequest request) {
  if (const auto checked = check(request); !checked) co_return checked.error();
  if (const auto found = records_.find(request.key); found != records_.end()) {
    if (!is_over(found->second, clock_.now())) co_return meaning(found->second, request);
    erase(found);
  }
  if (!make_room(1, request.key.size() + request.fingerprint.size())) {
    co_return store_full(records_.size(), bytes_);
  }
  Record record = claimed(request, fmt::format("{}", ++last_token_), clock_.now());
  const Started started{{request.key, record.token, request.keep_for},
                        time_of_milliseconds(record.in_progress_until_ms)};
  insert(request.key, std::move(record));
  co_return started;
}

awaitable<base::Result<base::TimePoint>> MemoryStore::renew(Claim claim, base::Duration duration) {
  Records::value_type* entry = find(claim);
  if (entry == nullptr || entry->second.completed) co_return claim_lost(claim.key);
  Record record = entry->second;
  extend(record, claim, duration, clock_.now());
  const auto until = time_of_milliseconds(record.in_progress_until_ms);
  replace(*entry, std::move(record));
  co_return until;
}

awaitable<base::Result<void>> MemoryStore::complete(Claim claim, std::string answer) {
  if (answer.size() > kAnswerBytesMax) co_return answer_too_large(answer.size());
  Records::value_type* entry = find(claim);
  if (entry == nullptr) co_return claim_lost(claim.key);
  Record record = entry->second;
  record.completed = true;
  record.answer = std::move(answer);
  record.expires_s = seconds_of(clock_.now() + claim.keep_for);
  // Its own place counts as free; it may itself be over, and must not be what makes room.
  Record before = entry->second;
  erase(records_.find(claim.key));
  const bool fits =
      make_room(1, claim.key.size() + record.fingerprint.size() + record.answer.size());
  insert(claim.key, fits ? std::move(record) : std::move(before));
  if (!fits) co_return store_full(records_.size(), bytes_);
  co_return base::Result<void>();
}

awaitable<base::Result<void>> MemoryStore::abandon(Claim claim) {
  const Records::value_type* entry = find(claim);
  if (entry != nullptr && !entry->second.completed) erase(records_.find(claim.key));
  co_return base::Result<void>();
}

}  // namespace consumers::idempotency
