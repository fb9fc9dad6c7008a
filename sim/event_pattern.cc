#include "sim/event_pattern.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim {

namespace {

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  return text;
}

bool is_scalar(const Json& json) {
  return json.is_string() || json.is_number() || json.is_boolean() || json.is_null();
}

base::Result<void> refuse(const std::string& reason) {
  return base::invalid("Event pattern is not valid. Reason: " + reason);
}

// '*' stands for any run of characters.
bool matches_wildcard(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool compare_numbers(double value, const std::string& op, double bound) {
  if (op == "=") return value == bound;
  if (op == "<") return value < bound;
  if (op == "<=") return value <= bound;
  if (op == ">") return value > bound;
  return value >= bound;
}

bool matches_numeric(const Json& terms, const Json& value) {
  if (!value.is_number()) return false;
  for (std::size_t i = 0; i + 1 < terms.size(); i += 2) {
    if (!compare_numbers(value.get<double>(), terms[i].get<std::string>(),
                         terms[i + 1].get<double>())) {
      return false;
    }
  }
  return true;
}

bool matches_text(const std::string& op, const Json& operand, const Json& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  if (operand.is_object()) {  // {"prefix": {"equals-ignore-case": "x"}}
    return matches_text(op, Json(lower(operand.begin()->get<std::string>())), Json(lower(text)));
  }
  const auto& wanted = operand.get_ref<const std::string&>();
  if (op == "prefix") return text.starts_with(wanted);
  if (op == "suffix") return text.ends_with(wanted);
  if (op == "wildcard") return matches_wildcard(wanted, text);
  return lower(text) == lower(wanted);
}

bool equals(const Json& wanted, const Json& value) {
  if (wanted.is_number() && value.is_number()) return wanted.get<double>() == value.get<double>();
  return wanted == value;
}

bool matches_anything_but(const Json& operand, const Json& value) {
  if (operand.is_array()) {
    return std::ranges::none_of(operand, [&](const Json& item) { return equals(item, value); });
  }
  if (!operand.is_object()) return !equals(operand, value);
  const std::string& op = operand.begin().key();
  const Json& texts = *operand.begin();
  if (!texts.is_array()) return !matches_text(op, texts, value);
  return std::ranges::none_of(texts,
                              [&](const Json& text) { return matches_text(op, text, value); });
}

bool matches_alternative(const Json& wanted, const Json& value) {
  if (!wanted.is_object()) return equals(wanted, value);
  const std::string& op = wanted.begin().key();
  const Json& operand = *wanted.begin();
  if (op == "exists") return operand.get<bool>();
  if (op == "numeric") return matches_numeric(operand, value);
  if (op == "anything-but") return matches_anything_but(operand, value);
  return matches_text(op, operand, value);
}

// One field's list of alternatives against what the event has there (nullptr: nothing).
bool matches_field(const Json& alternatives, const Json* value) {
  const bool absent =
      value == nullptr || value->is_object() || (value->is_array() && value->empty());
  return std::ranges::any_of(alternatives, [&](const Json& wanted) {
    if (absent) {
      return wanted.is_object() && wanted.begin().key() == "exists" && !wanted.begin()->get<bool>();
    }
    if (!value->is_array()) return matches_alternative(wanted, *value);
    return std::ranges::any_of(*value,
                               [&](const Json& item) { return matches_alternative(wanted, item); });
  });
}

base::Result<void> check_text_operand(const std::string& op, const Json& operand, bool in_but) {
  if (operand.is_string()) return {};
  if (in_but && operand.is_array() &&
      std::ranges::all_of(operand, [](const Json& item) { return item.is_string(); })) {
    return {};
  }
  if (operand.is_object() && operand.size() == 1 && operand.contains("equals-ignore-case") &&
      operand.begin()->is_string() && (op == "prefix" || op == "suffix")) {
    return {};
  }
  return refuse(fmt::format("{} match pattern must be a string", op));
}

base::Result<void> check_numeric(const Json& terms) {
  const bool shape_ok = terms.is_array() && (terms.size() == 2 || terms.size() == 4);
  if (!shape_ok) return refuse("Numeric match must be an array of one or two comparisons");
  for (std::size_t i = 0; i + 1 < terms.size(); i += 2) {
    const std::string op = terms[i].is_string() ? terms[i].get<std::string>() : "";
    if (op != "=" && op != "<" && op != "<=" && op != ">" && op != ">=") {
      return refuse("Unrecognized numeric range operator");
    }
    if (!terms[i + 1].is_number()) return refuse("Value of numeric comparison must be numeric");
  }
  return {};
}

base::Result<void> check_alternative(const Json& wanted) {
  if (is_scalar(wanted)) return {};
  if (!wanted.is_object() || wanted.size() != 1) {
    return refuse("Match value must be String, number, true, false, or null");
  }
  const std::string& op = wanted.begin().key();
  const Json& operand = *wanted.begin();
  if (op == "exists") {
    if (operand.is_boolean()) return {};
    return refuse("exists match pattern must be either true or false.");
  }
  if (op == "numeric") return check_numeric(operand);
  if (op == "anything-but") {
    if (is_scalar(operand)) return {};
    if (operand.is_array() && !operand.empty() && std::ranges::all_of(operand, is_scalar))
      return {};
    if (operand.is_object() && operand.size() == 1) {
      const std::string& inner = operand.begin().key();
      if (inner == "prefix" || inner == "suffix" || inner == "wildcard" ||
          inner == "equals-ignore-case") {
        return check_text_operand(inner, *operand.begin(), true);
      }
    }
    return refuse("Unsupported anything-but pattern");
  }
  if (op == "prefix" || op == "suffix" || op == "wildcard" || op == "equals-ignore-case") {
    return check_text_operand(op, operand, false);
  }
  return refuse(fmt::format("Unrecognized match type {}", op.substr(0, 64)));
}

base::Result<void> check_object(const Json& pattern) {
  if (!pattern.is_object()) return refuse("Filter is not an object");
  if (pattern.empty()) return refuse("Empty objects are not allowed");
  for (const auto& [name, value] : pattern.items()) {
    if (name == "$or") {
      if (!value.is_array() || value.size() < 2) {
        return refuse("There must have at least 2 Objects in $or relationship");
      }
      for (const Json& branch : value) {
        if (auto checked = check_object(branch); !checked) return checked;
      }
    } else if (value.is_object()) {
      if (auto checked = check_object(value); !checked) return checked;
    } else if (value.is_array()) {
      if (value.empty()) return refuse("Empty arrays are not allowed");
      for (const Json& wanted : value) {
        if (auto checked = check_alternative(wanted); !checked) return checked;
      }
    } else {
      return refuse(fmt::format("\"{}\" must be an object or an array", name.substr(0, 64)));
    }
  }
  return {};
}

bool matches_object(const Json& pattern, const Json* event) {
  // An array of objects matches when one of them does.
  if (event != nullptr && event->is_array()) {
    return std::ranges::any_of(*event,
                               [&](const Json& item) { return matches_object(pattern, &item); });
  }
  for (const auto& [name, wanted] : pattern.items()) {
    if (name == "$or") {
      const bool any = std::ranges::any_of(
          wanted, [&](const Json& branch) { return matches_object(branch, event); });
      if (!any) return false;
      continue;
    }
    const Json* value = nullptr;
    if (event != nullptr && event->is_object()) {
      const auto found = event->find(name);
      if (found != event->end()) value = &*found;
    }
    const bool matched =
        wanted.is_object() ? matches_object(wanted, value) : matches_field(wanted, value);
    if (!matched) return false;
  }
  return true;
}

}  // namespace

base::Result<void> check_event_pattern(const Json& pattern) { return check_object(pattern); }

bool matches_event(const Json& pattern, const Json& event) {
  return matches_object(pattern, &event);
}

}  // namespace sim
