// Field: a JSON value together with the path that led to it, so that every refusal names its field,
// what was found there and what is accepted. Inside messages/ only.
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "base/names.h"
#include "base/result.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace messages {

// Of a body that comes from S3 because it is too long for SQS; one from a queue has 1 MiB at most.
inline constexpr std::size_t kBodyBytesMax = 16U << 20U;
// Real events nest about ten deep; deeper input only serves to exhaust somebody's stack. Protobuf
// gives up at 100, and counts every level of a job's input two or three times.
inline constexpr int kNestingMax = 32;
inline constexpr std::size_t kGroupNameCharactersMax = 255;

// A JSON object within the limits, or what is wrong with the text.
base::Result<base::JsonDocument> parse_object(std::string_view text);

// For error texts: one line, printable, at most about `characters_max` characters.
std::string shorten(std::string_view text, std::size_t characters_max = 60);

// A view: the JSON document must outlive it and every text taken from it, and so must the names
// that it is asked for. Cheap to copy: the path is put together only for an error.
class Field {
 public:
  explicit Field(base::JsonValue root) : value_(root), present_(true) {}

  // The member of this name; an absent field if there is none or this is no object.
  Field operator[](std::string_view key) const;
  // A member that each_member() came by: no need to look for it.
  Field member(std::string_view key, base::JsonValue value) const;
  std::vector<Field> elements() const;  // of an array; empty for anything else

  bool present() const { return present_; }
  bool is_null() const { return present_ && base::is_null(value_); }
  bool is_object() const { return present_ && base::is_object(value_); }
  bool is_array() const { return present_ && base::is_array(value_); }
  base::JsonValue json() const { return value_; }  // only if present
  std::string path() const;                        // "detail.requestParameters.tags[2].key"

  base::Result<std::string_view> text() const;           // a string that is not empty
  base::Result<std::string_view> optional_text() const;  // "" if absent or null
  base::Result<Field> object() const;
  base::Result<base::GroupName> group_name() const;
  base::Result<base::TimePoint> optional_time() const;  // RFC 3339; the epoch if absent or null
  // The string, or "" for anything else: for what is nice to know and not worth a refusal.
  std::string_view text_if_any() const;

  // "detail.AutoScalingGroupName: expected <what>, found 5"
  base::Error refuse(std::string_view expected) const;

 private:
  // Deeper than any decoder looks; what lies deeper is called by the path that leads to it.
  static constexpr std::size_t kStepsMax = 8;
  struct Step {
    const char* key = nullptr;  // none: an element
    std::uint32_t number = 0;   // bytes of the key, or the index of the element
  };

  Field step(Step step) const;

  base::JsonValue value_;
  bool present_ = false;
  std::uint8_t steps_ = 0;
  std::array<Step, kStepsMax> path_;
};

// The first of the two that holds a string.
std::string_view first_text(const Field& first, const Field& second);

// Whether this can be the name of an Auto Scaling group: 1..255 characters, none of them a control
// character (they would only serve to forge log lines).
bool is_group_name(std::string_view text);

}  // namespace messages
