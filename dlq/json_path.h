// JsonPath: "detail.items[0].id" or "$.a.\"b.c\"": the way to one value of a JSON text. And
// JsonCondition: a path, an operator and a literal, for filters.
#pragma once

#include "base/json.h"
#include "base/result.h"

#include <re2/re2.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dlq {

inline constexpr std::size_t kPathStepsMax = 64;
inline constexpr std::size_t kPatternBytesMax = 4096;

using PathStep = std::variant<std::string, std::size_t>;  // a member's name, an element's number
using JsonPath = std::vector<PathStep>;

// kInvalid: what is wrong at which character.
base::Result<JsonPath> parse_json_path(std::string_view text);
std::optional<base::JsonValue> find(base::JsonValue root, const JsonPath& path);

// RE2 takes time linear in the text, whatever pattern and text are.
using Pattern = std::shared_ptr<const re2::RE2>;
base::Result<Pattern> parse_pattern(std::string_view text);
bool matches(const Pattern& pattern, std::string_view text);

// "a.b", "a.b = 7", "a.b != \"x\"", "a.b >= 3", "a.b ~ ^web-". A value without quotes that is no
// JSON is taken as text.
class JsonCondition {
 public:
  static base::Result<JsonCondition> parse(std::string_view text);
  bool holds(base::JsonValue root) const;

 private:
  enum class Operator {
    kExists,
    kEqual,
    kNotEqual,
    kLess,
    kLessEqual,
    kMore,
    kMoreEqual,
    kMatches
  };

  JsonPath path_;
  Operator operator_ = Operator::kExists;
  std::string literal_;  // compact JSON
  std::optional<double> number_;
  Pattern pattern_;
};

// "path OP value" cut in three; OP empty if there is none. For edits too.
struct CutCondition {
  std::string path;
  std::string op;
  std::string value;
};
CutCondition cut_condition(std::string_view text);

// A literal of a command line as compact JSON: JSON as it is, anything else as a string.
std::string literal_of(std::string_view text);

}  // namespace dlq
