// Logging facade: one static sentence plus key=value fields.
//
//   base::log_info("worker", "message handled", {{"queue", name}, {"attempt", 2}});
//
// The sentence never varies, so it can be searched for; what varies goes into fields. Never a body,
// a header or a secret (a Secret does not convert to a field). Only a main() configures the sink.
#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace base {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kText, kJson };

struct LogField {
  std::string_view key;
  std::string value;

  template <class T>
  LogField(std::string_view name, const T& field) : key(name), value(fmt::format("{}", field)) {}
};

using LogFields = std::vector<LogField>;

// To standard error. Without this call nothing below kWarn is written.
void configure_log(LogLevel threshold, LogFormat format);
bool log_enabled(LogLevel level);

void log(LogLevel level, std::string_view logger, std::string_view sentence,
         const LogFields& fields = {});

inline void log_debug(std::string_view l, std::string_view s, const LogFields& f = {}) {
  log(LogLevel::kDebug, l, s, f);
}
inline void log_info(std::string_view l, std::string_view s, const LogFields& f = {}) {
  log(LogLevel::kInfo, l, s, f);
}
inline void log_warn(std::string_view l, std::string_view s, const LogFields& f = {}) {
  log(LogLevel::kWarn, l, s, f);
}
inline void log_error(std::string_view l, std::string_view s, const LogFields& f = {}) {
  log(LogLevel::kError, l, s, f);
}

// One line of the log without time and sink: for tests and for the sink itself.
std::string render_log_line(LogFormat format, LogLevel level, std::string_view logger,
                            std::string_view sentence, const LogFields& fields,
                            std::string_view time);

}  // namespace base
