#include "sim/query_decode.h"

#include "base/http.h"
#include "sim/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

namespace sim {

namespace {

struct Node {
  std::optional<std::string> value;
  std::map<std::string, std::unique_ptr<Node>> children;
};

std::optional<std::int64_t> list_index(const std::string& name) {
  if (name.empty() || name.size() > 9) return std::nullopt;
  if (!std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  return parse_integer(name);
}

base::Result<void> read_object(const Node& node, const std::string& name, Json& json);

// Depth is bounded by insert().
base::Result<void> read_node(const Node& node, const std::string& name, Json& json) {
  if (node.children.empty()) {
    json = node.value.value_or("");
    return {};
  }
  if (node.value && !node.value->empty()) {
    return base::invalid(fmt::format("{} is both a value and a structure", name.substr(0, 128)));
  }
  if (node.children.size() == 1) {
    const auto& [key, child] = *node.children.begin();
    if (key == "member" || key == "entry") {
      if (!child->children.empty()) return read_node(*child, name, json);
      json = Json::array();  // "Tags.member=" is an empty list
      return {};
    }
  }
  std::map<std::int64_t, const Node*> numbered;
  for (const auto& [key, child] : node.children) {
    if (const auto index = list_index(key)) numbered[*index] = child.get();
  }
  if (numbered.size() != node.children.size()) return read_object(node, name + ".", json);
  json = Json::array();
  for (const auto& [index, child] : numbered) {
    json.push_back(nullptr);
    if (auto read = read_node(*child, name, json.back()); !read) return read;
  }
  return {};
}

base::Result<void> read_object(const Node& node, const std::string& name, Json& json) {
  json = Json::object();
  for (const auto& [key, child] : node.children) {
    if (auto read = read_node(*child, name + key, json[key]); !read) return read;
  }
  return {};
}

bool insert(Node& root, std::string_view name, const std::string& value) {
  Node* node = &root;
  std::size_t depth = 0;
  while (true) {
    if (++depth > kFormDepthMax) return false;
    const std::size_t dot = name.find('.');
    std::unique_ptr<Node>& child = node->children[std::string(name.substr(0, dot))];
    if (!child) child = std::make_unique<Node>();
    node = child.get();
    if (dot == std::string_view::npos) break;
    name.remove_prefix(dot + 1);
  }
  node->value = value;
  return true;
}

}  // namespace

base::Result<FormPairs> parse_form(std::string_view text) {
  FormPairs pairs;
  while (!text.empty()) {
    const std::size_t end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (pair.empty()) continue;
    if (pairs.size() == kFormPairsMax) {
      return base::invalid(fmt::format("more than {} parameters", kFormPairsMax));
    }
    const std::size_t equals = pair.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    pairs.emplace_back(base::percent_decode(pair.substr(0, equals), true),
                       base::percent_decode(value, true));
  }
  return pairs;
}

base::Result<void> nest_parameters(const FormPairs& pairs, Json& nested) {
  Node root;
  for (const auto& [name, value] : pairs) {
    if (!insert(root, name, value)) {
      return base::invalid(fmt::format("{} is nested too deeply", name.substr(0, 128)));
    }
  }
  return read_object(root, {}, nested);
}

}  // namespace sim
