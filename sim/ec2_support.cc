#include "sim/ec2_support.h"

#include <date/date.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace sim {
namespace {

constexpr std::string_view kTokenPrefix = "sim1-";

std::string encode_token(const std::string& key) {
  std::string token(kTokenPrefix);
  for (const char c : key) token += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return token;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::optional<std::string> decode_token(std::string_view token) {
  if (!token.starts_with(kTokenPrefix)) return std::nullopt;
  token.remove_prefix(kTokenPrefix.size());
  if (token.size() % 2 != 0) return std::nullopt;
  std::string key;
  for (std::size_t i = 0; i < token.size(); i += 2) {
    const int high = hex_digit(token[i]);
    const int low = hex_digit(token[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    key += static_cast<char>(high * 16 + low);
  }
  return key;
}

ApiError out_of_range(const std::string& member, std::int64_t value, const PageLimits& limits) {
  const bool high = value > limits.size_max;
  return validation_error(fmt::format(
      "1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: "
      "Member must have value {} than or equal to {}",
      value, lower_first(member), high ? "less" : "greater", high ? limits.size_max : 1));
}

}  // namespace

ApiError api_error(std::string code, std::string message, int status) {
  return {std::move(code), std::move(message), status, {}};
}

ApiError validation_error(std::string message) {
  return api_error("ValidationError", std::move(message));
}

std::string wire_time(base::TimePoint time) {
  return date::format("%FT%TZ", std::chrono::floor<std::chrono::milliseconds>(time));
}

std::string prose_time(base::TimePoint time) {
  return date::format("%FT%TZ", std::chrono::floor<std::chrono::seconds>(time));
}

std::string lower_first(std::string name) {
  if (!name.empty()) {
    name[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(name[0])));
  }
  return name;
}

Json lower_names(const Json& value) {
  if (value.is_array()) {
    Json list = Json::array();
    for (const auto& item : value) list.push_back(lower_names(item));
    return list;
  }
  if (!value.is_object()) return value;
  Json lowered = Json::object();
  for (const auto& [name, member] : value.items()) lowered[lower_first(name)] = lower_names(member);
  return lowered;
}

std::variant<Page, ApiError> take_page(Arguments& arguments, const std::vector<std::string>& keys,
                                       const PageLimits& limits) {
  const std::int64_t size = arguments.integer_or(limits.size_member, limits.size_default);
  const std::string token = arguments.text_or("NextToken", "");
  if (arguments.error()) return *arguments.error();
  if (size < 1 || size > limits.size_max) return out_of_range(limits.size_member, size, limits);

  Page page;
  if (!token.empty()) {
    const std::optional<std::string> after = decode_token(token);
    if (!after) return api_error("InvalidNextToken", "The token '" + token + "' is invalid.");
    const auto found = std::find(keys.begin(), keys.end(), *after);
    // What the token names may be gone; then the page starts where it would have been.
    page.begin = found != keys.end()
                     ? static_cast<std::size_t>(found - keys.begin()) + 1
                     : static_cast<std::size_t>(std::upper_bound(keys.begin(), keys.end(), *after) -
                                                keys.begin());
  }
  page.end = std::min(keys.size(), page.begin + static_cast<std::size_t>(size));
  if (page.end < keys.size()) page.next_token = encode_token(keys[page.end - 1]);
  return page;
}

}  // namespace sim
