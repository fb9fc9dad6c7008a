#include "consumers/oncall/job_log.h"

#include "base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace consumers::oncall {
namespace {

constexpr std::size_t kLineOverhead = sizeof(LogLine);
// Shorter ones would turn every text into stars.
constexpr std::size_t kSecretBytesMin = 4;
constexpr std::size_t kSecretLineBytesMin = 8;
constexpr std::size_t kSecretsMax = 256;
constexpr std::string_view kStars = "***";

// Bytes of the well-formed UTF-8 sequence at the start of `text`; 0 if there is none.
std::size_t sequence_at(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continued = [&](std::size_t count) {
    if (text.size() <= count) return false;
    for (std::size_t i = 1; i <= count; ++i) {
      if ((byte(i) & 0xC0U) != 0x80U) return false;
    }
    return true;
  };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continued(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!continued(2)) return 0;
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    return first == 0xED && byte(1) > 0x9F ? 0 : 3;  // surrogates
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!continued(3)) return 0;
    if (first == 0xF0 && byte(1) < 0x90) return 0;
    return first == 0xF4 && byte(1) > 0x8F ? 0 : 4;
  }
  return 0;
}

// Whatever a program printed, as one line that every log takes.
std::string printable(std::string_view text, std::size_t bytes_max) {
  std::string line;
  while (!text.empty() && line.size() < bytes_max) {
    const std::size_t bytes = sequence_at(text);
    if (bytes == 0) {
      line += '?';
    } else if (bytes > 1 || (text.front() >= ' ' && text.front() != '\x7f')) {
      line += text.substr(0, bytes);
    } else {
      line += ' ';
    }
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  if (!text.empty()) line += "...";
  return line;
}

}  // namespace

void JobLog::line(std::string_view text) {
  // The whole text first: a secret may have line breaks in it.
  const std::string safe = redacted(text);
  std::string_view rest = safe;
  while (rest.ends_with('\n')) rest.remove_suffix(1);
  for (;;) {
    const auto end = std::min(rest.find('\n'), rest.size());
    append(rest.substr(0, end));
    if (end == rest.size()) return;
    rest.remove_prefix(end + 1);
  }
}

void JobLog::append(std::string_view text) {
  LogLine entry{clock_->now(), printable(text, kLineBytesMax)};
  bytes_ += entry.text.size() + kLineOverhead;
  lines_.push_back(std::move(entry));
  while (bytes_ > kBytesMax && lines_.size() > 1) {
    bytes_ -= lines_.front().text.size() + kLineOverhead;
    lines_.pop_front();
    ++dropped_;
  }
}

void JobLog::hide(base::Secret secret) {
  const std::string& value = secret.expose();
  hide_text(value);
  // As it looks inside JSON, and line by line where it has several.
  std::string escaped;
  if (base::append_json_text(escaped, value)) hide_text(escaped.substr(1, escaped.size() - 2));
  for (std::size_t from = 0; value.find('\n') != std::string::npos && from < value.size();) {
    const std::size_t to = std::min(value.find('\n', from), value.size());
    if (to - from >= kSecretLineBytesMin) hide_text(value.substr(from, to - from));
    from = to + 1;
  }
  // Where one holds another, the longer one has to be looked for first.
  std::ranges::sort(secrets_, std::greater<>(),
                    [](const base::Secret& one) { return one.expose().size(); });
}

void JobLog::hide_text(std::string text) {
  base::Secret secret(std::move(text));
  const bool known = std::ranges::find(secrets_, secret) != secrets_.end();
  if (known || secret.expose().size() < kSecretBytesMin || secrets_.size() == kSecretsMax) return;
  secrets_.push_back(std::move(secret));
}

std::string JobLog::redacted(std::string_view text) const {
  std::string safe(text);
  for (const base::Secret& secret : secrets_) {
    const std::string& value = secret.expose();
    auto found = safe.find(value);
    if (found == std::string::npos) continue;
    std::string without;
    std::size_t from = 0;
    for (; found != std::string::npos; found = safe.find(value, from)) {
      without.append(safe, from, found - from).append(kStars);
      from = found + value.size();
    }
    safe = without.append(safe, from);
  }
  return safe;
}

std::string JobLog::text() const {
  std::string text;
  if (dropped_ > 0) text = fmt::format("... {} earlier lines were dropped\n", dropped_);
  for (const LogLine& line : lines_) {
    text += fmt::format("{} {}\n", base::format_rfc3339(line.time), line.text);
  }
  return text;
}

}  // namespace consumers::oncall
