// DynamoDB over AWS JSON 1.0: conditional writes of single items, which is all that is used.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/
#pragma once

#include "aws/caller.h"

#include <boost/asio/awaitable.hpp>

#include <compare>
#include <cstdint>
#include <map>
#include <string>

namespace aws {

// A string (S) or a number (N, as text: DynamoDB's numbers have 38 digits).
struct AttributeValue {
  enum class Type { kString, kNumber };
  Type type = Type::kString;
  std::string text;
  friend auto operator<=>(const AttributeValue&, const AttributeValue&) = default;
};
AttributeValue string_value(std::string text);
AttributeValue number_value(std::int64_t number);

using Item = std::map<std::string, AttributeValue>;

// One write that happens only if its condition holds at that moment. Sent again as it is when an
// answer was lost, so the condition must hold (or its failure be understood) after its own effect.
struct ConditionalWrite {
  std::string table;
  Item item;              // PutItem: the whole item; UpdateItem, DeleteItem: its key
  std::string update;     // UpdateItem: "SET #a = :b REMOVE #c"
  std::string condition;  // "attribute_not_exists(#a) OR #b < :c"
  std::map<std::string, std::string> names;  // "#a" -> attribute; so that none is a reserved word
  Item values;                               // ":b" -> value
};

struct WriteOutcome {
  bool written = false;  // false: the condition did not hold
  // The item as it was found when the condition did not hold (it comes with the refusal, without a
  // read): its strings and numbers. Empty: there was none, or the server does not send it.
  Item found;
};

class DynamoDb {
 public:
  explicit DynamoDb(Caller& caller) : caller_(caller) {}

  // Errors: kNotFound for a table that does not exist, kInvalid for a malformed expression or an
  // item of more than 400 KB, kThrottled when capacity is exceeded.
  boost::asio::awaitable<base::Result<WriteOutcome>> put_item(ConditionalWrite write);
  boost::asio::awaitable<base::Result<WriteOutcome>> update_item(ConditionalWrite write);
  boost::asio::awaitable<base::Result<WriteOutcome>> delete_item(ConditionalWrite write);

 private:
  Caller& caller_;
};

}  // namespace aws
