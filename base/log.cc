#include "base/log.h"

#include "base/clock.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>

namespace base {

namespace {

struct State {
  LogLevel threshold = LogLevel::kWarn;
  LogFormat format = LogFormat::kText;
  std::shared_ptr<spdlog::logger> logger;

  State() {
    // spdlog is the sink only; lines come to it complete, so that both formats share one escaper.
    logger = std::make_shared<spdlog::logger>("autorecycle",
                                              std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_formatter(
        std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc, "\n"));
    logger->set_level(spdlog::level::trace);
    logger->flush_on(spdlog::level::trace);
  }
};

State& state() {
  static State instance;
  return instance;
}

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "unknown";
}

// JSON string content; control characters escaped so that one record is always one line.
void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text);
  out += '"';
}

bool needs_quotes(std::string_view text) {
  return text.empty() || text.find_first_of(" \"=\\\n\t\r") != std::string_view::npos;
}

}  // namespace

std::string render_log_line(LogFormat format, LogLevel level, std::string_view logger,
                            std::string_view sentence, const LogFields& fields,
                            std::string_view time) {
  std::string line;
  if (format == LogFormat::kText) {
    line = fmt::format("{} {:5} {}: {}", time, name_of(level), logger, sentence);
    for (const LogField& field : fields) {
      line += fmt::format(" {}=", field.key);
      if (needs_quotes(field.value)) {
        append_quoted(line, field.value);
      } else {
        append_escaped(line, field.value);
      }
    }
    return line;
  }
  line = fmt::format(R"({{"time":"{}","level":"{}","logger":"{}","message":)", time, name_of(level),
                     logger);
  append_quoted(line, sentence);
  for (const LogField& field : fields) {
    line += fmt::format(R"(,"{}":)", field.key);
    append_quoted(line, field.value);
  }
  line += '}';
  return line;
}

void configure_log(LogLevel threshold, LogFormat format) {
  state().threshold = threshold;
  state().format = format;
}

bool log_enabled(LogLevel level) { return level >= state().threshold; }

void log(LogLevel level, std::string_view logger, std::string_view sentence,
         const LogFields& fields) {
  if (!log_enabled(level)) return;
  const std::string time = format_rfc3339(RealClock().now());
  state().logger->log(spdlog::level::info, "{}",
                      render_log_line(state().format, level, logger, sentence, fields, time));
}

}  // namespace base
