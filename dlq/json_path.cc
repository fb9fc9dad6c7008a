#include "dlq/json_path.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace dlq {
namespace {

using nlohmann::json;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

base::Error wrong(std::string_view text, std::size_t at, std::string_view expected) {
  return base::invalid(fmt::format("path \"{}\": expected {} at character {}", text.substr(0, 100),
                                   expected, at + 1));
}

// The reader of one path; `at` is where it stands.
class PathReader {
 public:
  explicit PathReader(std::string_view text) : text_(text) {}

  base::Result<JsonPath> read() {
    JsonPath path;
    if (text_.starts_with("$")) at_ = 1;
    bool first = at_ == 0;
    while (at_ < text_.size() || path.empty()) {
      if (path.size() == kPathStepsMax) return wrong(text_, at_, "at most 64 steps, not another");
      if (at_ < text_.size() && text_[at_] == '[') {
        auto step = element();
        if (!step) return step.error();
        path.push_back(std::move(*step));
      } else {
        if (!first && (at_ >= text_.size() || text_[at_] != '.')) {
          return wrong(text_, at_, "'.' or '['");
        }
        if (!first) ++at_;
        auto step = name();
        if (!step) return step.error();
        path.push_back(std::move(*step));
      }
      first = false;
    }
    return path;
  }

 private:
  base::Result<PathStep> element() {
    const auto close = text_.find(']', at_);
    if (close == std::string_view::npos) return wrong(text_, at_, "a ']' after '['");
    const std::string_view digits = text_.substr(at_ + 1, close - at_ - 1);
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size()) {
      return wrong(text_, at_ + 1, "the number of an element");
    }
    at_ = close + 1;
    return PathStep(number);
  }

  base::Result<PathStep> name() {
    std::string name;
    if (at_ < text_.size() && text_[at_] == '"') {
      const std::size_t open = at_++;
      while (at_ < text_.size() && text_[at_] != '"') {
        if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
        name += text_[at_++];
      }
      if (at_ >= text_.size()) return wrong(text_, open, "a closing quote");
      ++at_;
      return PathStep(std::move(name));
    }
    while (at_ < text_.size() && text_[at_] != '.' && text_[at_] != '[') name += text_[at_++];
    if (name.empty()) return wrong(text_, at_, "a member's name");
    return PathStep(std::move(name));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<double> number_in(base::JsonValue value) {
  double number = 0;
  if (value.get<double>().get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}

}  // namespace

base::Result<JsonPath> parse_json_path(std::string_view text) {
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    return base::invalid("path: expected UTF-8");
  }
  return PathReader(trimmed(text)).read();
}

std::optional<base::JsonValue> find(base::JsonValue root, const JsonPath& path) {
  base::JsonValue value = root;
  for (const PathStep& step : path) {
    if (const auto* name = std::get_if<std::string>(&step)) {
      const auto member = base::member_of(value, *name);
      if (!member) return std::nullopt;
      value = *member;
      continue;
    }
    simdjson::dom::array elements;
    if (value.get_array().get(elements) != simdjson::SUCCESS) return std::nullopt;
    base::JsonValue element;
    if (elements.at(std::get<std::size_t>(step)).get(element) != simdjson::SUCCESS) {
      return std::nullopt;
    }
    value = element;
  }
  return value;
}

base::Result<Pattern> parse_pattern(std::string_view text) {
  if (text.size() > kPatternBytesMax) return base::invalid("the pattern is longer than 4096 bytes");
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto pattern =
      std::make_shared<const re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!pattern->ok()) {
    return base::invalid(fmt::format("pattern \"{}\": {}; expected RE2's syntax",
                                     text.substr(0, 100), pattern->error()));
  }
  return Pattern(std::move(pattern));
}

bool matches(const Pattern& pattern, std::string_view text) {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *pattern);
}

CutCondition cut_condition(std::string_view text) {
  constexpr auto kOperators =
      std::to_array<std::string_view>({"!=", "<=", ">=", "=", "<", ">", "~"});
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') quoted = !quoted;
    if (quoted && text[at] == '\\') ++at;
    if (quoted) continue;
    for (const std::string_view op : kOperators) {
      if (text.substr(at).starts_with(op)) {
        return {std::string(trimmed(text.substr(0, at))), std::string(op),
                std::string(trimmed(text.substr(at + op.size())))};
      }
    }
  }
  return {std::string(trimmed(text)), {}, {}};
}

std::string literal_of(std::string_view text) {
  const auto value = json::parse(text, nullptr, false);
  if (!value.is_discarded()) return value.dump();
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

base::Result<JsonCondition> JsonCondition::parse(std::string_view text) {
  const CutCondition cut = cut_condition(text);
  JsonCondition condition;
  auto path = parse_json_path(cut.path);
  if (!path) return path.error();
  condition.path_ = std::move(*path);
  if (cut.op.empty()) return condition;
  static const std::array<std::pair<std::string_view, Operator>, 7> kOperators = {
      {{"=", Operator::kEqual},
       {"!=", Operator::kNotEqual},
       {"<", Operator::kLess},
       {"<=", Operator::kLessEqual},
       {">", Operator::kMore},
       {">=", Operator::kMoreEqual},
       {"~", Operator::kMatches}}};
  condition.operator_ =
      std::ranges::find(kOperators, cut.op, [](const auto& row) { return row.first; })->second;
  if (condition.operator_ == Operator::kMatches) {
    auto pattern = parse_pattern(cut.value);
    if (!pattern) return pattern.error();
    condition.pattern_ = std::move(*pattern);
    return condition;
  }
  if (cut.value.empty()) {
    return base::invalid(
        fmt::format("\"{}\": expected a value after '{}'", text.substr(0, 100), cut.op));
  }
  condition.literal_ = literal_of(cut.value);
  const auto value = json::parse(condition.literal_);
  if (value.is_number()) condition.number_ = value.get<double>();
  const bool ordered =
      condition.operator_ != Operator::kEqual && condition.operator_ != Operator::kNotEqual;
  if (ordered && !condition.number_) {
    return base::invalid(
        fmt::format("\"{}\": expected a number after '{}'", text.substr(0, 100), cut.op));
  }
  return condition;
}

bool JsonCondition::holds(base::JsonValue root) const {
  const auto value = find(root, path_);
  if (operator_ == Operator::kExists) return value.has_value();
  if (!value) return operator_ == Operator::kNotEqual;
  if (operator_ == Operator::kMatches) {
    const auto text = base::text_in(*value);
    return text ? matches(pattern_, *text) : matches(pattern_, base::dump(*value));
  }
  const auto number = number_in(*value);
  const bool equal = number_ && number
                         ? *number == *number_
                         : json::parse(base::dump(*value), nullptr, false) == json::parse(literal_);
  switch (operator_) {
    case Operator::kEqual:
      return equal;
    case Operator::kNotEqual:
      return !equal;
    case Operator::kLess:
      return number && *number < *number_;
    case Operator::kLessEqual:
      return number && *number <= *number_;
    case Operator::kMore:
      return number && *number > *number_;
    default:
      return number && *number >= *number_;
  }
}

}  // namespace dlq
