// Journal: what must survive a crash, kept on the group itself in tags under kJournalPrefix.
// Written before the first mutation, removed as the last one.
#pragma once

#include "base/clock.h"
#include "base/names.h"
#include "base/result.h"
#include "consumers/recycle/policy.h"

#include <algorithm>
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

// An instance that is named to go, with the capacity that goes with it.
struct Victim {
  base::InstanceId id;
  int units = 1;
  friend bool operator==(const Victim&, const Victim&) = default;
};

struct Journal {
  std::string run_id;
  Strategy strategy = Strategy::kOutIn;
  Phase phase = Phase::kGrow;
  base::TimePoint started_at;
  int original_min = 0;
  int original_max = 0;
  int original_desired = 0;
  std::string target;                                 // Target::describe() when it started
  std::optional<base::TimePoint> force_before;        // forced runs: launched before this is old
  std::vector<std::string> suspended;                 // processes that we suspended
  bool protected_new = false;                         // we set scale-in protection on new instances
  std::vector<base::InstanceId> protected_by_others;  // then: those that had it before
  base::InstanceId victim;                            // in-out: the one that goes now
  int victim_units = 1;                               // and the capacity that goes with it
  std::string failure;                                // why it is being restored; empty on success
  base::TimePoint phase_at;  // when this phase, or this swap, began: deadlines count from here
  bool hold = false;         // out-in-timed: all is proven, the window is awaited
  bool undo = false;         // restoring from before the point of no return: new ones go
  int desired_before = 0;    // desired when the next change of it was written down here
  int desired_goal = 0;      // out-in: what desired is raised to; 0 while nothing is raised
  int scaled_out = 0;        // capacity that others added meanwhile: it stays
  std::vector<int> our_min;  // the values that we gave min, or are about to: at most two. Any other
  std::vector<int> our_max;  //   value, except the original one, is an operator's.
  std::vector<Victim> victims;               // out-in: those that go next, in this order
  int keep = 0;                              // out-in: old capacity that stays until the next batch
  bool committed = false;                    // past the point of no return
  std::optional<base::TimePoint> paused_at;  // by the operator: no deadline runs since
  bool cancelled = false;                    // by the operator: `failure` says so, and is none
  std::string previous;         // version that the old ones are of; once a roll-back follows a
                                // failure or cancel: that which it goes back to, as `pin`
  std::string pin;              // version that the group is set to by a roll-back
  std::string template_before;  // then: the version that the group named before

  std::optional<base::TimePoint> bake_from;  // alarms: all else was proven at this moment
  std::string hook;  // "start": the hook before the start is due; "end": the one after the end has
                     // run; else the instance whose hook before its termination has run

  // The capacity that the group is to have in the end, within what its bounds will be.
  int wanted() const {
    return std::max(original_min, std::min(original_desired + scaled_out, original_max));
  }

  friend bool operator==(const Journal&, const Journal&) = default;
};

// As tags: keys kJournalPrefix, kJournalPrefix + ":2", ...; values of at most 256 characters of the
// set that AWS allows in tag values (letters, digits, space, + - = . _ : / @). Every value carries
// version, part/parts and a checksum of the whole, so that a half-written journal is recognised.
// Parts beyond the count that the first one names are left over from a longer journal: ignored.
std::map<std::string, std::string> to_tags(const Journal& journal);
// None if the tags hold no journal; an error (kInvalid) if they hold a broken one, with the code
// kNewerJournal if a newer worker wrote it.
base::Result<std::optional<Journal>> journal_from_tags(
    const std::map<std::string, std::string>& tags);
inline constexpr std::string_view kNewerJournal = "NewerJournal";
// As written: what the tags cannot hold makes no difference.
bool is_same(const Journal& a, const Journal& b);
// Of the journal, whole or broken, and of claims to it (claim.h): what its removal takes away.
std::vector<std::string> journal_keys(const std::map<std::string, std::string>& tags);

}  // namespace consumers::recycle
