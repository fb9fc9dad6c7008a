// One simulated DynamoDB table: its key, its items by key, time to live.
#pragma once

#include "base/clock.h"
#include "sim/service.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sim::dynamodb {

class Table {
 public:
  // How long after its time an item is still there: AWS says "within a few days", and a reader must
  // not rely on it.
  static constexpr base::Duration kTimeToLiveLag = std::chrono::hours(1);

  struct KeyAttribute {
    std::string name;
    std::string type;  // "S", "N" or "B"
  };

  Table(std::string name, std::vector<KeyAttribute> key, Json description)
      : name_(std::move(name)), key_(std::move(key)), description_(std::move(description)) {}

  const std::string& name() const { return name_; }
  bool is_key(const std::string& attribute) const;
  // The key's text of an item that has all of the key's attributes, or of a key that has no others.
  // AWS's refusal otherwise.
  std::optional<ApiError> check_item(const Json& item) const;
  std::optional<ApiError> check_key(const Json& key) const;

  // nullptr: none, or its time to live has passed long enough ago.
  const Json* find(const Json& key_or_item, base::TimePoint now);
  void put(Json item);
  void erase(const Json& key_or_item);
  std::size_t size() const { return items_.size(); }

  void set_time_to_live(std::string attribute) { ttl_attribute_ = std::move(attribute); }
  const std::string& ttl_attribute() const { return ttl_attribute_; }  // empty: switched off

  Json describe(const std::string& status) const;

 private:
  std::string text_of_key(const Json& item) const;
  std::optional<ApiError> check_key_value(const KeyAttribute& attribute, const Json& value) const;
  bool is_gone(const Json& item, base::TimePoint now) const;

  std::string name_;
  std::vector<KeyAttribute> key_;  // the partition key, then perhaps the sort key
  Json description_;
  std::map<std::string, Json> items_;
  std::string ttl_attribute_;
};

}  // namespace sim::dynamodb
