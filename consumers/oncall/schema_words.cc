// The words for what a schema accepts.
#include "consumers/oncall/schema_walk.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace consumers::oncall {
namespace {

constexpr std::size_t kShownBytesMax = 80;
constexpr std::size_t kChoicesMax = 20;
constexpr int kDepthMax = 4;  // of lists of lists of ...

std::string words(const SchemaTree& tree, const Json& given, int depth);

// " of 1 to 5 characters"; `low` and `high` are numbers or nothing.
std::string range(const Json& node, const char* low, const char* high, std::string_view unit) {
  const bool has_low = node.contains(low) && node[low] != 0;
  const bool has_high = node.contains(high);
  if (has_low && has_high) {
    if (node[low] == node[high]) return fmt::format(" of {} {}", node[low].dump(), unit);
    return fmt::format(" of {} to {} {}", node[low].dump(), node[high].dump(), unit);
  }
  if (has_low) return fmt::format(" of at least {} {}", node[low].dump(), unit);
  if (has_high) return fmt::format(" of at most {} {}", node[high].dump(), unit);
  return "";
}

std::string number_words(const Json& node, std::string_view noun) {
  std::string text(noun);
  const auto add = [&](const char* keyword, std::string_view word) {
    if (node.contains(keyword)) text += fmt::format(" {} {}", word, node[keyword].dump());
  };
  add("minimum", "from");
  add("exclusiveMinimum", "greater than");
  add("maximum", node.contains("minimum") ? "to" : "up to");
  add("exclusiveMaximum", "less than");
  add("multipleOf", "in steps of");
  return text;
}

std::string type_words(const SchemaTree& tree, const Json& node, const std::string& type,
                       int depth) {
  if (type == "string") {
    std::string text = "a string" + range(node, "minLength", "maxLength", "characters");
    if (node.contains("format")) text += fmt::format(" ({})", node["format"].get<std::string>());
    if (node.contains("pattern")) text += " that matches " + node["pattern"].get<std::string>();
    return text;
  }
  if (type == "integer") return number_words(node, "a whole number");
  if (type == "number") return number_words(node, "a number");
  if (type == "boolean") return "true or false";
  if (type == "null") return "null";
  if (type == "object")
    return "an object" + range(node, "minProperties", "maxProperties", "members");
  std::string text = "a list" + range(node, "minItems", "maxItems", "elements");
  if (node.value("uniqueItems", false)) text += ", all different";
  if (node.contains("items") && depth < kDepthMax) {
    text += ", each " + words(tree, node["items"], depth + 1);
  }
  return text;
}

std::string either(const SchemaTree& tree, const Json& list, int depth) {
  std::vector<std::string> texts;
  for (const Json& one : list) texts.push_back(words(tree, one, depth + 1));
  return fmt::format("{}", fmt::join(texts, ", or "));
}

std::string words(const SchemaTree& tree, const Json& given, int depth) {
  if (given.is_boolean() || depth > kDepthMax) return "any value";
  const Json& node = tree.resolve(given);
  if (node.contains("title")) return node["title"];
  if (const auto only = node.find("const"); only != node.end()) return shown(*only);
  if (const auto choices = node.find("enum"); choices != node.end()) {
    std::string text;
    std::size_t count = 0;
    for (const Json& choice : *choices) {
      if (++count > kChoicesMax) return text + ", ...";
      text += (count == 1 ? "" : ", ") + shown(choice);
    }
    return count == 1 ? text : "one of " + text;
  }
  for (const char* combined : {"anyOf", "oneOf"}) {
    if (node.contains(combined)) return either(tree, node[combined], depth);
  }
  const auto type = node.find("type");
  std::string text = "any value";
  if (type != node.end() && type->is_string()) {
    text = type_words(tree, node, type->get<std::string>(), depth);
  } else if (type != node.end()) {
    std::vector<std::string> texts;
    for (const Json& one : *type) texts.push_back(type_words(tree, node, one, depth));
    text = fmt::format("{}", fmt::join(texts, ", or "));
  }
  if (const auto no = node.find("not"); no != node.end()) {
    text += " but not " + words(tree, *no, depth + 1);
  }
  return text;
}

}  // namespace

std::string accepted_by(const SchemaTree& tree, const Json& node) { return words(tree, node, 0); }

std::string json_text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string shown(const Json& value) {
  std::string text = json_text(value);
  if (text.size() <= kShownBytesMax) return text;
  std::size_t cut = kShownBytesMax;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
  text.resize(cut);
  return text + "...";
}

}  // namespace consumers::oncall
