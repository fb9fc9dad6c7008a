// ErrorPatterns: lines that say the same thing, counted together. Pure.
#pragma once

#include "base/clock.h"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace consumers::oncall {

// The line without what differs from one time to the next: timestamps, UUIDs, addresses and long
// hex numbers become "<id>", other numbers "<n>", quoted values "<text>"; blanks become one, and
// of several lines the first that says something stays.
//
//   "order 4711 failed: timeout after 30.5s"  ->  "order <n> failed: timeout after <n>s"
std::string error_pattern(std::string_view line);

class ErrorPatterns {
 public:
  // Patterns beyond so many are counted as others().
  static constexpr std::size_t kPatternsMax = 5'000;

  struct Pattern {
    std::string text;
    std::size_t count = 0;
    base::TimePoint first_seen;
    base::TimePoint last_seen;
    std::string example;
    std::size_t streams = 0;
  };

  void add(base::TimePoint time, const std::string& stream, const std::string& line);
  // The commonest first; of equally common ones the one seen last.
  std::vector<Pattern> top(std::size_t most) const;
  std::size_t patterns() const { return seen_.size(); }
  std::size_t others() const { return others_; }

 private:
  struct Seen {
    Pattern pattern;
    std::set<std::string> streams;  // the first few
  };
  std::map<std::string, Seen> seen_;
  std::size_t others_ = 0;
};

}  // namespace consumers::oncall
