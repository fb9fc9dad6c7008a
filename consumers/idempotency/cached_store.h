// CachedStore: the last completed answers in front of another Store, so that a hot duplicate costs
// no request. Completed records do not change, so they can be kept; who is in progress is always
// asked behind. An operator who deletes a record to have the work done again waits for keep_for, or
// restarts the workers.
#pragma once

#include "consumers/idempotency/store.h"

#include <cstddef>
#include <list>
#include <string>
#include <unordered_map>

namespace consumers::idempotency {

class CachedStore final : public Store {
 public:
  static constexpr std::size_t kAnswersMax = 256;
  // 4 MiB in all; longer answers are asked for again.
  static constexpr std::size_t kCachedAnswerBytesMax = 16 * 1024;

  CachedStore(Store& behind, base::Clock& clock) : behind_(behind), clock_(clock) {}

  boost::asio::awaitable<base::Result<Begun>> begin(BeginRequest request) override;
  boost::asio::awaitable<base::Result<base::TimePoint>> renew(Claim claim,
                                                              base::Duration duration) override {
    return behind_.renew(std::move(claim), duration);
  }
  boost::asio::awaitable<base::Result<void>> complete(Claim claim, std::string answer) override {
    return behind_.complete(std::move(claim), std::move(answer));
  }
  boost::asio::awaitable<base::Result<void>> abandon(Claim claim) override {
    return behind_.abandon(std::move(claim));
  }

  std::size_t size() const { return answers_.size(); }

 private:
  struct Answer {
    std::string key;
    std::string fingerprint;
    AlreadyCompleted completed;
  };
  using Answers = std::list<Answer>;  // the one used last in front

  void remember(const BeginRequest& request, const AlreadyCompleted& completed);
  void forget(const std::string& key);

  Store& behind_;
  base::Clock& clock_;
  Answers answers_;
  std::unordered_map<std::string, Answers::iterator> by_key_;
};

}  // namespace consumers::idempotency
