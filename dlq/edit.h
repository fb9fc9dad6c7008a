// Edit: changes to a body that is JSON, "path = value" each: an existing value is replaced, members
// that are missing on the way are made, "path = null" writes null, "delete path" takes a member
// out.
#pragma once

#include "aws/sqs.h"
#include "base/result.h"
#include "dlq/json_path.h"

#include <string>
#include <vector>

namespace dlq {

class Edit {
 public:
  // kInvalid: which edit cannot be read and what is accepted.
  static base::Result<Edit> parse(const std::vector<std::string>& texts);

  bool empty() const { return changes_.empty(); }
  // kInvalid where the body is no JSON or the path does not fit it; the order of the members stays.
  base::Result<std::string> apply(const std::string& body) const;

 private:
  struct Change {
    std::string text;  // as given, for errors
    JsonPath path;
    std::string literal;  // JSON
    bool removes = false;
  };
  std::vector<Change> changes_;
};

// What an edit command is given on standard input, one JSON object on a line:
//   {"body":"...","attributes":{"name":{"type":"String","value":"..."}}}
std::string edit_input(const aws::SendOptions& send);
// Its answer, of the same form; a member that is absent stays as it was. kInvalid: what is wrong.
base::Result<void> take_edited(aws::SendOptions& send, const std::string& answer);

}  // namespace dlq
