#include "consumers/idempotency/cached_store.h"

#include <utility>

namespace consumers::idempotency {

using boost::asio::awaitable;

awaitable<base::Result<Begun>> CachedStore::begin(BeginRequest request) {
  if (const auto known = by_key_.find(request.key); known != by_key_.end()) {
    const Answer& answer = *known->second;
    if (answer.completed.until > clock_.now()) {
      answers_.splice(answers_.begin(), answers_, known->second);
      if (answer.fingerprint != request.fingerprint) co_return OtherPayload{};
      co_return answer.completed;
    }
    forget(request.key);
  }
  auto begun = co_await behind_.begin(request);
  if (begun) {
    if (const auto* completed = std::get_if<AlreadyCompleted>(&*begun)) {
      remember(request, *completed);
    }
  }
  co_return begun;
}

void CachedStore::remember(const BeginRequest& request, const AlreadyCompleted& completed) {
  if (completed.answer.size() > kCachedAnswerBytesMax) return;
  forget(request.key);  // another begin of the same key may have come first
  answers_.push_front({request.key, request.fingerprint, completed});
  by_key_[request.key] = answers_.begin();
  if (answers_.size() > kAnswersMax) forget(std::string(answers_.back().key));
}

void CachedStore::forget(const std::string& key) {
  const auto known = by_key_.find(key);
  if (known == by_key_.end()) return;
  answers_.erase(known->second);
  by_key_.erase(known);
}

}  // namespace consumers::idempotency
