// Result<T> and Error: how every fallible operation of this project answers.
//
// A Result holds a T or an Error; nothing throws for what can happen at run time. Exceptions are
// left for bugs, for start-up configuration and for cancellation (operation_aborted) that unwinds
// coroutines. Error::kind says what to do next; Error::code keeps the exact name the server used.
#pragma once

#include <boost/system/result.hpp>
#include <boost/throw_exception.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

namespace base {

enum class ErrorKind {
  kRetry,      // transient: the same request may succeed later
  kThrottled,  // transient, and the server asks to slow down
  kNotFound,   // the thing named does not exist (or not yet)
  kDenied,     // credentials or permissions: retrying changes nothing
  kInvalid,    // the request or the input is wrong: retrying changes nothing
  kFatal,      // anything else that will not heal by itself
};

std::string_view to_string(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::kFatal;
  std::string code;        // the server's code ("ValidationError"), or a short name of ours
  std::string message;     // one line for a person; never a secret, a header or a body
  std::string request_id;  // AWS's request id where there is one

  // "receiving from queue x: Throttling: Rate exceeded (request 7f..)"
  std::string to_string() const;
  // Adds what was being done, in -ing form, in front of the message.
  Error while_doing(std::string_view context) const;
  bool is_transient() const { return kind == ErrorKind::kRetry || kind == ErrorKind::kThrottled; }
};

template <class T>
using Result = boost::system::result<T, Error>;

Error invalid(std::string message);  // kInvalid with code "Invalid"
Error fatal(std::string message);    // kFatal with code "Fatal"

// What Result::value() throws when there is none: reading an unchecked error is a bug.
struct BadResult : std::logic_error {
  using std::logic_error::logic_error;
};
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location&);

}  // namespace base
