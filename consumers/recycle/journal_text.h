// The text of a journal: "run=ab12/strategy=out-in/phase=grow/...". Internal to the journal.
//
// Fields that hold their default are left out; bytes that could be mistaken, or that AWS may refuse
// in a tag, are written as "@" and two hex digits, a space as "+".
#pragma once

#include "consumers/recycle/journal.h"

#include <charconv>
#include <string>
#include <string_view>

namespace consumers::recycle {

std::string journal_text(const Journal& journal);
base::Result<Journal> journal_of_text(std::string_view text);

base::Error broken_journal(std::string_view problem);

template <class T>
bool read_number(std::string_view text, T low, T high, T& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number >= low &&
         number <= high;
}

}  // namespace consumers::recycle
