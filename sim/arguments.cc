#include "sim/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace sim {

namespace {

constexpr std::size_t kShownMax = 128;

std::string lower_first(std::string text) {
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] + 32);
  return text;
}

std::string shown(const Json& value) {
  // Hostile text may not be UTF-8: replace instead of throwing.
  std::string text =
      scalar_text(value).value_or(value.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (text.size() > kShownMax) text.resize(kShownMax);
  return text;
}

}  // namespace

std::optional<std::int64_t> parse_integer(const std::string& text) {
  std::int64_t value = 0;
  const char* begin = text.data();
  const char* end = begin + text.size();
  if (begin != end && *begin == '+') ++begin;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc{} || stop != end || begin == end) return std::nullopt;
  return value;
}

std::optional<std::string> scalar_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number_unsigned()) return fmt::format("{}", value.get<std::uint64_t>());
  if (value.is_number_integer()) return fmt::format("{}", value.get<std::int64_t>());
  if (value.is_number_float()) return fmt::format("{}", value.get<double>());
  return std::nullopt;
}

const Json* Arguments::find(const std::string& name) const {
  if (!json_.is_object()) return nullptr;
  const auto found = json_.find(name);
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

bool Arguments::has(const std::string& name) const { return find(name) != nullptr; }

void Arguments::fail(ApiError error) {
  if (!error_) error_ = std::move(error);
}

void Arguments::take_error(const Arguments& nested) {
  if (nested.error_) fail(*nested.error_);
}

void Arguments::missing(const std::string& name) {
  switch (style_) {
    case ErrorStyle::kEc2:
      return fail({"MissingParameter",
                   fmt::format("The request must contain the parameter {}", name),
                   400,
                   {}});
    case ErrorStyle::kSqs:
      return fail({"MissingParameter",
                   fmt::format("The request must contain the parameter {}.", name),
                   400,
                   {}});
    case ErrorStyle::kAutoScaling:
    case ErrorStyle::kJson:
      return fail({style_ == ErrorStyle::kJson ? "ValidationException" : "ValidationError",
                   fmt::format("1 validation error detected: Value null at '{}' failed to satisfy "
                               "constraint: Member must not be null",
                               lower_first(name)),
                   400,
                   {}});
  }
}

void Arguments::malformed(const std::string& name, const Json& value, const std::string& expected) {
  switch (style_) {
    case ErrorStyle::kEc2:
      return fail({"InvalidParameterValue",
                   fmt::format("Value ({}) for parameter {} is invalid. Must be {}.", shown(value),
                               lower_first(name), expected),
                   400,
                   {}});
    case ErrorStyle::kSqs:
      return fail({"InvalidParameterValue",
                   fmt::format("Value {} for parameter {} is invalid. Reason: Must be {}.",
                               shown(value), name, expected),
                   400,
                   {}});
    case ErrorStyle::kAutoScaling:
    case ErrorStyle::kJson:
      return fail({style_ == ErrorStyle::kJson ? "ValidationException" : "ValidationError",
                   fmt::format("1 validation error detected: Value '{}' at '{}' failed to satisfy "
                               "constraint: Member must be {}",
                               shown(value), lower_first(name), expected),
                   400,
                   {}});
  }
}

std::optional<std::string> Arguments::text(const std::string& name) {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  std::optional<std::string> scalar = scalar_text(*value);
  if (!scalar) malformed(name, *value, "a string");
  return scalar;
}

std::string Arguments::text_or(const std::string& name, std::string fallback) {
  return text(name).value_or(std::move(fallback));
}

std::string Arguments::required_text(const std::string& name) {
  std::string value = text_or(name, {});
  if (value.empty() && !error_) missing(name);
  return value;
}

std::optional<std::int64_t> Arguments::integer(const std::string& name) {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  std::optional<std::int64_t> number;
  if (value->is_number_integer()) {
    number = value->get<std::int64_t>();
  } else if (value->is_number_float() && std::trunc(value->get<double>()) == value->get<double>() &&
             std::abs(value->get<double>()) < 9e15) {
    number = static_cast<std::int64_t>(value->get<double>());
  } else if (value->is_string()) {
    number = parse_integer(value->get<std::string>());
  }
  if (!number) malformed(name, *value, "an integer");
  return number;
}

std::int64_t Arguments::integer_or(const std::string& name, std::int64_t fallback) {
  return integer(name).value_or(fallback);
}

std::int64_t Arguments::required_integer(const std::string& name) {
  if (!has(name)) missing(name);
  return integer_or(name, 0);
}

std::optional<bool> Arguments::boolean(const std::string& name) {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>();
  std::string text = scalar_text(*value).value_or("");
  std::ranges::transform(text, text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  malformed(name, *value, "a boolean");
  return std::nullopt;
}

bool Arguments::boolean_or(const std::string& name, bool fallback) {
  return boolean(name).value_or(fallback);
}

std::vector<std::string> Arguments::texts(const std::string& name) {
  std::vector<std::string> list;
  const Json* value = find(name);
  // Query writes an empty list as "Name=".
  if (value == nullptr || (value->is_string() && value->get_ref<const std::string&>().empty())) {
    return list;
  }
  if (!value->is_array()) {
    malformed(name, *value, "a list");
    return list;
  }
  for (const Json& item : *value) {
    std::optional<std::string> scalar = scalar_text(item);
    if (!scalar) {
      malformed(name, item, "a list of strings");
      return {};
    }
    list.push_back(std::move(*scalar));
  }
  return list;
}

std::vector<std::string> Arguments::required_texts(const std::string& name) {
  std::vector<std::string> list = texts(name);
  if (list.empty() && !error_) missing(name);
  return list;
}

std::vector<Json> Arguments::objects(const std::string& name) {
  std::vector<Json> list;
  const Json* value = find(name);
  if (value == nullptr || (value->is_string() && value->get_ref<const std::string&>().empty())) {
    return list;
  }
  if (!value->is_array()) {
    malformed(name, *value, "a list");
    return list;
  }
  for (const Json& item : *value) {
    if (!item.is_object()) {
      malformed(name, item, "a list of structures");
      return {};
    }
    list.push_back(item);
  }
  return list;
}

const Json* Arguments::object(const std::string& name) {
  const Json* value = find(name);
  if (value == nullptr || (value->is_string() && value->get_ref<const std::string&>().empty())) {
    return nullptr;
  }
  if (!value->is_object()) {
    malformed(name, *value, "a structure");
    return nullptr;
  }
  return value;
}

std::map<std::string, std::string> Arguments::text_map(const std::string& name) {
  std::map<std::string, std::string> map;
  const Json* value = find(name);
  if (value == nullptr || (value->is_string() && value->get_ref<const std::string&>().empty())) {
    return map;
  }
  if (value->is_object()) {
    for (const auto& [key, item] : value->items()) {
      std::optional<std::string> scalar = scalar_text(item);
      if (!scalar) {
        malformed(name, item, "a map of strings");
        return {};
      }
      map[key] = std::move(*scalar);
    }
    return map;
  }
  for (const Json& entry : objects(name)) {
    Arguments reader(entry, style_);
    const std::string key =
        reader.has("Name") ? reader.text_or("Name", {}) : reader.text_or("Key", {});
    map[key] = reader.text_or("Value", {});
    take_error(reader);
  }
  return map;
}

}  // namespace sim
