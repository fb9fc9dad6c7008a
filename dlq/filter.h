// Filter: which letters are meant. Everything that is given must hold; of a list, one is enough.
#pragma once

#include "aws/sqs.h"
#include "base/clock.h"
#include "dlq/json_path.h"
#include "dlq/letter.h"

#include <optional>
#include <string>
#include <vector>

namespace dlq {

// As people write it. Empty members ask for nothing.
struct FilterSpec {
  std::vector<std::string> ids;              // MessageId, of the letter or of the original
  std::vector<std::string> error_kinds;      // "decode"; "receive-count" for what SQS moved itself
  std::vector<std::string> sources;          // queues, by name or ARN
  std::vector<std::string> groups;           // MessageGroupId
  std::vector<std::string> attributes;       // all: "name", "name=value", "name~pattern"
  std::vector<std::string> where;            // all: conditions on the body, see JsonCondition
  std::string reason;                        // RE2
  std::string body;                          // RE2
  std::optional<base::Duration> older_than;  // first seen at least so long ago
  std::optional<base::Duration> newer_than;
  std::optional<int> receives_min;  // ApproximateReceiveCount, this receive included
  std::optional<int> receives_max;
};

class Filter {
 public:
  // kInvalid: which part cannot be read, what was found and what is accepted.
  static base::Result<Filter> parse(const FilterSpec& spec);

  bool takes_everything() const { return everything_; }
  bool takes(const aws::SqsMessage& message, const Letter& letter, base::TimePoint now) const;

 private:
  struct Attribute {
    std::string name;
    std::optional<std::string> value;
    Pattern pattern;
  };

  bool attributes_match(const aws::SqsMessage& message) const;
  bool body_matches(const std::string& body) const;

  FilterSpec spec_;
  bool everything_ = true;
  Pattern reason_;
  Pattern body_;
  std::vector<Attribute> attributes_;
  std::vector<JsonCondition> where_;
};

}  // namespace dlq
