// Checking a value against a schema: every problem, each with field, value and what is accepted.
#include "consumers/oncall/schema.h"
#include "consumers/oncall/schema_walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace consumers::oncall {
namespace {

// More than any honest value needs: about a second's hundredth.
constexpr std::size_t kStepsMax = 200'000;
constexpr std::string_view kTooManySteps =
    "takes too many steps to check; expected something simpler";

// Unicode characters of UTF-8 text.
std::size_t characters_in(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool is_whole(const Json& value) {
  if (value.is_number_integer()) return true;
  if (!value.is_number_float()) return false;
  const double number = value.get<double>();
  return std::isfinite(number) && std::floor(number) == number;
}

bool has_type(const Json& value, std::string_view type) {
  if (type == "string") return value.is_string();
  if (type == "integer") return is_whole(value);
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  return value.is_null();
}

bool has_one_of_types(const Json& value, const Json& types) {
  if (types.is_string()) return has_type(value, types.get_ref<const std::string&>());
  return std::any_of(types.begin(), types.end(), [&](const Json& type) {
    return has_type(value, type.get_ref<const std::string&>());
  });
}

bool is_multiple(const Json& value, const Json& of) {
  if (value.is_number_integer() && of.is_number_integer() && of.get<std::int64_t>() != 0) {
    return value.get<std::int64_t>() % of.get<std::int64_t>() == 0;
  }
  constexpr double kTolerance = 1e-9;
  const double ratio = value.get<double>() / of.get<double>();
  return std::abs(ratio - std::round(ratio)) <= kTolerance * std::max(1.0, std::abs(ratio));
}

bool has_twins(const Json& list) {
  std::vector<const Json*> sorted;
  for (const Json& one : list) sorted.push_back(&one);
  std::ranges::sort(sorted, [](const Json* a, const Json* b) { return *a < *b; });
  return std::ranges::adjacent_find(
             sorted, [](const Json* a, const Json* b) { return *a == *b; }) != sorted.end();
}

// The number under `keyword`; `fallback` where there is none.
std::size_t count_in(const Json& node, const char* keyword, std::size_t fallback) {
  const auto found = node.find(keyword);
  return found == node.end() ? fallback : found->get<std::size_t>();
}

bool between(std::size_t size, const Json& node, const char* least, const char* most) {
  return size >= count_in(node, least, 0) && size <= count_in(node, most, SIZE_MAX);
}

class Checker {
 public:
  // Quiet: only whether there is a problem; words would cost more than the check.
  Checker(const SchemaTree& tree, std::size_t& steps, bool quiet)
      : tree_(tree), steps_(steps), problems_max_(quiet ? 1 : kProblemsMax), quiet_(quiet) {}

  void check(const Json& value, const Json& given, const std::string& path, bool secret) {
    if (problems_.size() >= problems_max_) return;
    if (++steps_ > kStepsMax) return say(path, kTooManySteps);
    if (given.is_boolean()) {
      if (!given.get<bool>()) say(path, "is not accepted");
      return;
    }
    const Json& node = tree_.resolve(given);
    secret = secret || given.value("writeOnly", false) || node.value("writeOnly", false);
    if (!fits_itself(value, node) || !fits_combined(value, node)) {
      if (quiet_) return say("", "");
      return say(path, fmt::format("found {}, expected {}",
                                   secret ? "a secret, which is not shown" : shown(value),
                                   accepted_by(tree_, node)));
    }
    if (value.is_object()) check_members(value, node, path, secret);
    if (const auto items = node.find("items"); items != node.end() && value.is_array()) {
      for (std::size_t i = 0; i < value.size() && steps_ <= kStepsMax; ++i) {
        check(value[i], *items, fmt::format("{}[{}]", path, i), secret);
      }
    }
    if (const auto all = node.find("allOf"); all != node.end()) {
      for (const Json& one : *all) check(value, one, path, secret);
    }
  }

  std::vector<std::string> take() { return std::move(problems_); }

 private:
  void say(const std::string& path, std::string_view problem) {
    if (problems_.size() >= problems_max_) return;
    const std::string_view name = std::string_view(path).substr(path.starts_with('.') ? 1 : 0);
    problems_.push_back(fmt::format("{}: {}", name.empty() ? "value" : name, problem));
  }

  // Without looking at members and elements.
  bool fits_itself(const Json& value, const Json& node) const {
    if (const auto types = node.find("type"); types != node.end()) {
      if (!has_one_of_types(value, *types)) return false;
    }
    if (const auto choices = node.find("enum"); choices != node.end()) {
      if (std::find(choices->begin(), choices->end(), value) == choices->end()) return false;
    }
    if (const auto only = node.find("const"); only != node.end() && *only != value) return false;
    if (value.is_string()) return fits_text(value.get_ref<const std::string&>(), node);
    if (value.is_number()) return fits_number(value, node);
    if (value.is_object()) return between(value.size(), node, "minProperties", "maxProperties");
    if (value.is_array()) {
      return between(value.size(), node, "minItems", "maxItems") &&
             !(node.value("uniqueItems", false) && has_twins(value));
    }
    return true;
  }

  bool fits_text(const std::string& text, const Json& node) const {
    if (!between(characters_in(text), node, "minLength", "maxLength")) return false;
    const auto pattern = node.find("pattern");
    return pattern == node.end() ||
           re2::RE2::PartialMatch(text, tree_.pattern(pattern->get_ref<const std::string&>()));
  }

  static bool fits_number(const Json& value, const Json& node) {
    const auto limit = [&node](const char* keyword) { return node.find(keyword); };
    const auto none = node.end();
    if (const auto at = limit("minimum"); at != none && value < *at) return false;
    if (const auto at = limit("maximum"); at != none && value > *at) return false;
    if (const auto at = limit("exclusiveMinimum"); at != none && value <= *at) return false;
    if (const auto at = limit("exclusiveMaximum"); at != none && value >= *at) return false;
    const auto step = limit("multipleOf");
    return step == none || is_multiple(value, *step);
  }

  bool fits(const Json& value, const Json& node) const {
    Checker quiet(tree_, steps_, true);
    quiet.check(value, node, "", false);
    return quiet.problems_.empty();
  }

  bool fits_combined(const Json& value, const Json& node) const {
    const auto matching = [&](const Json& list) {
      return std::count_if(list.begin(), list.end(),
                           [&](const Json& one) { return fits(value, one); });
    };
    if (const auto any = node.find("anyOf"); any != node.end() && matching(*any) == 0) return false;
    if (const auto one = node.find("oneOf"); one != node.end() && matching(*one) != 1) return false;
    const auto no = node.find("not");
    return no == node.end() || !fits(value, *no);
  }

  void check_members(const Json& value, const Json& node, const std::string& path, bool secret) {
    static const Json kNone = Json::object();
    const auto found = node.find("properties");
    const Json& properties = found == node.end() ? kNone : *found;
    if (const auto required = node.find("required"); required != node.end()) {
      for (const Json& entry : *required) {
        const auto& name = entry.get_ref<const std::string&>();
        if (value.contains(name)) continue;
        if (quiet_) return say("", "");
        const auto known = properties.find(name);
        say(path + "." + name,
            "missing, expected " + (known == properties.end() ? std::string("any value")
                                                              : accepted_by(tree_, *known)));
      }
    }
    const auto others = node.find("additionalProperties");
    for (const auto& [name, member] : value.items()) {
      if (steps_ > kStepsMax) return;
      const std::string inner = path + "." + name.substr(0, 100);
      if (const auto known = properties.find(name); known != properties.end()) {
        check(member, *known, inner, secret);
      } else if (others != node.end() && !others->is_boolean()) {
        check(member, *others, inner, secret);
      } else if (others != node.end() && !others->get<bool>()) {
        say(inner, quiet_ ? std::string() : "unknown, expected " + names_of(properties));
      }
    }
  }

  static std::string names_of(const Json& properties) {
    std::string names;
    for (const auto& [name, unused] : properties.items()) {
      names.append(names.empty() ? "one of " : ", ").append(name);
    }
    return names.empty() ? "no parameters at all" : names;
  }

  const SchemaTree& tree_;
  std::size_t& steps_;
  std::size_t problems_max_;
  bool quiet_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> violations(const SchemaTree& tree, const Json& node, const Json& value,
                                    const std::string& path) {
  std::size_t steps = 0;
  Checker checker(tree, steps, false);
  checker.check(value, node, path, false);
  return checker.take();
}

}  // namespace consumers::oncall
