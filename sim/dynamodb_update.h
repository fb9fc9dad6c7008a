// Updates: "SET a = :b, c = if_not_exists(d, :e) REMOVE f, g". ADD, DELETE, arithmetic and
// list_append are refused as not simulated.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
#pragma once

#include "sim/dynamodb_reader.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sim::dynamodb {

struct Assignment {
  std::string attribute;
  Operand value;
  std::string unless_exists;  // of if_not_exists(this, value); empty: no such
};

struct Update {
  std::vector<Assignment> set;
  std::vector<std::string> remove;

  // Every value is read from the item as it was. The item is unchanged after an error.
  std::optional<ApiError> apply(Json& item) const;
  std::vector<std::string> attributes() const;
};

std::variant<Update, ApiError> parse_update(std::string_view text, Placeholders& placeholders);

}  // namespace sim::dynamodb
