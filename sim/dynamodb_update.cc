#include "sim/dynamodb_update.h"

#include "sim/dynamodb_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace sim::dynamodb {

namespace {

class UpdateReader final : public ExpressionReader {
 public:
  UpdateReader(std::string_view text, Placeholders& placeholders)
      : ExpressionReader("UpdateExpression", text, placeholders) {}

  Update read() {
    Update update;
    while (!at_end()) {
      if (begins_section("SET")) {
        do update.set.push_back(read_assignment());
        while (take_symbol(","));
      } else if (begins_section("REMOVE")) {
        do update.remove.push_back(read_attribute());
        while (take_symbol(","));
      } else if (is_keyword("ADD") || is_keyword("DELETE")) {
        not_simulated(peek().text);
      } else {
        fail_at_token();
      }
    }
    check_overlap(update.attributes());
    return update;
  }

 private:
  bool begins_section(const std::string& name) {
    if (!take_keyword(name)) return false;
    if (!sections_.insert(name).second) {
      fail(fmt::format("The \"{}\" section can only be used once in an update expression;", name));
    }
    return true;
  }

  Assignment read_assignment() {
    Assignment assignment;
    assignment.attribute = read_attribute();
    expect_symbol("=");
    if (peek().text == "if_not_exists" && peek(1).text == "(") {
      take();
      expect_symbol("(");
      assignment.unless_exists = read_attribute();
      expect_symbol(",");
      assignment.value = read_operand();
      expect_symbol(")");
    } else {
      assignment.value = read_operand();
    }
    if (peek().text == "+" || peek().text == "-") not_simulated("arithmetic");
    return assignment;
  }

  void check_overlap(const std::vector<std::string>& attributes) {
    std::set<std::string> seen;
    for (const std::string& attribute : attributes) {
      if (seen.insert(attribute).second) continue;
      fail(
          fmt::format("Two document paths overlap with each other; must remove or rewrite one of "
                      "these paths; path one: [{0}], path two: [{0}]",
                      attribute));
    }
  }

  std::set<std::string> sections_;
};

}  // namespace

std::vector<std::string> Update::attributes() const {
  std::vector<std::string> names = remove;
  for (const Assignment& assignment : set) names.push_back(assignment.attribute);
  return names;
}

std::optional<ApiError> Update::apply(Json& item) const {
  Json changed = item;
  for (const Assignment& assignment : set) {
    const auto present =
        assignment.unless_exists.empty() ? item.end() : item.find(assignment.unless_exists);
    const Json* value = present != item.end() ? &*present : assignment.value.in(item);
    if (value == nullptr) {
      return validation(
          "The provided expression refers to an attribute that does not exist in the item");
    }
    changed[assignment.attribute] = *value;
  }
  for (const std::string& attribute : remove) changed.erase(attribute);
  item = std::move(changed);
  return std::nullopt;
}

std::variant<Update, ApiError> parse_update(std::string_view text, Placeholders& placeholders) {
  UpdateReader reader(text, placeholders);
  Update update = reader.read();
  if (reader.error()) return *reader.error();
  return update;
}

}  // namespace sim::dynamodb
