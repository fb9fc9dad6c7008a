#include "sim/dynamodb_condition.h"

#include "sim/dynamodb_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sim::dynamodb {

namespace {

constexpr int kOperatorsMax = 300;

class ConditionReader final : public ExpressionReader {
 public:
  ConditionReader(std::string_view text, Placeholders& placeholders)
      : ExpressionReader("ConditionExpression", text, placeholders) {}

  Condition read() {
    Condition condition = read_or();
    if (!at_end()) fail_at_token();
    return condition;
  }

 private:
  Condition read_or() {
    Condition left = read_and();
    while (take_keyword("OR")) left = join(Condition::Kind::kOr, std::move(left), read_and());
    return left;
  }

  Condition read_and() {
    Condition left = read_not();
    while (take_keyword("AND")) left = join(Condition::Kind::kAnd, std::move(left), read_not());
    return left;
  }

  // Also the bound of the recursion: every level counts as an operator.
  bool count_operator() {
    if (++operators_ <= kOperatorsMax) return true;
    fail(fmt::format("The expression contains too many operators; operator count: {}", operators_));
    return false;
  }

  Condition join(Condition::Kind kind, Condition left, Condition right) {
    count_operator();
    Condition both;
    both.kind = kind;
    both.parts = {std::move(left), std::move(right)};
    return both;
  }

  Condition read_not() {
    if (!is_keyword("NOT")) return read_primary();
    take();
    if (!count_operator()) return {};
    Condition negated;
    negated.kind = Condition::Kind::kNot;
    negated.parts.push_back(read_not());
    return negated;
  }

  Condition read_primary() {
    if (take_symbol("(")) {
      if (!count_operator()) return {};
      Condition inner = read_or();
      expect_symbol(")");
      if (inner.in_parentheses) fail("The expression has redundant parentheses;");
      inner.in_parentheses = true;
      return inner;
    }
    if (peek().kind == Token::Kind::kWord && peek(1).text == "(") return read_function();
    return read_comparison();
  }

  Condition read_function() {
    Condition condition;
    const std::string name = take().text;
    if (name == "attribute_exists") {
      condition.kind = Condition::Kind::kExists;
    } else if (name == "attribute_not_exists") {
      condition.kind = Condition::Kind::kNotExists;
    } else if (std::ranges::find(kOtherFunctions, name) != kOtherFunctions.end()) {
      not_simulated("the function " + name);
    } else {
      fail("Invalid function name; function: " + name);
    }
    expect_symbol("(");
    condition.left.attribute = read_attribute();
    expect_symbol(")");
    return condition;
  }

  Condition read_comparison() {
    Condition condition;
    condition.kind = Condition::Kind::kComparison;
    condition.left = read_operand();
    if (is_keyword("BETWEEN") || is_keyword("IN")) not_simulated(peek().text);
    if (std::ranges::find(kComparators, peek().text) == kComparators.end()) {
      fail_at_token();
      return condition;
    }
    condition.comparator = take().text;
    count_operator();
    condition.right = read_operand();
    check_operand_types(condition);
    return condition;
  }

  void check_operand_types(const Condition& condition) {
    if (error() || condition.comparator == "=" || condition.comparator == "<>") return;
    for (const Operand* operand : {&condition.left, &condition.right}) {
      if (!operand->attribute.empty()) continue;
      const std::string type = type_of(operand->value);
      if (type == "S" || type == "N") continue;
      if (type == "B") not_simulated("the order of binaries");
      fail(fmt::format(
          "Incorrect operand type for operator or function; operator: {}, operand type: {}",
          condition.comparator, type));
    }
  }

  static constexpr auto kComparators =
      std::to_array<std::string_view>({"=", "<>", "<", "<=", ">", ">="});
  static constexpr auto kOtherFunctions =
      std::to_array<std::string_view>({"attribute_type", "begins_with", "contains", "size"});

  int operators_ = 0;
};

bool compares(const Condition& condition, const Json& item) {
  const Json* left = condition.left.in(item);
  const Json* right = condition.right.in(item);
  if (condition.comparator == "<>") {
    return left == nullptr || right == nullptr || !is_equal(*left, *right);
  }
  if (left == nullptr || right == nullptr) return false;  // nothing is compared with what is absent
  if (condition.comparator == "=") return is_equal(*left, *right);
  const auto order = compare(*left, *right);
  if (!order) return false;
  if (condition.comparator == "<") return *order < 0;
  if (condition.comparator == "<=") return *order <= 0;
  if (condition.comparator == ">") return *order > 0;
  return *order >= 0;
}

}  // namespace

bool Condition::holds(const Json& item) const {
  switch (kind) {
    case Kind::kAnd:
      return parts[0].holds(item) && parts[1].holds(item);
    case Kind::kOr:
      return parts[0].holds(item) || parts[1].holds(item);
    case Kind::kNot:
      return !parts[0].holds(item);
    case Kind::kComparison:
      return compares(*this, item);
    case Kind::kExists:
      return left.in(item) != nullptr;
    case Kind::kNotExists:
      return left.in(item) == nullptr;
  }
  return false;
}

std::variant<Condition, ApiError> parse_condition(std::string_view text,
                                                  Placeholders& placeholders) {
  ConditionReader reader(text, placeholders);
  Condition condition = reader.read();
  if (reader.error()) return *reader.error();
  return condition;
}

}  // namespace sim::dynamodb
