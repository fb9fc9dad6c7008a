// Reading a schema: only what is understood, and nothing that could make a check expensive.
#include "consumers/oncall/schema.h"
#include "consumers/oncall/schema_walk.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

namespace consumers::oncall {
namespace {

constexpr std::size_t kPatternBytesMax = 512;
constexpr std::int64_t kPatternMemory = 1 << 20;
constexpr std::size_t kNodesMax = 2'000;  // with what is referred to counted each time
constexpr std::string_view kDefinitions = "#/definitions/";

enum class Kind { kText, kNumber, kCount, kFlag, kAny, kArray, kSchema, kSchemas, kNamed, kOther };

struct Keyword {
  std::string_view name;
  Kind kind;
};

constexpr Keyword kKeywords[] = {
    {"type", Kind::kOther},
    {"enum", Kind::kArray},
    {"const", Kind::kAny},
    {"properties", Kind::kNamed},
    {"required", Kind::kOther},
    {"additionalProperties", Kind::kSchema},
    {"items", Kind::kSchema},
    {"minimum", Kind::kNumber},
    {"maximum", Kind::kNumber},
    {"exclusiveMinimum", Kind::kNumber},
    {"exclusiveMaximum", Kind::kNumber},
    {"multipleOf", Kind::kNumber},
    {"minLength", Kind::kCount},
    {"maxLength", Kind::kCount},
    {"pattern", Kind::kOther},
    {"minItems", Kind::kCount},
    {"maxItems", Kind::kCount},
    {"uniqueItems", Kind::kFlag},
    {"minProperties", Kind::kCount},
    {"maxProperties", Kind::kCount},
    {"allOf", Kind::kSchemas},
    {"anyOf", Kind::kSchemas},
    {"oneOf", Kind::kSchemas},
    {"not", Kind::kSchema},
    {"$ref", Kind::kOther},
    {"definitions", Kind::kNamed},
    {"title", Kind::kText},
    {"description", Kind::kText},
    {"default", Kind::kAny},
    {"examples", Kind::kArray},
    {"writeOnly", Kind::kFlag},
    {"format", Kind::kText},
    {"$schema", Kind::kText},
    {"$comment", Kind::kText},
};

constexpr std::string_view kTypes[] = {"string", "integer", "number", "boolean",
                                       "object", "array",   "null"};

bool is_type(const Json& value) {
  return value.is_string() &&
         std::ranges::find(kTypes, value.get_ref<const std::string&>()) != std::ranges::end(kTypes);
}

// What may stand beside $ref: it says nothing about what is accepted.
bool is_about_people(std::string_view keyword) {
  constexpr std::string_view kNames[] = {"title",    "description", "default",
                                         "examples", "writeOnly",   "$comment"};
  return std::ranges::find(kNames, keyword) != std::ranges::end(kNames);
}

class Reader {
 public:
  explicit Reader(SchemaTree& tree) : tree_(tree) {}

  std::vector<std::string> read() {
    read_node(tree_.root, "");
    if (problems_.empty()) {
      for (const auto& [name, node] : definitions().items()) measure(name, node);
      if (problems_.empty() && size_of(tree_.root) > kNodesMax) {
        problems_.push_back(fmt::format(
            "schema: too large once its $ref are followed; accepted: {} nodes", kNodesMax));
      }
    }
    return std::move(problems_);
  }

 private:
  void refuse(const std::string& path, std::string_view found, std::string_view expected) {
    if (problems_.size() < kProblemsMax) {
      problems_.push_back(fmt::format("{}: found {}, expected {}", path.empty() ? "schema" : path,
                                      found, expected));
    }
  }

  static std::string under(const std::string& path, std::string_view name) {
    return path.empty() ? std::string(name) : path + "." + std::string(name);
  }

  void read_node(const Json& node, const std::string& path) {
    if (node.is_boolean() && !path.empty()) return;
    if (!node.is_object()) return refuse(path, shown(node), "a schema: an object");
    const bool refers = node.contains("$ref");
    for (const auto& [name, value] : node.items()) {
      const auto keyword = std::ranges::find(kKeywords, name, &Keyword::name);
      if (keyword == std::ranges::end(kKeywords)) {
        refuse(under(path, name), "a keyword that is not known",
               "one of those in docs/jobs/submit-a-script.md");
      } else if (refers && name != "$ref" && !is_about_people(name)) {
        // Draft 7 would ignore it without a word.
        refuse(under(path, name), "a keyword beside $ref", "it in the definition, or in allOf");
      } else {
        read_keyword(*keyword, value, under(path, name));
      }
    }
  }

  void read_keyword(const Keyword& keyword, const Json& value, const std::string& path) {
    switch (keyword.kind) {
      case Kind::kText:
        if (!value.is_string()) refuse(path, shown(value), "a text");
        return;
      case Kind::kNumber:
        if (!value.is_number()) refuse(path, shown(value), "a number");
        if (keyword.name == "multipleOf" && value.is_number() && value.get<double>() <= 0) {
          refuse(path, shown(value), "a number greater than 0");
        }
        return;
      case Kind::kCount:
        if (!value.is_number_unsigned()) refuse(path, shown(value), "a whole number from 0");
        return;
      case Kind::kFlag:
        if (!value.is_boolean()) refuse(path, shown(value), "true or false");
        return;
      case Kind::kArray:
        if (!value.is_array() || value.empty()) refuse(path, shown(value), "a list, not empty");
        return;
      case Kind::kSchema:
        return read_node(value, path);
      case Kind::kSchemas:
        if (!value.is_array() || value.empty())
          return refuse(path, shown(value), "a list of schemas");
        for (std::size_t i = 0; i < value.size(); ++i) {
          read_node(value[i], fmt::format("{}[{}]", path, i));
        }
        return;
      case Kind::kNamed:
        if (!value.is_object()) return refuse(path, shown(value), "an object of schemas");
        for (const auto& [name, node] : value.items()) read_node(node, under(path, name));
        return;
      case Kind::kAny:
        return;
      case Kind::kOther:
        return read_other(keyword.name, value, path);
    }
  }

  void read_other(std::string_view name, const Json& value, const std::string& path) {
    if (name == "type") {
      const bool list =
          value.is_array() && !value.empty() && std::all_of(value.begin(), value.end(), is_type);
      if (!is_type(value) && !list)
        refuse(path, shown(value), fmt::format("{}, or a list of them", fmt::join(kTypes, ", ")));
    } else if (name == "required") {
      const bool texts =
          value.is_array() &&
          std::all_of(value.begin(), value.end(), [](const Json& one) { return one.is_string(); });
      if (!texts) refuse(path, shown(value), "a list of names");
    } else if (name == "pattern") {
      read_pattern(value, path);
    } else if (name == "$ref") {
      const std::string target = value.is_string() ? value.get<std::string>() : std::string();
      const bool known = target.starts_with(kDefinitions) &&
                         definitions().contains(target.substr(kDefinitions.size()));
      if (!known) refuse(path, shown(value), "#/definitions/NAME of a definition in this schema");
    }
  }

  void read_pattern(const Json& value, const std::string& path) {
    if (!value.is_string() || value.get_ref<const std::string&>().size() > kPatternBytesMax) {
      return refuse(
          path, shown(value),
          fmt::format("a regular expression (RE2) of at most {} bytes", kPatternBytesMax));
    }
    const auto& text = value.get_ref<const std::string&>();
    re2::RE2::Options options;
    options.set_max_mem(kPatternMemory);
    options.set_log_errors(false);
    auto compiled = std::make_unique<re2::RE2>(text, options);
    if (!compiled->ok())
      return refuse(path, shown(value), "a regular expression (RE2): " + compiled->error());
    tree_.patterns.insert_or_assign(text, std::move(compiled));
  }

  const Json& definitions() const {
    static const Json kNone = Json::object();
    const auto found = tree_.root.find("definitions");
    return found != tree_.root.end() && found->is_object() ? *found : kNone;
  }

  // How many nodes a definition comes to, once. A definition that leads to itself is refused: a
  // check would need as many steps as the value is deep, or never end.
  std::size_t measure(const std::string& name, const Json& node) {
    if (const auto known = sizes_.find(name); known != sizes_.end()) return known->second;
    if (!open_.insert(name).second) {
      refuse("definitions." + name, "a definition that leads to itself", "one that ends");
      return 0;
    }
    const std::size_t size = size_of(node);
    open_.erase(name);
    return sizes_[name] = size;
  }

  std::size_t size_of(const Json& node) {
    if (!node.is_object()) return 1;
    std::size_t size = 1;
    if (const auto ref = node.find("$ref"); ref != node.end()) {
      const std::string name = ref->get<std::string>().substr(kDefinitions.size());
      size += measure(name, definitions()[name]);
    }
    for (const auto& [name, value] : node.items()) {
      const auto keyword = std::ranges::find(kKeywords, name, &Keyword::name);
      if (name == "definitions" || keyword == std::ranges::end(kKeywords)) continue;
      if (keyword->kind == Kind::kSchema) size += size_of(value);
      if (keyword->kind == Kind::kSchemas || keyword->kind == Kind::kNamed) {
        for (const Json& inner : value) size += size_of(inner);
      }
      size = std::min(size, kNodesMax + 1);
    }
    return size;
  }

  SchemaTree& tree_;
  std::vector<std::string> problems_;
  std::map<std::string, std::size_t> sizes_;
  std::set<std::string> open_;
};

}  // namespace

const Json& SchemaTree::resolve(const Json& node) const {
  const Json* at = &node;
  // Definitions end: Reader has made sure.
  while (at->is_object() && at->contains("$ref")) {
    at = &root["definitions"][(*at)["$ref"].get<std::string>().substr(kDefinitions.size())];
  }
  return *at;
}

std::vector<std::string> read_schema(std::string_view text, SchemaTree& tree) {
  if (const auto checked = check_json(text, "schema", kSchemaBytesMax); !checked) {
    return {checked.error().message};
  }
  tree.root = Json::parse(text, nullptr, false);
  return Reader(tree).read();
}

}  // namespace consumers::oncall
