// DynamoDbStore: a Store in a DynamoDB table that all workers share. One write to begin, one to
// complete; a begin that finds somebody else's record is told of it in the refusal, without a read.
//
// The table: partition key `id` (S), time to live on `expiration`. Attributes, named as Powertools
// names them where it has the same:
//   id                      S  prefix + key
//   status                  S  INPROGRESS or COMPLETED
//   expiration              N  Unix seconds; DynamoDB removes the item some time after
//   in_progress_expiration  N  Unix milliseconds; while INPROGRESS
//   validation              S  the payload's fingerprint
//   data                    S  the answer; when COMPLETED
//   claim                   S  the token of the run that wrote the record: its fence
//
// Every write may be sent twice, because its answer was lost: a begin finds its own token in the
// refusal and has started; renew and complete write the same again, for the token stays; an abandon
// finds nothing, which is what it wanted.
#pragma once

#include "aws/dynamodb.h"
#include "base/random.h"
#include "consumers/idempotency/store.h"

#include <string>

namespace consumers::idempotency {

struct DynamoDbStoreOptions {
  std::string table;
  std::string prefix;  // of every key: several deployments may share a table
};

class DynamoDbStore final : public Store {
 public:
  // References outlive the store. Tokens come from `random`, which must be seeded apart in every
  // process (Random::from_entropy).
  DynamoDbStore(aws::DynamoDb& dynamodb, base::Clock& clock, base::Random& random,
                DynamoDbStoreOptions options)
      : dynamodb_(dynamodb), clock_(clock), random_(random), options_(std::move(options)) {}

  // Also kRetry "UnreadableRecord": a refusal without the record, or with one that is not of this
  // form.
  boost::asio::awaitable<base::Result<Begun>> begin(BeginRequest request) override;
  boost::asio::awaitable<base::Result<base::TimePoint>> renew(Claim claim,
                                                              base::Duration duration) override;
  boost::asio::awaitable<base::Result<void>> complete(Claim claim, std::string answer) override;
  boost::asio::awaitable<base::Result<void>> abandon(Claim claim) override;

 private:
  aws::Item key_of(const std::string& key) const;

  aws::DynamoDb& dynamodb_;
  base::Clock& clock_;
  base::Random& random_;
  DynamoDbStoreOptions options_;
};

}  // namespace consumers::idempotency
