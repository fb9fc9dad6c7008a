#include "consumers/oncall/schema.h"

#include "consumers/oncall/schema_walk.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace consumers::oncall {

struct Schema::Impl {
  SchemaTree tree;
};

namespace {

constexpr std::string_view kStars = "***";

bool is_secret(const SchemaTree& tree, const Json& node) {
  return node.is_object() &&
         (node.value("writeOnly", false) || tree.resolve(node).value("writeOnly", false));
}

// visit(value, is_secret) for every member and element that the schema has a node for.
template <class Value, class Visit>
void each_known(const SchemaTree& tree, const Json& given, Value& value, const Visit& visit) {
  if (!given.is_object()) return;
  if (is_secret(tree, given)) return visit(value);
  const Json& node = tree.resolve(given);
  if (value.is_object() && node.contains("properties")) {
    for (const auto& [name, inner] : node["properties"].items()) {
      if (const auto member = value.find(name); member != value.end()) {
        each_known(tree, inner, *member, visit);
      }
    }
  }
  if (value.is_array() && node.contains("items")) {
    for (auto& element : value) each_known(tree, node["items"], element, visit);
  }
  for (const char* combined : {"allOf", "anyOf", "oneOf"}) {
    if (!node.contains(combined)) continue;
    for (const Json& one : node[combined]) each_known(tree, one, value, visit);
  }
}

void fill_defaults(const SchemaTree& tree, const Json& given, Json& value) {
  if (!given.is_object()) return;
  const Json& node = tree.resolve(given);
  if (value.is_object() && node.contains("properties")) {
    for (const auto& [name, inner] : node["properties"].items()) {
      if (!value.contains(name) && inner.is_object() && inner.contains("default")) {
        value[name] = inner["default"];
      }
      if (value.contains(name)) fill_defaults(tree, inner, value[name]);
    }
  }
  if (value.is_array() && node.contains("items")) {
    for (Json& element : value) fill_defaults(tree, node["items"], element);
  }
}

void collect_texts(const Json& value, std::vector<std::string>& texts) {
  if (value.is_string()) texts.push_back(value.get<std::string>());
  if (value.is_number()) texts.push_back(value.dump());
  if (value.is_structured()) {
    for (const Json& one : value) collect_texts(one, texts);
  }
}

// Quick, so that no parser meets what is too deep for its stack, and no check what is too much.
bool is_modest(std::string_view text) {
  int depth = 0;
  std::size_t values = 1;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') ++i;
      in_text = c != '"';
      continue;
    }
    in_text = c == '"';
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c == ',' || c == '{' || c == '[') ++values;
    if (depth > kJsonDepthMax || values > kJsonValuesMax) return false;
  }
  return true;
}

}  // namespace

base::Result<void> check_json(std::string_view text, std::string_view name, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    return base::invalid(
        fmt::format("{}: {} bytes, expected at most {}", name, text.size(), bytes_max));
  }
  if (!is_modest(text)) {
    return base::invalid(fmt::format("{}: too much in it, expected at most {} levels and {} values",
                                     name, kJsonDepthMax, kJsonValuesMax));
  }
  try {
    static_cast<void>(Json::parse(text));
  } catch (const Json::parse_error& error) {
    return base::invalid(fmt::format("{}: not JSON, at byte {}", name, error.byte));
  } catch (const Json::exception&) {
    return base::invalid(fmt::format("{}: a number that is too large", name));
  }
  return {};
}

Json parse_bounded(std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max || !is_modest(text)) return Json(Json::value_t::discarded);
  return Json::parse(text, nullptr, false);
}

base::Result<Schema> Schema::parse(std::string_view text) {
  auto impl = std::make_shared<Impl>();
  const auto problems = read_schema(text, impl->tree);
  if (!problems.empty()) return base::invalid(fmt::format("{}", fmt::join(problems, "; ")));
  return Schema(std::move(impl));
}

std::vector<std::string> Schema::problems(std::string_view text) {
  SchemaTree tree;
  return read_schema(text, tree);
}

base::Result<std::string> Schema::check(std::string_view text, std::string_view root) const {
  const auto problems = check_all(text, root);
  if (!problems.empty()) return base::invalid(fmt::format("{}", fmt::join(problems, "; ")));
  Json value = Json::parse(text, nullptr, false);
  fill_defaults(impl_->tree, impl_->tree.root, value);
  return json_text(value);
}

std::vector<std::string> Schema::check_all(std::string_view text, std::string_view root) const {
  if (const auto checked = check_json(text, root.empty() ? "value" : root, kParamsBytesMax);
      !checked) {
    return {checked.error().message};
  }
  Json value = Json::parse(text, nullptr, false);
  fill_defaults(impl_->tree, impl_->tree.root, value);
  return violations(impl_->tree, impl_->tree.root, value, std::string(root));
}

std::string Schema::value_of(const std::string& parameter,
                             const std::vector<std::string>& texts) const {
  const SchemaTree& tree = impl_->tree;
  static const Json kAny = Json::object();
  const Json* node = &kAny;
  if (tree.root.contains("properties") && tree.root["properties"].contains(parameter)) {
    node = &tree.resolve(tree.root["properties"][parameter]);
  }
  const auto read = [&tree](const Json& as, const std::string& text) {
    if (violations(tree, as, Json(text), "").empty()) return Json(text);
    Json parsed = parse_bounded(text, kParamsBytesMax);
    return parsed.is_discarded() ? Json(text) : parsed;
  };
  const bool is_list = node->is_object() && node->value("type", Json()) == "array";
  const Json whole = texts.size() == 1 ? read(*node, texts.front()) : Json();
  if (texts.size() == 1 && (!is_list || whole.is_array())) return json_text(whole);
  Json list = Json::array();
  const Json& items = node->is_object() && node->contains("items") ? (*node)["items"] : kAny;
  for (const std::string& text : texts) list.push_back(read(items, text));
  return json_text(list);
}

std::vector<Parameter> Schema::parameters() const {
  const SchemaTree& tree = impl_->tree;
  std::vector<Parameter> parameters;
  if (!tree.root.contains("properties")) return parameters;
  const Json required = tree.root.value("required", Json::array());
  for (const auto& [name, node] : tree.root["properties"].items()) {
    Parameter parameter;
    parameter.name = name;
    parameter.accepted = accepted_by(tree, node);
    parameter.required = std::find(required.begin(), required.end(), name) != required.end();
    if (node.is_object()) {
      parameter.description =
          node.value("description", tree.resolve(node).value("description", std::string()));
      if (node.contains("default")) parameter.fallback = json_text(node["default"]);
      parameter.secret = is_secret(tree, node);
    }
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

std::vector<std::string> Schema::secrets_in(std::string_view text) const {
  std::vector<std::string> texts;
  const Json value = parse_bounded(text, kParamsBytesMax);
  each_known(impl_->tree, impl_->tree.root, value,
             [&texts](const Json& secret) { collect_texts(secret, texts); });
  return texts;
}

std::string Schema::without_secrets(std::string_view text) const {
  Json value = parse_bounded(text, kParamsBytesMax);
  if (value.is_discarded()) return std::string(kStars);
  each_known(impl_->tree, impl_->tree.root, value, [](Json& secret) { secret = kStars; });
  return json_text(value);
}

}  // namespace consumers::oncall
