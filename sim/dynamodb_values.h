// DynamoDB's attribute values as on the wire, {"S":"text"}, {"N":"1.5"}, {"M":{..}} ...: what is
// one, how two of them compare and how large they are.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
#pragma once

#include "sim/service.h"

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sim::dynamodb {

inline constexpr std::size_t kItemBytesMax = 400 * 1024;
inline constexpr int kNestingMax = 32;

// Nothing if the value is well formed; else AWS's refusal.
std::optional<ApiError> check_value(const Json& value, int depth = 0);
// The same for every attribute of an item, a key or a map of expression values.
std::optional<ApiError> check_values(const Json& attributes);

// "S", "N", "M" ... of a value that is well formed.
std::string type_of(const Json& value);

// Numbers by their worth, sets without regard to order.
bool is_equal(const Json& left, const Json& right);
// Strings and numbers; nothing for two types or one that has no order (binaries: not simulated).
std::optional<std::strong_ordering> compare(const Json& left, const Json& right);

// A decimal of up to 38 digits in a form that is the same for equal numbers; nothing for what is
// none.
std::optional<std::string> canonical_number(std::string_view text);

// Names and values, as DynamoDB counts an item's size (numbers roughly).
std::size_t size_of(const Json& attributes);

ApiError validation(std::string message);

}  // namespace sim::dynamodb
