// Journal: what must survive a crash, kept on the group itself in tags under kJournalPrefix.
// Written before the first mutation, removed as the last one.
#pragma once

#include "base/clock.h"
#include "base/names.h"
#include "base/result.h"
#include "consumers/recycle/policy.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace consumers::recycle {

inline constexpr std::string_view kJournalPrefix = "autorecycle:journal";

enum class Phase {
  kGrow,     // out-in: new instances come and are proven; may still be undone completely
  kCull,     // out-in: old instances go; point of no return
  kSwap,     // in-out: one goes, its replacement comes
  kRestore,  // bounds, processes and protection go back to the original
};

std::string_view to_string(Phase phase);

struct Journal {
  std::string run_id;
  Strategy strategy = Strategy::kOutIn;
  Phase phase = Phase::kGrow;
  base::TimePoint started_at;
  int original_min = 0;
  int original_max = 0;
  int original_desired = 0;
  std::string target;                           // Target::describe() when it started
  std::optional<base::TimePoint> force_before;  // forced runs: launched before this is old
  std::vector<std::string> suspended;           // processes that we suspended
  bool protected_new = false;                   // we set scale-in protection on new instances
  base::InstanceId victim;                      // in-out: the one that goes now
  std::string failure;                          // why it is being restored; empty on success
  base::TimePoint phase_at;  // when this phase, or this swap, began: deadlines count from here
  bool hold = false;         // out-in-timed: all is proven, the window is awaited
  bool undo = false;         // restoring from before the point of no return: new ones go
  int desired_before = 0;    // in-out: desired before the victim was taken out
  std::optional<base::TimePoint> bake_from;  // alarms: all else was proven at this moment
  std::string hook;  // "start": the hook before the start is due; "end": the one after the end has
                     // run; else the instance whose hook before its termination has run

  friend bool operator==(const Journal&, const Journal&) = default;
};

// As tags: keys kJournalPrefix, kJournalPrefix + ":2", ...; values of at most 256 characters of the
// set that AWS allows in tag values (letters, digits, space, + - = . _ : / @). Every value carries
// version, part/parts and a checksum of the whole, so that a half-written journal is recognised.
// Parts beyond the count that the first one names are left over from a longer journal: ignored.
std::map<std::string, std::string> to_tags(const Journal& journal);
// None if the tags hold no journal; an error (kInvalid) if they hold a broken one.
base::Result<std::optional<Journal>> journal_from_tags(
    const std::map<std::string, std::string>& tags);
std::vector<std::string> journal_keys(const std::map<std::string, std::string>& tags);

}  // namespace consumers::recycle
