// Scenario: everything that one run is made of, drawn from its seed alone: the group, what is asked
// for, what others do meanwhile, and what happens to the workers and their calls.
#pragma once

#include "base/clock.h"
#include "consumers/recycle/policy.h"
#include "tests/recycle_proof/line.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace proof {

enum class Deed {
  kAlarmOut,     // an alarm raises desired by `amount`
  kAlarmIn,      // ... lowers it
  kSchedule,     // a scheduled action sets desired to `amount`
  kOperatorMax,  // an operator sets max to `amount` (kept within what AWS accepts)
  kOperatorMin,
  kNewTemplate,    // one more version of the launch template
  kKillOld,        // `amount` old instances die (EC2 says terminated)
  kKillNew,        // `amount` new ones die, the youngest first
  kSicken,         // an instance fails its health checks for `lasts`
  kShortage,       // zone number `amount` has no capacity for `lasts`
  kFailLaunches,   // the next `amount` launches fail
  kNeverHealthy,   // the next `amount` instances never pass a health check
  kSuspendLaunch,  // an operator suspends Launch for `lasts`
  kProtectOld,     // an operator protects an old instance from scale-in for `lasts`
  kStandbyOld,     // an operator puts an old instance into Standby for `lasts`
  kDeleteGroup,    // an operator deletes the group, by force
  kUnbalance,      // an operator ends an instance of one zone: the zones are out of balance
  kRefresh,        // somebody starts an instance refresh
  kPause,          // an operator pauses the recycle for `lasts`, by the control tag
  kCancel,         // an operator cancels it, by the control tag
  kCancelRestore,  // ... and wants the version before back
  kAlarmRings,     // an alarm of the gates rings for `lasts`
  kPurge,          // somebody purges the queue: what is in it is lost for good
};

// Right after the given call of the workers, or `at` after the start when `call` is 0.
struct Event {
  Deed deed = Deed::kAlarmOut;
  int call = 0;
  base::Duration at{0};
  int amount = 0;
  base::Duration lasts{0};
};

// What a new instance must pass (consumers/recycle/gates).
struct Gates {
  base::Duration min_age{0};
  bool http = false;
  bool command = false;
  base::Duration passes_after{0};  // its launch -> the HTTP check and the command say yes
  bool alarms = false;
  base::Duration bake{0};
};

struct Hooks {
  bool any = false;
  int failures = 0;  // the first attempts fail
  bool failure_stops = true;
};

struct Scenario {
  std::uint64_t seed = 0;

  // The group.
  consumers::recycle::Strategy strategy = consumers::recycle::Strategy::kOutIn;
  int min = 2;
  int max = 8;
  int desired = 4;
  int zones = 2;
  int kept = 0;  // instances that are of the new version already
  bool target_group = false;
  std::string health_check = "EC2";
  std::vector<std::string> suspended;  // by an operator, before
  bool launch_hook = false;            // somebody completes it after a while, or never
  bool stuck_hook = false;
  bool terminate_hook = false;
  bool warm_pool = false;
  int weight = 1;  // of every instance: the sizes above are multiples of it
  std::map<std::string, std::string> tags;  // beyond those of the strategy
  std::string window;                       // local times, "HH:MM:SS-HH:MM:SS"
  std::string excluded;                     // the same
  bool no_weekends = false;                 // Saturdays and Sundays are excluded as well
  std::string time_zone;
  Gates gates;
  Hooks hooks;
  bool sibling = false;  // one more group of the component, in another zone

  // The request: by hand, or by the events of CloudTrail that the group or its template changed.
  enum class Cause { kRequest, kGroupChanged, kTemplateChanged };
  Cause cause = Cause::kRequest;
  bool force = false;
  bool rollback = false;  // all are new, and the version before is asked for
  bool dry_run = false;
  int duplicates = 0;  // further requests for the same group
  base::Duration duplicates_within{400'000};

  // What others do.
  std::vector<Event> events;

  // The machinery.
  base::TimePoint starts;
  base::Duration poll_interval{15'000};
  double jitter = 0;
  base::Duration latency{0};
  double throttle = 0;
  double error = 0;
  double lost = 0;
  double stale = 0;
  double contention = 0;  // another activity, or another caller, is in the way
  std::vector<Misfortune> misfortunes;
  bool two_workers = false;  // the second request is not held back by the first
  bool crowded = false;      // drawn so that it never is
  bool wire = false;         // through signatures, HTTP and XML

  bool disturbed() const { return !events.empty(); }
  // Only what a recycle must come through with every instance new.
  bool must_succeed() const;
  bool has(Deed deed) const;
  bool is_cancelled() const { return has(Deed::kCancel) || has(Deed::kCancelRestore); }
};

// Seconds since midnight of "HH:MM:SS-HH:MM:SS": of its first (0) or its last (9) second.
int second_of(const std::string& range, std::size_t at);
Scenario make_scenario(std::uint64_t seed);
// The same, but that another request for the group is always in hand beside the first, whose calls
// take time.
Scenario make_crowded_scenario(std::uint64_t seed);
std::string describe(const Event& event);
// A few lines for a person.
std::string describe(const Scenario& scenario);

}  // namespace proof
