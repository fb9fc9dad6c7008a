#include "sim/dynamodb_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace sim::dynamodb {

namespace {

constexpr std::size_t kDigitsMax = 38;
constexpr long kExponentMax = 125;
constexpr long kExponentMin = -130;
constexpr auto kTypes =
    std::to_array<std::string_view>({"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"});

// sign * 0.digits * 10^exponent, digits without zeros at either end; zero has none.
struct Decimal {
  bool negative = false;
  std::string digits;
  long exponent = 0;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads "[+-]digits", at most four digits: no exponent in use has more.
std::optional<long> read_exponent(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.size() > 4 || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  long value = 0;
  for (const char c : text) value = value * 10 + (c - '0');
  return negative ? -value : value;
}

std::optional<Decimal> read_decimal(std::string_view text) {
  Decimal decimal;
  decimal.negative = text.starts_with('-');
  if (decimal.negative || text.starts_with('+')) text.remove_prefix(1);
  const auto mark = text.find_first_of("eE");
  if (mark != std::string_view::npos) {
    const auto exponent = read_exponent(text.substr(mark + 1));
    if (!exponent) return std::nullopt;
    decimal.exponent = *exponent;
    text = text.substr(0, mark);
  }
  const auto point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction =
      point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
  if (whole.empty() && fraction.empty()) return std::nullopt;
  if (!std::ranges::all_of(whole, is_digit) || !std::ranges::all_of(fraction, is_digit)) {
    return std::nullopt;
  }
  decimal.digits = std::string(whole) + std::string(fraction);
  decimal.exponent += static_cast<long>(whole.size());
  const auto first = std::min(decimal.digits.find_first_not_of('0'), decimal.digits.size());
  decimal.digits.erase(0, first);
  decimal.exponent -= static_cast<long>(first);
  while (decimal.digits.ends_with('0')) decimal.digits.pop_back();
  if (decimal.digits.empty()) return Decimal{};
  return decimal;
}

std::strong_ordering order(const Decimal& left, const Decimal& right) {
  const auto sign = [](const Decimal& d) { return d.digits.empty() ? 0 : d.negative ? -1 : 1; };
  if (const auto by_sign = sign(left) <=> sign(right); by_sign != 0) return by_sign;
  auto magnitude = left.exponent <=> right.exponent;
  if (magnitude == 0) magnitude = left.digits <=> right.digits;
  return left.negative ? 0 <=> magnitude : magnitude;
}

std::optional<ApiError> check_number(const Json& number) {
  const auto text = number.get<std::string>();
  const auto decimal = read_decimal(text);
  if (!decimal) {
    return validation("The parameter cannot be converted to a numeric value: " + text);
  }
  if (decimal->digits.size() > kDigitsMax) {
    return validation("Attempting to store more than 38 significant digits in a Number");
  }
  if (!decimal->digits.empty() && decimal->exponent - 1 > kExponentMax) {
    return validation(
        "Number overflow. Attempting to store a number with magnitude larger than supported "
        "range");
  }
  if (!decimal->digits.empty() && decimal->exponent - 1 < kExponentMin) {
    return validation(
        "Number underflow. Attempting to store a number with magnitude smaller than supported "
        "range");
  }
  return std::nullopt;
}

ApiError wrong_json(std::string_view type) {
  return {"SerializationException",
          fmt::format("Unexpected JSON value for the attribute type {}", type),
          400,
          {}};
}

std::optional<ApiError> check_set(const std::string& type, const Json& set) {
  if (!set.is_array()) return wrong_json(type);
  if (set.empty()) {
    return validation(
        fmt::format("One or more parameter values were invalid: An {} set may not be empty",
                    type == "SS"   ? "string"
                    : type == "NS" ? "number"
                                   : "binary"));
  }
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (!set[i].is_string()) return wrong_json(type);
    const Json element = {{type.substr(0, 1), set[i]}};
    if (auto error = check_value(element)) return error;
    for (std::size_t j = 0; j < i; ++j) {
      if (is_equal(element, {{type.substr(0, 1), set[j]}})) {
        return validation(
            "One or more parameter values were invalid: Input collection contains duplicates.");
      }
    }
  }
  return std::nullopt;
}

std::optional<ApiError> check_list(const Json& list, int depth) {
  if (!list.is_array()) return wrong_json("L");
  for (const Json& element : list) {
    if (auto error = check_value(element, depth + 1)) return error;
  }
  return std::nullopt;
}

std::optional<ApiError> check_map(const Json& map, int depth) {
  if (!map.is_object()) return wrong_json("M");
  for (const auto& [name, value] : map.items()) {
    if (auto error = check_value(value, depth + 1)) return error;
  }
  return std::nullopt;
}

std::size_t size_of_value(const Json& value) {
  const std::string type = type_of(value);
  const Json& content = value.begin().value();
  if (type == "S") return content.get_ref<const std::string&>().size();
  if (type == "N") return content.get_ref<const std::string&>().size() / 2 + 2;
  if (type == "B") return content.get_ref<const std::string&>().size() / 4 * 3;
  if (type == "BOOL" || type == "NULL") return 1;
  if (type == "M") return 3 + size_of(content);
  std::size_t size = 3;
  for (const Json& element : content) {
    size += type == "L" ? 1 + size_of_value(element) : element.get_ref<const std::string&>().size();
  }
  return size;
}

std::vector<std::string> sorted_set(const Json& value) {
  std::vector<std::string> elements;
  for (const Json& element : value.begin().value()) {
    const auto text = element.get<std::string>();
    elements.push_back(type_of(value) == "NS" ? canonical_number(text).value_or(text) : text);
  }
  std::ranges::sort(elements);
  return elements;
}

bool maps_are_equal(const Json& left, const Json& right) {
  if (left.size() != right.size()) return false;
  for (const auto& [name, value] : left.items()) {
    const auto other = right.find(name);
    if (other == right.end() || !is_equal(value, *other)) return false;
  }
  return true;
}

}  // namespace

ApiError validation(std::string message) {
  return {"ValidationException", std::move(message), 400, {}};
}

std::string type_of(const Json& value) { return value.begin().key(); }

std::optional<ApiError> check_value(const Json& value, int depth) {
  if (!value.is_object()) return wrong_json("(none)");
  if (value.empty()) {
    return validation(
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
  }
  if (value.size() > 1) {
    return validation(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "
        "supported datatypes");
  }
  if (depth > kNestingMax) {
    return validation("Nesting Levels have exceeded supported limits");
  }
  const std::string type = type_of(value);
  const Json& content = value.begin().value();
  if (std::ranges::find(kTypes, type) == kTypes.end()) {
    return validation(
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
  }
  if (type == "M") return check_map(content, depth);
  if (type == "L") return check_list(content, depth);
  if (type == "SS" || type == "NS" || type == "BS") return check_set(type, content);
  if (type == "BOOL" || type == "NULL") {
    if (!content.is_boolean()) return wrong_json(type);
    return std::nullopt;
  }
  if (!content.is_string()) return wrong_json(type);
  return type == "N" ? check_number(content) : std::nullopt;
}

std::optional<ApiError> check_values(const Json& attributes) {
  for (const auto& [name, value] : attributes.items()) {
    if (auto error = check_value(value)) return error;
  }
  return std::nullopt;
}

std::optional<std::string> canonical_number(std::string_view text) {
  const auto decimal = read_decimal(text);
  if (!decimal) return std::nullopt;
  return fmt::format("{}0.{}e{}", decimal->negative ? "-" : "", decimal->digits, decimal->exponent);
}

std::optional<std::strong_ordering> compare(const Json& left, const Json& right) {
  const std::string type = type_of(left);
  if (type != type_of(right)) return std::nullopt;
  if (type == "S") {
    return left.begin()->get_ref<const std::string&>() <=>
           right.begin()->get_ref<const std::string&>();
  }
  if (type != "N") return std::nullopt;
  return order(*read_decimal(left.begin()->get_ref<const std::string&>()),
               *read_decimal(right.begin()->get_ref<const std::string&>()));
}

bool is_equal(const Json& left, const Json& right) {
  const std::string type = type_of(left);
  if (type != type_of(right)) return false;
  const Json& a = left.begin().value();
  const Json& b = right.begin().value();
  if (type == "N") return compare(left, right) == std::strong_ordering::equal;
  if (type == "SS" || type == "NS" || type == "BS") return sorted_set(left) == sorted_set(right);
  if (type == "M") return maps_are_equal(a, b);
  if (type == "L") return std::ranges::equal(a, b, is_equal);
  return a == b;
}

std::size_t size_of(const Json& attributes) {
  std::size_t size = 0;
  for (const auto& [name, value] : attributes.items()) size += name.size() + size_of_value(value);
  return size;
}

}  // namespace sim::dynamodb
