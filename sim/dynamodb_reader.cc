#include "sim/dynamodb_reader.h"

#include "sim/dynamodb_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

namespace sim::dynamodb {

namespace {

constexpr std::size_t kExpressionBytesMax = 4096;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool same_word(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](unsigned char a, unsigned char b) {
    return std::toupper(a) == std::toupper(b);
  });
}

std::vector<std::string> unused_of(const Json& defined, const std::set<std::string>& used) {
  std::vector<std::string> names;
  for (const auto& [name, value] : defined.items()) {
    if (!used.contains(name)) names.push_back(name);
  }
  return names;
}

}  // namespace

const Json* Placeholders::name(const std::string& placeholder) {
  const auto found = names_.find(placeholder);
  if (found == names_.end() || !found->is_string()) return nullptr;
  used_.insert(placeholder);
  return &*found;
}

const Json* Placeholders::value(const std::string& placeholder) {
  const auto found = values_.find(placeholder);
  if (found == values_.end()) return nullptr;
  used_.insert(placeholder);
  return &*found;
}

std::optional<ApiError> Placeholders::unused() const {
  for (const auto& [what, defined] : {std::pair{"Names", &names_}, std::pair{"Values", &values_}}) {
    if (const auto names = unused_of(*defined, used_); !names.empty()) {
      return validation(
          fmt::format("Value provided in ExpressionAttribute{} unused in expressions: keys: {{{}}}",
                      what, fmt::join(names, ", ")));
    }
  }
  return std::nullopt;
}

const Json* Operand::in(const Json& item) const {
  if (attribute.empty()) return &value;
  const auto found = item.find(attribute);
  return found == item.end() ? nullptr : &*found;
}

ExpressionReader::ExpressionReader(std::string kind, std::string_view text,
                                   Placeholders& placeholders)
    : kind_(std::move(kind)), text_(text), placeholders_(placeholders) {
  if (text_.size() > kExpressionBytesMax) {
    fail(fmt::format("Expression size has exceeded the maximum allowed size; expression size: {}",
                     text_.size()));
    text_.clear();
  }
  tokenize();
  if (at_end()) fail("The expression can not be empty;");
}

void ExpressionReader::tokenize() {
  for (std::size_t at = 0; at < text_.size();) {
    if (is_blank(text_[at])) {
      ++at;
      continue;
    }
    Token token{Token::Kind::kSymbol, {}, at};
    std::size_t end = at + 1;
    const bool placeholder = text_[at] == '#' || text_[at] == ':';
    if (placeholder || std::isalnum(static_cast<unsigned char>(text_[at])) != 0) {
      while (end < text_.size() && is_word(text_[end])) ++end;
      token.kind = text_[at] == '#'   ? Token::Kind::kName
                   : text_[at] == ':' ? Token::Kind::kValue
                                      : Token::Kind::kWord;
    } else if (const auto two = std::string_view(text_).substr(at, 2);
               two == "<=" || two == ">=" || two == "<>") {
      end = at + 2;
    }
    token.text = text_.substr(at, end - at);
    tokens_.push_back(std::move(token));
    at = end;
  }
  tokens_.push_back({Token::Kind::kEnd, "<EOF>", text_.size()});
}

const ExpressionReader::Token& ExpressionReader::peek(std::size_t ahead) const {
  // After an error nothing more is read.
  return error_ ? tokens_.back() : tokens_[std::min(next_ + ahead, tokens_.size() - 1)];
}

ExpressionReader::Token ExpressionReader::take() {
  Token token = peek();
  if (next_ + 1 < tokens_.size()) ++next_;
  return token;
}

bool ExpressionReader::take_symbol(std::string_view symbol) {
  if (peek().kind != Token::Kind::kSymbol || peek().text != symbol) return false;
  take();
  return true;
}

void ExpressionReader::expect_symbol(std::string_view symbol) {
  if (!take_symbol(symbol)) fail_at_token();
}

bool ExpressionReader::is_keyword(std::string_view keyword) const {
  return peek().kind == Token::Kind::kWord && same_word(peek().text, keyword);
}

bool ExpressionReader::take_keyword(std::string_view keyword) {
  if (!is_keyword(keyword)) return false;
  take();
  return true;
}

std::string ExpressionReader::read_attribute() {
  std::string attribute;
  if (peek().kind == Token::Kind::kName) {
    const std::string placeholder = take().text;
    const Json* name = placeholders_.name(placeholder);
    if (name == nullptr) {
      fail(
          fmt::format("An expression attribute name used in the document path is not defined; "
                      "attribute name: {}",
                      placeholder));
      return {};
    }
    attribute = name->get<std::string>();
  } else if (peek().kind == Token::Kind::kWord) {
    attribute = take().text;
  } else {
    fail_at_token();
    return {};
  }
  if (peek().text == "." || peek().text == "[") not_simulated("a path into a document");
  return attribute;
}

Operand ExpressionReader::read_operand() {
  if (peek().kind == Token::Kind::kWord && peek(1).text == "(") {
    not_simulated("the function " + peek().text + " in this place");
    return {};
  }
  if (peek().kind != Token::Kind::kValue) return {read_attribute(), {}};
  const std::string placeholder = take().text;
  const Json* value = placeholders_.value(placeholder);
  if (value == nullptr) {
    fail(fmt::format(
        "An expression attribute value used in expression is not defined; attribute value: {}",
        placeholder));
    return {};
  }
  return {{}, *value};
}

void ExpressionReader::fail(const std::string& problem) {
  if (!error_) error_ = validation(fmt::format("Invalid {}: {}", kind_, problem));
}

void ExpressionReader::fail_at_token() {
  if (error_) return;
  const Token& before = tokens_[next_ == 0 ? 0 : next_ - 1];
  const Token& after = tokens_[std::min(next_ + 1, tokens_.size() - 1)];
  const std::size_t end =
      after.kind == Token::Kind::kEnd ? text_.size() : after.at + after.text.size();
  std::string near = text_.substr(before.at, end - before.at);
  while (!near.empty() && is_blank(near.back())) near.pop_back();
  fail(fmt::format("Syntax error; token: \"{}\", near: \"{}\"", peek().text, near));
}

void ExpressionReader::not_simulated(const std::string& what) {
  fail(fmt::format("{} is not simulated", what));
}

}  // namespace sim::dynamodb
