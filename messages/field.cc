#include "messages/field.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace messages {
namespace {

// How deep brackets nest outside strings. Correct for valid JSON; for anything else it does not
// matter, the parser refuses it.
int nesting(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// What was found, for errors. They are logged, so structures are named and not shown: what a body
// holds is nobody else's business.
std::string describe_found(base::JsonValue value) {
  if (base::is_object(value)) return base::is_empty(value) ? "an empty object" : "an object";
  if (base::is_array(value)) return base::is_empty(value) ? "an empty list" : "a list";
  return shorten(base::dump(value));
}

std::string_view type_name(base::JsonValue value) {
  switch (value.type()) {
    case base::JsonType::OBJECT:
      return "object";
    case base::JsonType::ARRAY:
      return "array";
    case base::JsonType::STRING:
      return "string";
    case base::JsonType::BOOL:
      return "boolean";
    case base::JsonType::NULL_VALUE:
      return "null";
    default:
      return "number";
  }
}

using Json = nlohmann::json;

// Accepts every event and keeps where the parser stopped: simdjson does not tell.
struct StopFinder {
  std::size_t at = 0;

  bool null() { return true; }
  bool boolean(bool /*value*/) { return true; }
  bool number_integer(Json::number_integer_t /*value*/) { return true; }
  bool number_unsigned(Json::number_unsigned_t /*value*/) { return true; }
  bool number_float(Json::number_float_t /*value*/, const std::string& /*text*/) { return true; }
  bool string(std::string& /*value*/) { return true; }
  bool binary(Json::binary_t& /*value*/) { return true; }
  bool start_object(std::size_t /*size*/) { return true; }
  bool key(std::string& /*value*/) { return true; }
  bool end_object() { return true; }
  bool start_array(std::size_t /*size*/) { return true; }
  bool end_array() { return true; }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) {
    at = position;
    return false;
  }
};

base::Error not_json(std::string_view text) {
  if (text.empty()) return base::invalid("expected a JSON object, found nothing");
  StopFinder finder;
  Json::sax_parse(text, &finder);
  return base::invalid(
      fmt::format("not JSON: the parser stopped at byte {} of {}", finder.at, text.size()));
}

}  // namespace

std::string shorten(std::string_view text, std::size_t characters_max) {
  std::string line;
  for (const char c : text) {
    if (line.size() >= characters_max && !is_continuation(c)) {
      return line + "...";
    }
    line += is_control(c) ? '?' : c;
  }
  return line;
}

base::Result<base::JsonDocument> parse_object(std::string_view text) {
  if (text.size() > kBodyBytesMax) {
    return base::invalid(
        fmt::format("expected at most {} bytes of JSON, found {}", kBodyBytesMax, text.size()));
  }
  // Nearly no message holds so many brackets, and counting them is quicker than following them.
  const auto brackets =
      std::count(text.begin(), text.end(), '{') + std::count(text.begin(), text.end(), '[');
  if (const int depth = brackets > kNestingMax ? nesting(text) : 0; depth > kNestingMax) {
    return base::invalid(
        fmt::format("expected JSON nested at most {} deep, found {}", kNestingMax, depth));
  }
  auto document = base::JsonDocument::parse(text);
  if (!document) return not_json(text);
  if (!base::is_object(document->root())) {
    // A body that is one text or number is all body: its type is told, not itself.
    return base::invalid(
        fmt::format("expected a JSON object, found a JSON {}", type_name(document->root())));
  }
  return std::move(*document);
}

bool is_group_name(std::string_view text) {
  const auto characters = static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
  return characters >= 1 && characters <= kGroupNameCharactersMax &&
         std::none_of(text.begin(), text.end(), is_control);
}

std::string_view first_text(const Field& first, const Field& second) {
  const std::string_view text = first.text_if_any();
  return text.empty() ? second.text_if_any() : text;
}

Field Field::step(Step step) const {
  Field field = *this;
  field.present_ = false;
  if (steps_ < kStepsMax) field.path_[field.steps_++] = step;
  return field;
}

Field Field::operator[](std::string_view key) const {
  Field field = step({key.data(), static_cast<std::uint32_t>(key.size())});
  if (!present_) return field;
  if (const auto member = base::member_of(value_, key)) {
    field.value_ = *member;
    field.present_ = true;
  }
  return field;
}

Field Field::member(std::string_view key, base::JsonValue value) const {
  Field field = step({key.data(), static_cast<std::uint32_t>(key.size())});
  field.value_ = value;
  field.present_ = true;
  return field;
}

std::vector<Field> Field::elements() const {
  std::vector<Field> fields;
  if (!present_) return fields;
  base::each_element(value_, [&](base::JsonValue element) {
    Field field = step({nullptr, static_cast<std::uint32_t>(fields.size())});
    field.value_ = element;
    field.present_ = true;
    fields.push_back(field);
  });
  return fields;
}

std::string Field::path() const {
  std::string path;
  for (std::size_t i = 0; i < steps_; ++i) {
    const Step& step = path_[i];
    if (step.key == nullptr) {
      path += fmt::format("[{}]", step.number);
    } else {
      if (i > 0) path += '.';
      path.append(step.key, step.number);
    }
  }
  return path;
}

base::Error Field::refuse(std::string_view expected) const {
  return base::invalid(fmt::format("{}: expected {}, found {}", path(), expected,
                                   present_ ? describe_found(value_) : "nothing"));
}

base::Result<std::string_view> Field::text() const {
  const auto text = present_ ? base::text_in(value_) : std::nullopt;
  if (!text || text->empty()) {
    return refuse("a string that is not empty");
  }
  return *text;
}

base::Result<std::string_view> Field::optional_text() const {
  if (!present_ || is_null()) {
    return std::string_view();
  }
  const auto text = base::text_in(value_);
  if (!text) {
    return refuse("a string");
  }
  return *text;
}

std::string_view Field::text_if_any() const {
  return present_ ? base::text_in(value_).value_or("") : std::string_view();
}

base::Result<Field> Field::object() const {
  if (!is_object()) {
    return refuse("an object");
  }
  return *this;
}

base::Result<base::GroupName> Field::group_name() const {
  const auto name = present_ ? base::text_in(value_) : std::nullopt;
  if (!name || !is_group_name(*name)) {
    return refuse("the name of an Auto Scaling group, 1 to 255 characters");
  }
  return base::GroupName(std::string(*name));
}

base::Result<base::TimePoint> Field::optional_time() const {
  if (!present_ || is_null()) {
    return base::TimePoint{};
  }
  if (const auto text = base::text_in(value_)) {
    if (auto time = base::parse_rfc3339(*text)) {
      return *time;
    }
  }
  return refuse("a time like 2026-01-02T03:04:05Z");
}

}  // namespace messages
