// Schema: what parameters a job takes, as JSON Schema, and the check against it before anything
// runs.
//
// Taken are the keywords of draft 7 below; any other is refused, so that a misspelt one does not
// silently allow everything:
//
//   type enum const properties required additionalProperties items minimum maximum
//   exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern minItems maxItems
//   uniqueItems minProperties maxProperties allOf anyOf oneOf not $ref (to #/definitions/NAME)
//   definitions title description default examples writeOnly format(for people) $schema $comment
//
// A title is what errors call that which is accepted, where words made of the keywords would not
// do. Patterns are RE2's: linear time whatever the text. Schemas and values may come from anybody:
// both are bounded in size, depth and in the steps that one check may take.
// https://json-schema.org/draft-07/json-schema-validation
#pragma once

#include "base/result.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace consumers::oncall {

inline constexpr std::size_t kSchemaBytesMax = 64 * 1024;
inline constexpr std::size_t kParamsBytesMax = 256 * 1024;
inline constexpr int kJsonDepthMax = 32;
inline constexpr std::size_t kJsonValuesMax = 20'000;
inline constexpr std::size_t kProblemsMax = 20;  // told at once

// One parameter, for people.
struct Parameter {
  std::string name;
  std::string accepted;     // "a string of 1 to 255 characters", "one of \"a\", \"b\""
  std::string description;  // the schema's; empty if it has none
  std::string fallback;     // the default as JSON; empty if there is none
  bool required = false;
  bool secret = false;
};

class Schema {
 public:
  // kInvalid with every problem, joined by "; ".
  static base::Result<Schema> parse(std::string_view text);
  // The same one by one: "properties.port.minimum: found \"1\", expected a number".
  static std::vector<std::string> problems(std::string_view text);

  // The value with defaults filled in. kInvalid names, for each problem, the field, what was found
  // (shortened; never for a secret) and what is accepted. `root` is what the value is called there.
  base::Result<std::string> check(std::string_view value, std::string_view root = "params") const;

  // Every problem by itself; none if it fits. An empty `root` is not part of the fields' names.
  std::vector<std::string> check_all(std::string_view value, std::string_view root) const;

  // A parameter's value, as JSON, from texts that somebody typed: one text as it is where a string
  // is accepted, else the JSON in it; several are a list.
  std::string value_of(const std::string& parameter, const std::vector<std::string>& texts) const;

  std::vector<Parameter> parameters() const;
  // The text of each secret (writeOnly) in a value, at any depth.
  std::vector<std::string> secrets_in(std::string_view value) const;
  // The value with "***" for secrets: for logs and audits.
  std::string without_secrets(std::string_view value) const;

 private:
  struct Impl;
  explicit Schema(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

// A JSON value within the limits of size and depth; kInvalid with what is wrong. `name` is what the
// text is called in the error.
base::Result<void> check_json(std::string_view text, std::string_view name, std::size_t bytes_max);

}  // namespace consumers::oncall
