// Conditions: attribute_exists, attribute_not_exists, = <> < <= > >=, AND, OR, NOT, parentheses.
// Precedence as AWS's: comparisons, functions, parentheses, NOT, AND, OR.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
#pragma once

#include "sim/dynamodb_reader.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sim::dynamodb {

struct Condition {
  enum class Kind { kAnd, kOr, kNot, kComparison, kExists, kNotExists };
  Kind kind = Kind::kAnd;
  std::vector<Condition> parts;  // of kAnd, kOr (two) and kNot (one)
  Operand left;                  // of a comparison; the attribute of kExists, kNotExists
  Operand right;
  std::string comparator;
  bool in_parentheses = false;

  bool holds(const Json& item) const;
};

std::variant<Condition, ApiError> parse_condition(std::string_view text,
                                                  Placeholders& placeholders);

}  // namespace sim::dynamodb
