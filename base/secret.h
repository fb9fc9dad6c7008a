// Secret: a string that cannot be logged, formatted or streamed by accident.
#pragma once

#include <fmt/format.h>

#include <ostream>
#include <string>
#include <utility>

namespace base {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  // The one way out; grep for it to review every use.
  const std::string& expose() const { return value_; }
  bool empty() const { return value_.empty(); }
  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  std::string value_;
};

std::ostream& operator<<(std::ostream&, const Secret&) = delete;

}  // namespace base

template <>
struct fmt::formatter<base::Secret> {
  formatter() = delete;
};
