#include "base/result.h"

#include <fmt/format.h>

namespace base {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kRetry:
      return "retry";
    case ErrorKind::kThrottled:
      return "throttled";
    case ErrorKind::kNotFound:
      return "not-found";
    case ErrorKind::kDenied:
      return "denied";
    case ErrorKind::kInvalid:
      return "invalid";
    case ErrorKind::kFatal:
      return "fatal";
  }
  return "unknown";
}

std::string Error::to_string() const {
  std::string text = code.empty() ? message : fmt::format("{}: {}", code, message);
  if (!request_id.empty()) text += fmt::format(" (request {})", request_id);
  return text;
}

Error Error::while_doing(std::string_view context) const {
  Error copy = *this;
  copy.message = fmt::format("{}: {}", context, message);
  return copy;
}

Error invalid(std::string message) {
  return {ErrorKind::kInvalid, "Invalid", std::move(message), {}};
}
Error fatal(std::string message) { return {ErrorKind::kFatal, "Fatal", std::move(message), {}}; }

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw BadResult(error.to_string());
}

}  // namespace base
