// JobLog: the lines that one run of a job writes, kept within bounds and without secrets.
#pragma once

#include "base/clock.h"
#include "base/secret.h"

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace consumers::oncall {

struct LogLine {
  base::TimePoint time;
  std::string text;  // one line of UTF-8 without control characters
};

// When it is full the oldest lines go, and the first line says how many went: the end of a log says
// why something failed.
class JobLog {
 public:
  static constexpr std::size_t kBytesMax = 256 * 1024;
  static constexpr std::size_t kLineBytesMax = 4 * 1024;  // the rest of a longer line is cut

  explicit JobLog(const base::Clock& clock) : clock_(&clock) {}

  // A text of several lines becomes several lines.
  void line(std::string_view text);
  // From now on every occurrence is written as "***", in lines and by redacted(). Not where it has
  // fewer than four bytes: that would be in every word.
  void hide(base::Secret secret);
  std::string redacted(std::string_view text) const;

  const std::deque<LogLine>& lines() const { return lines_; }
  std::size_t bytes() const { return bytes_; }
  std::size_t dropped() const { return dropped_; }  // lines
  // "2026-01-02T03:04:05Z text\n"..., with a first line for what was dropped.
  std::string text() const;

 private:
  void append(std::string_view text);
  void hide_text(std::string text);

  const base::Clock* clock_;
  std::vector<base::Secret> secrets_;
  std::deque<LogLine> lines_;
  std::size_t bytes_ = 0;
  std::size_t dropped_ = 0;
};

}  // namespace consumers::oncall
