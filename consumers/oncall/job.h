// Job: one entry of the on-call catalogue. What it is asked and what it answers is the same for all
// of them, and the same as that of the scripts that such jobs replace:
//
//   {"job","params","request_id","requested_by","dry_run"} -> {"statusCode","body"}
#pragma once

#include "base/clock.h"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <string_view>

namespace consumers::oncall {

struct Request {
  std::string job;           // "oncall-replay-dlq"
  std::string params;        // a JSON object; without dry_run
  std::string request_id;    // the envelope's, else SQS's message id
  std::string requested_by;  // as the sender says it
  bool dry_run = false;
};

// As HTTP means it: 2xx done; 4xx will never succeed as it was asked; 5xx may succeed later.
struct Answer {
  int status_code = 200;
  std::string body;  // a JSON object, or a text for people
};

// {"statusCode":200,"body":...}; a body that is a JSON object goes in as one.
std::string to_json(const Answer& answer);

class Job {
 public:
  virtual ~Job() = default;
  virtual std::string_view name() const = 0;
  // May be cancelled at any suspension point, and then runs again.
  virtual boost::asio::awaitable<Answer> run(Request request) = 0;
};

}  // namespace consumers::oncall
