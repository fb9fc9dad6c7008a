// Stub: an SQS that costs next to nothing, so that a client's own cost is what limits it. Queues
// are numbers: what is sent is counted and thrown away, what is received is always the same body,
// with a receipt handle as long as AWS's (412 characters) and a message id of its own. No
// signatures are checked, nothing becomes visible again, every delete succeeds.
#pragma once

#include "base/clock.h"
#include "base/http.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

// The values of all members of this name in `json` that are plain strings, in order. Only scans.
std::vector<std::string_view> string_members(std::string_view json, std::string_view name);
// The last part of the body's QueueUrl.
std::string queue_of(std::string_view body);

class Stub {
 public:
  struct Shape {  // of a message
    std::size_t handle_bytes = 412;
    std::string group = {};  // MessageGroupId; empty for none
  };

  explicit Stub(base::Clock& clock, const Shape& shape);
  explicit Stub(base::Clock& clock) : Stub(clock, Shape{}) {}

  // As if so many messages had been sent.
  void add(const std::string& queue, std::uint64_t messages) { backlog_[queue] += messages; }
  boost::asio::awaitable<base::HttpResponse> handle(base::HttpRequest request);

 private:
  boost::asio::awaitable<std::string> receive(std::string body);
  std::string render(std::uint64_t count);

  base::Clock& clock_;
  std::map<std::string, std::uint64_t> backlog_;  // by queue
  std::uint64_t received_ = 0;
  std::string message_;        // one message of the answer, with room for two numbers
  std::size_t id_at_ = 0;      // where the message id's number goes
  std::size_t handle_at_ = 0;  // where the receipt handle's goes
};

}  // namespace bench
