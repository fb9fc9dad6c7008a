// Turn: what the parts of the planner share. Internal to the planner: planner.cc, preflight.cc,
// control_step.cc, the phases out_in.cc, cull.cc, in_out.cc and restore.cc, and their helpers.
//
// Capacity is counted in the group's own units: one an instance, or its weight.
#pragma once

#include "consumers/recycle/planner.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace consumers::recycle {

// An instance with what is asked about it again and again.
struct Member {
  const aws::GroupInstance* instance;  // into the snapshot
  bool ready = false;
  int units = 1;

  const base::InstanceId& id() const { return instance->id; }
};

// The instances of the group by what they mean for the run.
struct Census {
  using List = std::vector<Member>;
  List old;           // to be replaced; counted in the desired capacity
  List fresh;         // of the target; counted in the desired capacity
  List kept;          // old, but protected by others and to be spared; counted as well
  List leaving_old;   // on their way out
  List standby;       // old or new; not counted in the desired capacity
  List standby_old;   // of those, the old ones
  int old_units = 0;  // capacity of each list
  int fresh_units = 0;
  int kept_units = 0;
  int ready_old = 0;  // capacity of those that are ready
  int ready_fresh = 0;
  int ready_kept = 0;
  int heaviest = 1;  // capacity of the heaviest instance

  int ready() const { return ready_fresh + ready_old + ready_kept; }
  int present() const { return old_units + fresh_units + kept_units; }
  int count() const { return static_cast<int>(old.size() + fresh.size() + kept.size()); }
};

struct Turn {
  const Snapshot& snapshot;
  const Policy& policy;
  const RunContext& context;
  base::TimePoint now;
  Journal journal;  // of the run under way; blank before it began
  Census census;

  const aws::AutoScalingGroup& group() const { return snapshot.group; }
  // Capacity of new instances that the group is to have in the end.
  int wanted_fresh() const { return std::max(0, journal.wanted() - census.kept_units); }
};

// census.cc
Census count(const Snapshot& snapshot, const Policy& policy, const Journal& journal);
// max() while EC2 does not know it.
base::TimePoint launched_at(const Snapshot& snapshot, const aws::GroupInstance& instance);

// The phases, one function each.
Step preflight(const Turn& turn);
Step grow(const Turn& turn);
Step cull(const Turn& turn);
Step swap(const Turn& turn);
Step restore(const Turn& turn);

// preflight.cc: why in-out cannot take this one out.
std::string heavier_than_desired(const Turn& turn, const Member& member);
// Why the group cannot be recycled without guessing; empty if it can.
std::string needed_but_suspended(const Turn& turn);

// control_step.cc: what the operator's tag asks for; none: go on.
std::optional<Step> obey(const Turn& turn);
// Back to the version before, with the same strategy; none if there is no such way.
std::optional<Mutate> roll_back(const Turn& turn, std::string failure, bool cancelled);
bool rolls_back(const Journal& journal);
// It does, or it did and is being restored now: it wanted one version and then the other.
bool has_turned_back(const Journal& journal);
// An old instance has gone, or was told to.
bool is_past_return(const Turn& turn);
// The group's template, set to the version that the journal names.
std::optional<Mutate> pin_template(const Turn& turn);

// accounts.cc: what is ours, and what others did meanwhile.
// Capacity that others added to desired (or took from it) since the journal was written.
int change_by_others(const Turn& turn);
// The journal with that and with operators' bounds taken over, nobody named and nothing raised.
Journal settled(const Turn& turn);
// Bounds of an operator become those that the group goes back to; false if there are none.
bool take_over_bounds(const Turn& turn, Journal& journal);
std::optional<Mutate> adopt_bounds(const Turn& turn);
// Bounds that the run wants to hold. The journal notes them before they are set.
struct Bounds {
  int min_size = 0;
  std::optional<int> max_size;
  std::optional<int> desired;
};
// Of the bounds that are ours, see the journal.
bool is_one_of(const std::vector<int>& values, int value);
void note(Journal& journal, const aws::AutoScalingGroup& group, const Bounds& hold);
// All but those that the group has now: whoever sets them again meanwhile is not us.
void forget_former_bounds(const Turn& turn, Journal& journal);
std::optional<Mutate> hold_bounds(const Turn& turn, const Bounds& hold, const std::string& why);
// Launched by this run and old already, because the group's template changed once more.
bool is_superseded(const Turn& turn, const Journal& journal, const Member& member);
// Whether superseded ones are replaced in their place: while there are others to serve meanwhile,
// or no room to grow. Else they are old like any other.
bool are_replaced_in_place(const Turn& turn, const Journal& journal);
// Capacity of new instances that is wanted and that nothing launches yet: no more of the superseded
// ones are replaced in their place, else there would be too many new ones.
int new_to_come(const Turn& turn, const Journal& journal);
// Full size beside the old ones, or as much of it as there is room for, held against scale-in.
Bounds grown(const Turn& turn, const Journal& journal);
// How far the group may grow: never beyond twice its size.
int ceiling(const Policy& policy, const Journal& journal, const Census& census);

// victims.cc: who goes, by name, in an order that is written down first.
inline constexpr std::size_t kVictimsMax = 8;
// Null if it is not one of them.
const Member* find(const Census::List& members, const base::InstanceId& id);
struct Named {
  const Member* next = nullptr;  // the first on the list that is still there
  int gone_units = 0;            // of those before it: they went by our hand
  bool out_of_order = false;     // one after it is gone as well: not by our hand
};
Named named(const Turn& turn);
// Of `candidates`, at most `units` of capacity, in the order in which they go: first what does not
// serve, then from the zone with the most of them left, then by id.
std::vector<Victim> choose_old(Census::List candidates, int units, std::size_t count_max);
// First what does not serve, then the youngest.
std::vector<Victim> choose_new(const Turn& turn, const Census::List& candidates, int units);
Mutate name_victims(const Turn& turn, std::vector<Victim> victims, std::string why);
std::optional<Mutate> forget_victims(const Turn& turn);
// Where instances weigh more than one, desired may be less than what is there: AWS ends none for
// less than its weight, and neither can we. Desired goes up to it if then one `goes` by name, and
// down to what is wanted where none is too many, or is not there yet.
std::optional<Mutate> even_out(const Turn& turn, int wanted, bool goes);
// restore.cc: the bounds of a run that is given up.
void note_shrinking(const Turn& turn, Journal& journal);
// cull.cc: old instances in Standby, where the policy includes them.
std::optional<Mutate> take_out_standby(const Turn& turn);
// in_out.cc: the accounts of a swap that begins.
void begin_swap(const Turn& turn, Journal& journal);
// Desired is what the run has made of it: noted, since what lies between that and what it was
// before could otherwise be either a scale-in from now on or a scale-out until then.
bool note_filled(const Turn& turn, Journal& journal);

// protection.cc: new instances are protected from scale-in while the floor is low.
bool protected_by_us(const Snapshot& snapshot, const Journal& journal,
                     const aws::GroupInstance& instance);
void note_protection(const Turn& turn, Journal& journal);
std::optional<Mutate> protect_new(const Turn& turn);
std::optional<Mutate> unprotect(const Turn& turn,
                                std::initializer_list<const Census::List*> members);

// Processes that the journal says we suspend and that are not suspended yet.
std::optional<Mutate> suspend_ours(const Turn& turn);
// Before the first mutation and before the destructive half of out-in-timed: the wait until the
// window opens, none if it is open now (or the strategy knows no window).
base::Result<std::optional<Wait>> window_wait(const Turn& turn);

// The journal of the next phase, with what others changed taken over.
Journal entering(const Turn& turn, Phase phase);
Mutate write(Journal journal, std::string why);
// Gives the run up: restores, and before the point of no return takes the new instances away first.
Mutate give_up(const Turn& turn, std::string failure);
// Gives up or, past the point of no return and if the policy says so, goes back to the version
// before.
Mutate fail(const Turn& turn, std::string failure);
// `limit` after the phase began, or later if whoever watches has only just begun to.
base::TimePoint ready_deadline(const Turn& turn, base::Duration limit);
// Waits until then, or until `limit` after the phase began where nobody is to become ready; then
// fails with that reason.
Step wait_or_fail(const Turn& turn, base::Duration limit, WaitsFor what, std::string why);

// "2 of 4 new instances ready; i-0abc: target group web: initial; 1 not launched yet".
std::string describe_ready(const Turn& turn, int wanted);
// "1 old instance", "2 old instances".
std::string count_of(std::size_t count, std::string_view noun);
std::string join_ids(const Census::List& instances);
std::string describe_duration(base::Duration duration);

inline constexpr std::size_t kFailureBytesMax = 300;  // keeps the journal within a few tags
// How often a group is looked at that waits for people: a pause, instances set aside.
inline constexpr base::Duration kLookAtPeopleEvery{300'000};

}  // namespace consumers::recycle
