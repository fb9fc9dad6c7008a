// JSON read fast: for the texts that come with every message. (Configuration, journals and the
// like: nlohmann.) The parser is simdjson's; its buffers are kept per thread and used again.
//
// What is accepted is exactly RFC 8259 in UTF-8. Of two members of one name the last counts.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace base {

struct JsonWorkspace;  // a parser and its buffers

// A view into a JsonDocument, 16 bytes; reading it never allocates.
using JsonValue = simdjson::dom::element;
using JsonType = simdjson::dom::element_type;

class JsonDocument {
 public:
  // None if the text is not JSON. The text may go afterwards.
  static std::optional<JsonDocument> parse(std::string_view text);

  JsonValue root() const { return root_; }

 private:
  struct GiveBack {
    void operator()(JsonWorkspace* workspace) const;
  };
  using Lease = std::unique_ptr<JsonWorkspace, GiveBack>;
  JsonDocument(Lease lease, JsonValue root) : lease_(std::move(lease)), root_(root) {}

  Lease lease_;
  JsonValue root_;
};

inline bool is_object(JsonValue value) { return value.type() == JsonType::OBJECT; }
inline bool is_array(JsonValue value) { return value.type() == JsonType::ARRAY; }
inline bool is_text(JsonValue value) { return value.type() == JsonType::STRING; }
inline bool is_null(JsonValue value) { return value.type() == JsonType::NULL_VALUE; }

// None for another type.
std::optional<std::string_view> text_in(JsonValue value);
std::optional<std::uint64_t> whole_number_in(JsonValue value);  // from 0
std::optional<bool> boolean_in(JsonValue value);
// Of an object or an array; true for anything else.
bool is_empty(JsonValue value);

// The member of this name; none if there is none or this is no object.
std::optional<JsonValue> member_of(JsonValue object, std::string_view name);

// visit(std::string_view name, JsonValue value) for every member in the order of the text, equal
// names included. Nothing for what is no object.
template <class Visit>
void each_member(JsonValue object, Visit visit) {
  simdjson::dom::object members;
  if (object.get_object().get(members) != simdjson::SUCCESS) return;
  for (const auto member : members) visit(member.key, member.value);
}

// visit(JsonValue value); nothing for what is no array.
template <class Visit>
void each_element(JsonValue array, Visit visit) {
  simdjson::dom::array elements;
  if (array.get_array().get(elements) != simdjson::SUCCESS) return;
  for (const JsonValue element : elements) visit(element);
}

std::string dump(JsonValue value);  // compact

// Appends `text` as a JSON string with its quotes. False, and nothing is appended, if it is not
// UTF-8, which JSON cannot carry.
[[nodiscard]] bool append_json_text(std::string& out, std::string_view text);

}  // namespace base
