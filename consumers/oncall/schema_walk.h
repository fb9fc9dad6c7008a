// What the parts of Schema share: the schema as JSON, its patterns, and the words for its nodes.
// Inside consumers/oncall only.
#pragma once

#include <nlohmann/json.hpp>
#include <re2/re2.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace consumers::oncall {

using Json = nlohmann::ordered_json;

struct SchemaTree {
  Json root;
  std::map<std::string, std::unique_ptr<re2::RE2>, std::less<>> patterns;

  // The node itself, or what its $ref names.
  const Json& resolve(const Json& node) const;
  const re2::RE2& pattern(const std::string& text) const { return *patterns.at(text); }
};

// Reads `text` into `tree`; every problem, none if it is a schema of ours.
std::vector<std::string> read_schema(std::string_view text, SchemaTree& tree);

// "a string of 1 to 255 characters": what a node accepts.
std::string accepted_by(const SchemaTree& tree, const Json& node);
// A value for an error text: JSON, one line, shortened.
std::string shown(const Json& value);
std::string json_text(const Json& value);

// Every problem of a value against a node of the schema, at most kProblemsMax. `path` is what the
// value is called.
std::vector<std::string> violations(const SchemaTree& tree, const Json& node, const Json& value,
                                    const std::string& path);

// The JSON in `text`; discarded if it is none, or deeper or longer than the limits.
Json parse_bounded(std::string_view text, std::size_t bytes_max);

}  // namespace consumers::oncall
