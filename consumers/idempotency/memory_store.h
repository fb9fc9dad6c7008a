// MemoryStore: a Store in this process, for tests and for a single worker that may forget
// everything when it ends.
//
// When it is full, what is over makes room; when that is not enough, begin() and complete() are
// refused with StoreFull: a record that still protects somebody is never dropped.
#pragma once

#include "consumers/idempotency/record.h"
#include "consumers/idempotency/store.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace consumers::idempotency {

struct MemoryLimits {
  std::size_t records = 10'000;
  std::size_t bytes = 64U << 20U;  // of keys, fingerprints and answers
};

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(base::Clock& clock, MemoryLimits limits = {})
      : clock_(clock), limits_(limits) {}

  boost::asio::awaitable<base::Result<Begun>> begin(BeginRequest request) override;
  boost::asio::awaitable<base::Result<base::TimePoint>> renew(Claim claim,
                                                              base::Duration duration) override;
  boost::asio::awaitable<base::Result<void>> complete(Claim claim, std::string answer) override;
  boost::asio::awaitable<base::Result<void>> abandon(Claim claim) override;

  std::size_t size() const { return records_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  using Records = std::unordered_map<std::string, Record>;
  using End = std::pair<std::int64_t, std::string>;  // milliseconds and the key

  static End end_of(const Records::value_type& entry);
  static std::size_t bytes_of(const Records::value_type& entry);
  // nullptr: nobody's, or somebody else's.
  Records::value_type* find(const Claim& claim);
  void insert(const std::string& key, Record record);
  void replace(Records::value_type& entry, Record record);
  void erase(Records::iterator entry);
  // Whether so much more fits, once what is over has gone as far as needed.
  bool make_room(std::size_t records, std::size_t bytes);

  base::Clock& clock_;
  MemoryLimits limits_;
  Records records_;
  std::set<End> ends_;
  std::size_t bytes_ = 0;
  std::uint64_t last_token_ = 0;
};

}  // namespace consumers::idempotency
