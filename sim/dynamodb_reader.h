// ExpressionReader: the tokens of a DynamoDB expression and what conditions and updates share.
//
// Never throws; the first thing that is wrong is kept in AWS's own words and everything after it
// reads as empty. Attributes are top-level only: a path with "." or "[0]" is refused as not
// simulated, and the names that DynamoDB reserves are not known here.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
#pragma once

#include "sim/service.h"

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sim::dynamodb {

// ExpressionAttributeNames and -Values of one request, and which of them the expressions used.
class Placeholders {
 public:
  Placeholders(Json names, Json values) : names_(std::move(names)), values_(std::move(values)) {}

  // nullptr: not defined. Marks it as used.
  const Json* name(const std::string& placeholder);
  const Json* value(const std::string& placeholder);
  // AWS's refusal when something was defined but never used.
  std::optional<ApiError> unused() const;

 private:
  Json names_;   // {"#a": "attribute"}
  Json values_;  // {":b": {"S": "text"}}
  std::set<std::string> used_;
};

// An attribute of the item, or a value of the request.
struct Operand {
  std::string attribute;  // empty: a value
  Json value;

  // nullptr: the item does not have it.
  const Json* in(const Json& item) const;
};

class ExpressionReader {
 public:
  // `kind` as AWS names it: "ConditionExpression".
  ExpressionReader(std::string kind, std::string_view text, Placeholders& placeholders);

  const std::optional<ApiError>& error() const { return error_; }

 protected:
  struct Token {
    enum class Kind { kEnd, kWord, kName, kValue, kSymbol };
    Kind kind = Kind::kEnd;
    std::string text;
    std::size_t at = 0;
  };

  const Token& peek(std::size_t ahead = 0) const;
  bool at_end() const { return peek().kind == Token::Kind::kEnd; }
  Token take();
  bool take_symbol(std::string_view symbol);
  void expect_symbol(std::string_view symbol);
  bool is_keyword(std::string_view keyword) const;  // in any case
  bool take_keyword(std::string_view keyword);

  std::string read_attribute();
  Operand read_operand();

  void fail(const std::string& problem);  // "Invalid ConditionExpression: <problem>"
  void fail_at_token();                   // a syntax error at peek()
  void not_simulated(const std::string& what);

 private:
  void tokenize();

  std::string kind_;
  std::string text_;
  Placeholders& placeholders_;
  std::vector<Token> tokens_;
  std::size_t next_ = 0;
  std::optional<ApiError> error_;
};

}  // namespace sim::dynamodb
