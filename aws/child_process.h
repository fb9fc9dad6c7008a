// Child processes that are run for what they print, without a shell and beside the event loop.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace aws {

struct ProcessOutput {
  int exit_code = 0;  // 128 + N when signal N ended it
  std::string output;
  std::string errors;  // standard error, cut after ProcessLimits::bytes_max
};

inline constexpr std::size_t kProcessInputMax = 8U << 20U;

struct ProcessLimits {
  base::Duration timeout = std::chrono::seconds(60);
  std::size_t bytes_max = 64U << 10U;  // more on standard output is an error
  bool cut_output = false;             // more is thrown away instead
  // When the time is up the group is asked to end (SIGTERM) and killed this much later; 0: at once.
  base::Duration grace{0};
  std::string input;  // on standard input, at most kProcessInputMax; empty: /dev/null
  // Variables whose names begin with this are not handed on; empty: all are.
  std::string withheld_prefix;
};

// `words` is the program, searched in PATH if it has no slash, and its arguments.
using ProcessRunner =
    std::function<boost::asio::awaitable<base::Result<ProcessOutput>>(std::vector<std::string>)>;

// Runs it with the environment of this process, in a process group of its own that is killed when
// the time is up or the calling coroutine is cancelled. Errors: kFatal "CannotRun", kRetry
// "Timeout", kFatal "OutputTooLong"; they name the program, never arguments.
boost::asio::awaitable<base::Result<ProcessOutput>> run_process(base::Clock& clock,
                                                                std::vector<std::string> words,
                                                                ProcessLimits limits = {});

// Splits a command as the SDKs and a POSIX shell do, without running one: blanks separate, "..."
// and '...' hold together, a backslash takes the next character as it is (between double quotes
// only before " and \, between single quotes never). Errors: kInvalid for a quote that is not
// closed.
base::Result<std::vector<std::string>> split_command(std::string_view command);

// For showing what a program complained about: one line of at most `characters_max`, in which
// everything that could be a key or a token is "***".
std::string without_secrets(std::string_view text, std::size_t characters_max);

}  // namespace aws
