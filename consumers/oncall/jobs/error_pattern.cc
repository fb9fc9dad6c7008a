#include "consumers/oncall/jobs/error_pattern.h"

#include <algorithm>

namespace consumers::oncall {

namespace {

constexpr std::size_t kLineMax = 2'000;   // more of a line is not looked at
constexpr std::size_t kPatternMax = 300;  // and more of a pattern not kept
constexpr std::size_t kExampleMax = 1'000;
constexpr std::size_t kHexMin = 8;        // so many hex digits in a row are an id
constexpr std::size_t kStreamsMax = 100;  // remembered of one pattern

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// The first line that has anything in it.
std::string_view first_line(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (!std::ranges::all_of(line, is_blank)) return line;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

// A word with digits in it, joined by what ids, times and addresses are joined by: where it ends.
// 0: none begins here.
std::size_t joined_end(std::string_view line, std::size_t from) {
  std::size_t end = from;
  const auto joins = [&](std::size_t at) {
    return (line[at] == '-' || line[at] == ':' || line[at] == '.' || line[at] == '/') &&
           at + 1 < line.size() && is_word(line[at + 1]) && at > from;
  };
  while (end < line.size() && (is_word(line[end]) || joins(end))) ++end;
  return end;
}

bool has_long_hex(std::string_view token) {
  std::size_t run = 0;
  bool digit = false;
  for (const char c : token) {
    run = is_hex(c) ? run + 1 : 0;
    digit = (digit && run > 0) || is_digit(c);
    if (run >= kHexMin && digit) return true;
  }
  return false;
}

// 2026-01-02T03:04:05.678Z, 03:04:05, 10.0.3.4:8080: digits on both sides of a joint, three times.
bool is_time_or_address(std::string_view token) {
  int joints = 0;
  for (std::size_t i = 1; i + 1 < token.size(); ++i) {
    const bool joint = token[i] == '-' || token[i] == ':' || token[i] == '.';
    if (joint && is_digit(token[i - 1]) && is_digit(token[i + 1])) ++joints;
  }
  return joints >= 2;
}

// Digits of a word that is no id: "node7" -> "node<n>", "30.5s" -> "<n>s".
void append_numbered(std::string& out, std::string_view token) {
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (!is_digit(token[i])) {
      out += token[i];
      continue;
    }
    while (i + 1 < token.size() &&
           (is_digit(token[i + 1]) ||
            (token[i + 1] == '.' && i + 2 < token.size() && is_digit(token[i + 2])))) {
      ++i;
    }
    out += "<n>";
  }
}

void append_token(std::string& out, std::string_view token) {
  if (has_long_hex(token) || is_time_or_address(token)) {
    out += "<id>";
  } else {
    append_numbered(out, token);
  }
}

}  // namespace

std::string error_pattern(std::string_view text) {
  const std::string_view line = first_line(text.substr(0, kLineMax));
  std::string out;
  for (std::size_t i = 0; i < line.size();) {
    const char c = line[i];
    if (is_blank(c)) {
      if (!out.empty() && out.back() != ' ') out += ' ';
      ++i;
    } else if (c == '"' || c == '\'') {
      // An apostrophe inside a word is none.
      const std::size_t close = line.find(c, i + 1);
      const bool opens = i == 0 || !is_word(line[i - 1]);
      if (close == std::string_view::npos || !opens) {
        out += c;
        ++i;
      } else {
        out += "<text>";
        i = close + 1;
      }
    } else if (is_word(c)) {
      const std::size_t end = joined_end(line, i);
      append_token(out, line.substr(i, end - i));
      i = end;
    } else {
      out += c;
      ++i;
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  if (out.size() > kPatternMax) out.resize(kPatternMax);
  return out;
}

void ErrorPatterns::add(base::TimePoint time, const std::string& stream, const std::string& line) {
  std::string text = error_pattern(line);
  auto found = seen_.find(text);
  if (found == seen_.end()) {
    if (seen_.size() == kPatternsMax) {
      ++others_;
      return;
    }
    Pattern pattern{text, 0, time, time, line.substr(0, kExampleMax), 0};
    found = seen_.emplace(std::move(text), Seen{std::move(pattern), {}}).first;
  }
  Seen& seen = found->second;
  ++seen.pattern.count;
  seen.pattern.first_seen = std::min(seen.pattern.first_seen, time);
  seen.pattern.last_seen = std::max(seen.pattern.last_seen, time);
  if (seen.streams.size() < kStreamsMax) seen.streams.insert(stream);
}

std::vector<ErrorPatterns::Pattern> ErrorPatterns::top(std::size_t most) const {
  std::vector<Pattern> patterns;
  for (const auto& [text, seen] : seen_) {
    patterns.push_back(seen.pattern);
    patterns.back().streams = seen.streams.size();
  }
  std::ranges::stable_sort(patterns, [](const Pattern& a, const Pattern& b) {
    return a.count != b.count ? a.count > b.count : a.last_seen > b.last_seen;
  });
  if (patterns.size() > most) patterns.resize(most);
  return patterns;
}

}  // namespace consumers::oncall
