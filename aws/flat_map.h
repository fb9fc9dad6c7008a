// FlatMap: a few named values, sorted by name in one vector. Three words when empty, which a
// message's attributes nearly always are; std::map would be six, and a node for every entry.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aws {

template <class Value>
class FlatMap {
 public:
  using value_type = std::pair<std::string, Value>;
  using const_iterator = typename std::vector<value_type>::const_iterator;

  FlatMap() = default;
  // The first of two equal names stays, as in std::map.
  FlatMap(std::initializer_list<value_type> entries) {
    for (const auto& [name, value] : entries) emplace(name, value);
  }

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  const_iterator begin() const { return entries_.begin(); }
  const_iterator end() const { return entries_.end(); }

  const_iterator find(std::string_view name) const {
    const auto at = lower_bound(name);
    return at != end() && at->first == name ? at : end();
  }
  bool contains(std::string_view name) const { return find(name) != end(); }
  // Throws std::out_of_range.
  const Value& at(std::string_view name) const {
    const auto found = find(name);
    if (found == end()) throw std::out_of_range("no entry '" + std::string(name) + "'");
    return found->second;
  }

  // Moves what lies behind it: meant for a few dozen entries at most.
  Value& operator[](std::string_view name) {
    auto at = entries_.begin() + (lower_bound(name) - begin());
    if (at == entries_.end() || at->first != name) {
      at = entries_.emplace(at, std::string(name), Value());
    }
    return at->second;
  }
  // False if the name is there already; its value stays.
  bool emplace(std::string_view name, Value value) {
    const auto at = lower_bound(name);
    if (at != end() && at->first == name) return false;
    entries_.emplace(at, std::string(name), std::move(value));
    return true;
  }

  friend bool operator==(const FlatMap&, const FlatMap&) = default;

 private:
  const_iterator lower_bound(std::string_view name) const {
    return std::ranges::lower_bound(
        entries_, name, {}, [](const value_type& entry) { return std::string_view(entry.first); });
  }

  std::vector<value_type> entries_;
};

}  // namespace aws
