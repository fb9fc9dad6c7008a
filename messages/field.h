// Field: a JSON value together with the path that led to it, so that every refusal names its field,
// what was found there and what is accepted. Inside messages/ only.
#pragma once

#include "base/clock.h"
#include "base/names.h"
#include "base/result.h"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace messages {

using Json = nlohmann::json;

// SQS's own limit on a message; larger text did not come from a queue.
inline constexpr std::size_t kBodyBytesMax = 1U << 20U;
// Real events nest about ten deep; deeper input only serves to exhaust somebody's stack. Protobuf
// gives up at 100, and counts every level of a job's input two or three times.
inline constexpr int kNestingMax = 32;
inline constexpr std::size_t kGroupNameCharactersMax = 255;

// Wrapped, because Json converts to anything, a Result's error included.
struct Document {
  Json root;
};

// A JSON object within the limits, or what is wrong with the text.
base::Result<Document> parse_object(std::string_view text);

// For error texts: one line, printable, at most about `characters_max` characters.
std::string shorten(std::string_view text, std::size_t characters_max = 60);

// A view: the JSON document must outlive it.
class Field {
 public:
  explicit Field(const Json& root) : value_(&root) {}

  // The member of this name; an absent field if there is none or this is no object.
  Field operator[](std::string_view key) const;
  std::vector<Field> elements() const;  // of an array; empty for anything else

  bool present() const { return value_ != nullptr; }
  bool is_object() const { return present() && value_->is_object(); }
  bool is_array() const { return present() && value_->is_array(); }
  const Json& json() const { return *value_; }
  const std::string& path() const { return path_; }

  base::Result<std::string> text() const;           // a string that is not empty
  base::Result<std::string> optional_text() const;  // "" if absent or null
  base::Result<Field> object() const;
  base::Result<base::GroupName> group_name() const;
  base::Result<base::TimePoint> optional_time() const;  // RFC 3339; the epoch if absent or null
  // The string, or "" for anything else: for what is nice to know and not worth a refusal.
  std::string text_if_any() const;

  // "detail.AutoScalingGroupName: expected <what>, found 5"
  base::Error refuse(std::string_view expected) const;

 private:
  Field(const Json* value, std::string path) : value_(value), path_(std::move(path)) {}

  const Json* value_ = nullptr;
  std::string path_;
};

// The first of the two that holds a string.
std::string first_text(const Field& first, const Field& second);

// Whether this can be the name of an Auto Scaling group: 1..255 characters, none of them a control
// character (they would only serve to forge log lines).
bool is_group_name(std::string_view text);

}  // namespace messages
