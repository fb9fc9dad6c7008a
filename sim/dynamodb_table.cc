#include "sim/dynamodb_table.h"

#include "sim/arguments.h"
#include "sim/dynamodb_values.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim::dynamodb {

namespace {

constexpr std::size_t kPartitionKeyBytesMax = 2048;
constexpr std::size_t kSortKeyBytesMax = 1024;

}  // namespace

bool Table::is_key(const std::string& attribute) const {
  return std::ranges::find(key_, attribute, &KeyAttribute::name) != key_.end();
}

std::optional<ApiError> Table::check_key_value(const KeyAttribute& attribute,
                                               const Json& value) const {
  const bool partition = &attribute == &key_.front();
  const std::string& text = value.begin()->get_ref<const std::string&>();
  if (text.empty()) {
    return validation(
        fmt::format("One or more parameter values are not valid. The AttributeValue for a key "
                    "attribute cannot contain an empty {} value. Key: {}",
                    attribute.type == "B" ? "binary" : "string", attribute.name));
  }
  if (text.size() > (partition ? kPartitionKeyBytesMax : kSortKeyBytesMax)) {
    return validation(fmt::format(
        "One or more parameter values were invalid: {}",
        partition ? "Size of hashkey has exceeded the maximum size limit of2048 bytes"
                  : "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"));
  }
  return std::nullopt;
}

std::optional<ApiError> Table::check_item(const Json& item) const {
  for (const KeyAttribute& attribute : key_) {
    const auto value = item.find(attribute.name);
    if (value == item.end()) {
      return validation(
          fmt::format("One or more parameter values were invalid: Missing the key {} in the item",
                      attribute.name));
    }
    if (type_of(*value) != attribute.type) {
      return validation(fmt::format(
          "One or more parameter values were invalid: Type mismatch for key {} expected: {} "
          "actual: {}",
          attribute.name, attribute.type, type_of(*value)));
    }
    if (auto error = check_key_value(attribute, *value)) return error;
  }
  return std::nullopt;
}

std::optional<ApiError> Table::check_key(const Json& key) const {
  const bool matches =
      key.size() == key_.size() && std::ranges::all_of(key_, [&](const KeyAttribute& attribute) {
        const auto value = key.find(attribute.name);
        return value != key.end() && type_of(*value) == attribute.type;
      });
  if (!matches) return validation("The provided key element does not match the schema");
  return check_item(key);
}

std::string Table::text_of_key(const Json& item) const {
  Json text = Json::array();
  for (const KeyAttribute& attribute : key_) {
    const std::string value = item.at(attribute.name).begin()->get<std::string>();
    text.push_back(attribute.type == "N" ? canonical_number(value).value_or(value) : value);
  }
  return text.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool Table::is_gone(const Json& item, base::TimePoint now) const {
  const auto value = ttl_attribute_.empty() ? item.end() : item.find(ttl_attribute_);
  if (value == item.end() || type_of(*value) != "N") return false;
  const auto seconds = parse_integer(value->begin()->get<std::string>());
  const auto late = std::chrono::floor<std::chrono::seconds>(now - kTimeToLiveLag);
  return seconds && *seconds < late.time_since_epoch().count();
}

const Json* Table::find(const Json& key_or_item, base::TimePoint now) {
  const auto found = items_.find(text_of_key(key_or_item));
  if (found == items_.end()) return nullptr;
  if (is_gone(found->second, now)) {
    items_.erase(found);
    return nullptr;
  }
  return &found->second;
}

void Table::put(Json item) {
  std::string key = text_of_key(item);
  items_.insert_or_assign(std::move(key), std::move(item));
}

void Table::erase(const Json& key_or_item) { items_.erase(text_of_key(key_or_item)); }

Json Table::describe(const std::string& status) const {
  Json description = description_;
  description["TableStatus"] = status;
  description["ItemCount"] = items_.size();
  std::size_t bytes = 0;
  for (const auto& [key, item] : items_) bytes += size_of(item);
  description["TableSizeBytes"] = bytes;
  return description;
}

}  // namespace sim::dynamodb
