// SQS's own move task in the place of a replay, where nothing is asked for that it cannot do: no
// requests of ours for the messages. It is started, followed, and cancelled when asked to.
#pragma once

#include "dlq/stop.h"
#include "dlq/summary.h"
#include "dlq/walk.h"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>

namespace dlq {

struct MoveOptions {
  std::string source_arn;
  std::string destination_arn;  // empty: each message's own source
  int rate = 0;                 // 0: as fast as SQS sees fit
  std::function<void(const Summary&)> progress;
};

// False in `taken`: this server has no such tasks, or the task cannot finish what is left (letters
// that SQS did not move itself have no source that it knows of); the rest is for a replay of ours.
struct Moved {
  bool taken = false;
  std::string why_not;
  Summary summary;
};

// kInvalid: another task of the queue is running. `summary.ended` says the rest.
boost::asio::awaitable<base::Result<Moved>> move_all(Context context, MoveOptions options,
                                                     const Stop& stop);

}  // namespace dlq
