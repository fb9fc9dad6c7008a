// What is in a dead-letter queue, as somebody else looks: for debug-queue.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace consumers::oncall {

struct LetterReasons {
  std::size_t sampled = 0;
  std::map<std::string, std::size_t> by_kind;    // "decode", "receive-count", ...
  std::map<std::string, std::size_t> by_reason;  // the commonest few
  std::optional<base::TimePoint> oldest;
};

class LetterSample {
 public:
  virtual ~LetterSample() = default;
  // Looks at `most` letters of the queue (name, URL or ARN) and gives them back.
  virtual boost::asio::awaitable<base::Result<LetterReasons>> look(std::string queue,
                                                                   std::size_t most) = 0;
};

}  // namespace consumers::oncall
