// Import: sends letters from lines of an export. Everything is verified before anything is sent.
#pragma once

#include "dlq/ndjson.h"
#include "dlq/stop.h"
#include "dlq/targets.h"
#include "dlq/walk.h"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace dlq {

struct ImportOptions {
  std::string run;  // stable for the same lines, so that FIFO queues know a second import
  // To one queue, as they were, our attributes included; empty: each to its own source, as a
  // replay sends it.
  std::string to;
  std::size_t skip = 0;  // lines from the beginning that are verified but not sent
  double rate = 0;
};

struct Imported {
  std::size_t lines = 0;
  std::size_t sent = 0;  // the first `skip + sent` lines are dealt with
  std::size_t possibly_twice = 0;
  std::optional<base::Error> error;  // why it stopped before the end
};

// `next_line` gives each line once, false at the end; `rewind` begins again. Errors: kInvalid with
// the number of the line that does not verify; nothing was sent then.
struct LineSource {
  std::function<bool(std::string&)> next_line;
  std::function<void()> rewind;
};
boost::asio::awaitable<base::Result<Imported>> import_letters(Context context, LineSource source,
                                                              ImportOptions options,
                                                              const Stop& stop);

}  // namespace dlq
