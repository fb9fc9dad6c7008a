// Summary: what a replay did, in numbers, while it runs and at its end.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dlq {

enum class Ended {
  kRunning,
  kDone,     // everything that was meant is back, or was looked at
  kLimit,    // --max was reached
  kStopped,  // asked to
  kCanary,   // the canary came back
  kFailed,   // see error
};
const char* to_string(Ended ended);

struct Summary {
  std::string queue;
  std::string run;
  Ended ended = Ended::kRunning;
  bool dry_run = false;
  bool move_task = false;  // done by SQS itself: the counts are its approximations
  long long depth = 0;     // of the queue at the start, approximate
  std::size_t looked_at = 0;
  std::size_t matched = 0;
  std::size_t sent = 0;         // by this process
  std::size_t deleted = 0;      // likewise
  std::size_t sent_before = 0;  // by earlier ones of the same run, as its checkpoint says
  std::size_t kept = 0;         // not meant
  std::size_t newer = 0;        // came after the run began
  std::size_t came_back = 0;
  std::size_t failed = 0;          // meant, but could not be sent; still in the dead-letter queue
  std::size_t no_target = 0;       // likewise, because nothing says where to
  std::size_t possibly_twice = 0;  // at most so many were sent twice
  std::size_t undeleted = 0;     // sent, but still in the dead-letter queue: --resume deletes them
  std::size_t not_returned = 0;  // kept, but come back only after their visibility
  long long elsewhere = 0;       // in somebody else's hands at the end, not looked at
  long long blocked = 0;         // not handed out by SQS at the end
  std::map<std::string, std::size_t> by_kind;    // of what matched; bounded
  std::map<std::string, std::size_t> by_target;  // likewise
  std::vector<std::string> problems;             // the first few, for people
  std::optional<base::Error> error;              // why it failed
};

inline constexpr std::size_t kNamesMax = 100;  // of by_kind and by_target
inline constexpr std::size_t kProblemsMax = 10;

// Whether something that was meant is still in the dead-letter queue, or could not be looked at.
bool leaves_something(const Summary& summary);
void count(std::map<std::string, std::size_t>& counts, const std::string& name);
void add_problem(Summary& summary, const std::string& text);
std::string to_json(const Summary& summary);

}  // namespace dlq
