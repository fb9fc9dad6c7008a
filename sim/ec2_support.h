// What the EC2 family of simulated services shares: errors, times on the wire and pages.
#pragma once

#include "base/clock.h"
#include "sim/arguments.h"
#include "sim/service.h"

#include <string>
#include <variant>
#include <vector>

namespace sim {

ApiError api_error(std::string code, std::string message, int status = 400);
ApiError validation_error(std::string message);

// "2026-01-02T03:04:05.678Z", always with milliseconds, as these services write times.
std::string wire_time(base::TimePoint time);
// "2026-01-02T03:04:05Z", as in prose (causes, suspension reasons).
std::string prose_time(base::TimePoint time);
// "ImageId" -> "imageId".
std::string lower_first(std::string name);
// The same for every member's name, at any depth: how CloudTrail shows arguments.
Json lower_names(const Json& value);

// One page of `keys`: which positions, and the token of the next page (empty on the last).
struct Page {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string next_token;
};
struct PageLimits {
  const char* size_member = "MaxRecords";
  std::int64_t size_default = 50;
  std::int64_t size_max = 100;
};
// Tokens name the key after which to go on, so that a page is stable while others come and go.
// `keys` must be in the order of the answer. Reads `size_member` and NextToken from the arguments.
std::variant<Page, ApiError> take_page(Arguments& arguments, const std::vector<std::string>& keys,
                                       const PageLimits& limits);

}  // namespace sim
