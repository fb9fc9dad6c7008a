// JsonWriter: a JSON text by appending to one string, for requests of the hot path. The caller
// writes the brackets and commas; every text of somebody else's goes through text().
#pragma once

#include "base/json.h"
#include "base/result.h"

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace aws {

class JsonWriter {
 public:
  explicit JsonWriter(std::size_t bytes_expected) { out_.reserve(bytes_expected); }

  JsonWriter& raw(std::string_view json) {
    out_ += json;
    return *this;
  }
  JsonWriter& text(std::string_view text) {
    utf8_ = base::append_json_text(out_, text) && utf8_;
    return *this;
  }
  JsonWriter& number(long long value) {
    const fmt::format_int digits(value);
    out_.append(digits.data(), digits.size());
    return *this;
  }

  // kInvalid when one of the texts was not UTF-8. Once.
  base::Result<std::string> finish(std::string_view what) {
    if (utf8_) return std::move(out_);
    return base::invalid(fmt::format("{}: the text is not valid UTF-8", what));
  }

 private:
  std::string out_;
  bool utf8_ = true;
};

}  // namespace aws
