#include "messages/field.h"

#include <fmt/format.h>

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

std::string dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// What was found, for errors. They are logged, so structures are named and not shown: what a body
// holds is nobody else's business.
std::string describe_found(const Json& value) {
  if (value.is_object()) return value.empty() ? "an empty object" : "an object";
  if (value.is_array()) return value.empty() ? "an empty list" : "a list";
  return shorten(dump(value));
}

// Accepts every event and keeps where the parser stopped.
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

base::Result<Document> parse_object(std::string_view text) {
  if (text.size() > kBodyBytesMax) {
    return base::invalid(
        fmt::format("expected at most {} bytes of JSON, found {}", kBodyBytesMax, text.size()));
  }
  if (const int depth = nesting(text); depth > kNestingMax) {
    return base::invalid(
        fmt::format("expected JSON nested at most {} deep, found {}", kNestingMax, depth));
  }
  Json root = Json::parse(text, nullptr, false);
  if (root.is_discarded()) return not_json(text);
  if (!root.is_object()) {
    // A body that is one text or number is all body: its type is told, not itself.
    return base::invalid(fmt::format("expected a JSON object, found a JSON {}", root.type_name()));
  }
  return Document{std::move(root)};
}

bool is_group_name(std::string_view text) {
  const auto characters = static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
  return characters >= 1 && characters <= kGroupNameCharactersMax &&
         std::none_of(text.begin(), text.end(), is_control);
}

std::string first_text(const Field& first, const Field& second) {
  std::string text = first.text_if_any();
  return text.empty() ? second.text_if_any() : text;
}

Field Field::operator[](std::string_view key) const {
  std::string path = path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
  if (is_object()) {
    if (const auto found = value_->find(std::string(key)); found != value_->end()) {
      return {&*found, std::move(path)};
    }
  }
  return {nullptr, std::move(path)};
}

std::vector<Field> Field::elements() const {
  std::vector<Field> fields;
  if (is_array()) {
    for (const Json& element : *value_) {
      fields.push_back({&element, fmt::format("{}[{}]", path_, fields.size())});
    }
  }
  return fields;
}

base::Error Field::refuse(std::string_view expected) const {
  return base::invalid(fmt::format("{}: expected {}, found {}", path_, expected,
                                   present() ? describe_found(*value_) : "nothing"));
}

base::Result<std::string> Field::text() const {
  if (!present() || !value_->is_string() || value_->get_ref<const std::string&>().empty()) {
    return refuse("a string that is not empty");
  }
  return value_->get<std::string>();
}

base::Result<std::string> Field::optional_text() const {
  if (!present() || value_->is_null()) {
    return std::string();
  }
  if (!value_->is_string()) {
    return refuse("a string");
  }
  return value_->get<std::string>();
}

std::string Field::text_if_any() const {
  return present() && value_->is_string() ? value_->get<std::string>() : std::string();
}

base::Result<Field> Field::object() const {
  if (!is_object()) {
    return refuse("an object");
  }
  return *this;
}

base::Result<base::GroupName> Field::group_name() const {
  if (!present() || !value_->is_string() || !is_group_name(value_->get_ref<const std::string&>())) {
    return refuse("the name of an Auto Scaling group, 1 to 255 characters");
  }
  return base::GroupName(value_->get<std::string>());
}

base::Result<base::TimePoint> Field::optional_time() const {
  if (!present() || value_->is_null()) {
    return base::TimePoint{};
  }
  if (value_->is_string()) {
    if (auto time = base::parse_rfc3339(value_->get_ref<const std::string&>())) {
      return *time;
    }
  }
  return refuse("a time like 2026-01-02T03:04:05Z");
}

}  // namespace messages
