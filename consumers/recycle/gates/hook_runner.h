// Runs a hook of the worker's configuration: an HTTP POST or a program.
//
// At least once: the journal that says so is written after it, so a run that is resumed in between
// runs it again, with the same idempotency key (header Idempotency-Key, member "key").
#pragma once

#include "consumers/recycle/action.h"
#include "consumers/recycle/consumer.h"
#include "consumers/recycle/snapshot.h"

#include <boost/asio/awaitable.hpp>

namespace consumers::recycle {

struct HookOutcome {
  WriteJournal write;   // what follows: the journal of a run that goes on, or that gives up
  std::string failure;  // empty: it ran
};

// Tries at most kHookAttempts times, each within the hook's timeout. A 4xx answer but 408 and 429
// is final at once. `snapshot` is the group as last read.
boost::asio::awaitable<HookOutcome> run_hook(Services services, RunHook hook, Snapshot snapshot);

inline constexpr int kHookAttempts = 3;
inline constexpr base::Duration kHookPause{2'000};  // before the second attempt; then twice that

}  // namespace consumers::recycle
