// Allow: who may run which job that changes something. Nobody, unless the configuration says so:
//
//   oncall-restart-*=alice|arn:aws:iam::*:role/oncall; oncall-scale-service=*
//
// A star stands for any characters. Who asks is what the sender says; that only the right people
// can send at all is the queue's policy.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace consumers::oncall {

// Whether `pattern` matches all of `text`; linear but for the stars.
bool matches(std::string_view pattern, std::string_view text);

struct AllowRule {
  std::string jobs;                     // a pattern
  std::vector<std::string> requesters;  // patterns
};

class Allow {
 public:
  // kInvalid names the rule that is none.
  static base::Result<Allow> parse(std::string_view text);
  bool permits(std::string_view job, std::string_view requester) const;

 private:
  std::vector<AllowRule> rules_;
};

}  // namespace consumers::oncall
