#include "tests/recycle_proof/proof.h"

#include "consumers/recycle/claim.h"
#include "sim/autoscaling_service.h"
#include "tests/recycle_proof/office.h"
#include "tests/recycle_proof/oracle.h"
#include "tests/recycle_proof/others.h"

#include <fmt/format.h>

#include <algorithm>

namespace proof {

namespace recycle = consumers::recycle;

namespace {

// Longer than the longest wait for a window, a pause of a day and every timeout after them.
constexpr std::chrono::hours kLimit{200};
constexpr std::chrono::minutes kSettle{20};

recycle::Config config_of(const Scenario& scenario) {
  recycle::Config config;
  config.poll_interval = scenario.poll_interval;
  config.default_window.allowed = std::nullopt;
  config.gates.commands = {kProbe};
  config.gates.hooks = {kHook};
  return config;
}

class Run {
 public:
  Run(const Scenario& scenario, bool recording)
      : scenario_(scenario),
        timeline_(recording),
        stage_(scenario),
        oracle_(stage_, scenario, timeline_),
        others_(stage_, oracle_),
        office_(stage_, config_of(scenario), timeline_) {
    stage_.exchange.before_mutation = [this](int worker, const sim::ApiCall& call) {
      oracle_.before_mutation(worker, call);
    };
    stage_.exchange.after = [this](int worker, const std::string& operation,
                                   const sim::ApiCall* call, const base::Error* error) {
      oracle_.after_call(worker, operation, call, error);
      for (const Event& event : scenario_.events) {
        if (event.call == stage_.exchange.calls && event.call > 0 && !at_peace_) others_.act(event);
      }
    };
    stage_.engine().on_change([this] { oracle_.step(); });
    stage_.region.elb().on_health_change([this](const std::string&) { oracle_.step(); });
    others_.on_purge = [this] { office_.purge(); };
    stage_.exchange.on_look = [this](int worker) { oracle_.looks(worker); };
  }

  Report go() {
    oracle_.start(scenario_.must_succeed());
    request();
    for (const Event& event : scenario_.events) {
      if (event.call > 0) continue;
      stage_.region.world().after(event.at, [this, event] {
        if (!at_peace_) others_.act(event);
      });
    }
    settle("the recycle");
    judge();
    const int versions = stage_.versions();
    converge();
    office_.close();
    Report report;
    report.violation = oracle_.violation();
    report.succeeded = succeeded_;
    report.met = stage_.exchange.met;
    report.calls = stage_.exchange.calls;
    report.mutations = stage_.exchange.mutations;
    report.versions = versions;
    report.workers = static_cast<int>(stage_.workers.size());
    report.virtual_time = stage_.since_start();
    for (const Letter& letter : office_.letters()) {
      report.ends += fmt::format("message {}: {}\n", letter.number, letter.outcome);
    }
    if (timeline_.is_recording()) report.timeline = timeline_.text(stage_.started);
    return report;
  }

 private:
  messages::RecycleRequest request_of(bool force, const char* group = kGroup) {
    messages::RecycleRequest request;
    request.group = base::GroupName(group);
    request.reason = "the proof";
    request.force = force;
    request.requested_at = stage_.now();
    request.dry_run = scenario_.dry_run;
    const bool back = scenario_.rollback && !at_last_ && group == std::string_view(kGroup);
    if (back) request.rollback_to = "1";
    return request;
  }

  void request() {
    if (scenario_.force) stage_.force_before = stage_.now();
    if (scenario_.cause == Scenario::Cause::kRequest) {
      office_.send(request_of(scenario_.force));
    }
    if (scenario_.sibling && scenario_.cause != Scenario::Cause::kTemplateChanged) {
      office_.send(request_of(scenario_.force, kSibling));
    }
    for (const sim::Json& event : stage_.events) office_.send_event(event.dump());
    base::Random random(scenario_.seed + 5);
    for (int i = 0; i < scenario_.duplicates; ++i) {
      // Once more the same: at once, or while the first is on its way.
      const base::Duration at(random.below(scenario_.duplicates_within.count()));
      messages::RecycleRequest again = request_of(scenario_.force);
      ++to_come_;
      stage_.region.world().after(at, [this, again] {
        --to_come_;
        office_.send(again, scenario_.two_workers);
      });
    }
  }

  void settle(const std::string& what) {
    const auto settled = [this] {
      return to_come_ == 0 && office_.all_settled() &&
             !(office_.sweeps() && stage_.any_tag(recycle::kJournalPrefix));
    };
    if (!stage_.loop.run_until(settled, kLimit)) oracle_.complain(what + " never ends");
    at_peace_ = true;
  }

  void judge() {
    succeeded_ = std::ranges::all_of(office_.letters(), [](const Letter& letter) {
      return letter.state == Letter::State::kDone;
    });
    if (!office_.accident().empty())
      oracle_.complain("an exception escaped: " + office_.accident());
    for (const Letter& letter : office_.letters()) {
      if (letter.outcome.empty()) oracle_.complain("a message ended without a reason");
    }
    if (scenario_.dry_run) oracle_.expect_no_mutation("a dry run", 0);
    if (scenario_.warm_pool && !scenario_.is_cancelled() && !scenario_.sibling) {
      oracle_.expect_no_mutation("a group with a warm pool", 0);
    }
    if (!succeeded_ && scenario_.must_succeed() && !scenario_.dry_run && !is_too_heavy()) {
      oracle_.complain("it should have succeeded");
    }
    const sim::Group* group = stage_.group();
    const bool undisturbed = !scenario_.disturbed() && !scenario_.dry_run && scenario_.desired > 0;
    if (scenario_.rollback && succeeded_ && undisturbed && group->launch_template.version != "1") {
      oracle_.complain("it ended well and was not rolled back");
    }
    if (succeeded_) note_what_was_known();
    others_.make_peace();
    stage_.loop.run_for(kSettle);
    sweep_claims_of_zombies();
    oracle_.expect_restored(succeeded_ && !scenario_.dry_run && must_be_new());
  }

  // Whoever stood still while it claimed the group may do so after the run has ended.
  void sweep_claims_of_zombies() {
    if (stage_.exchange.met.zombie_mutations == 0 || !stage_.any_tag(recycle::kClaimPrefix)) return;
    office_.start_to_sweep();
    settle("the sweep");
  }

  void note_what_was_known() {
    for (const Letter& letter : office_.letters()) {
      const auto* request = std::get_if<messages::RecycleRequest>(&letter.message.payload);
      if (request != nullptr && request->group.value == kGroup) oracle_.done(letter.worker);
    }
  }

  // Others may have scaled in to less than one instance weighs. AWS takes none out then whose
  // weight is to go off desired, which is how in-out does it.
  bool is_too_heavy() {
    const sim::Group* group = stage_.group();
    return group != nullptr && scenario_.strategy == recycle::Strategy::kInOut &&
           group->desired < scenario_.weight;
  }

  // Scaled down to nothing, be it for a moment in which AWS takes nobody out yet, there is nothing
  // to recycle; cancelled, it ends well and old.
  bool must_be_new() {
    const sim::Group* group = stage_.group();
    if (group == nullptr || group->desired == 0 || oracle_.was_scaled_to_zero()) return false;
    const std::string& version = group->launch_template.version;
    const bool rolled_back = !version.empty() && !version.starts_with('$') && !scenario_.rollback;
    return at_last_ || rolled_back || !scenario_.is_cancelled();
  }

  // Once nothing stands in the way, one more request finds nothing to do, or does what is left.
  void converge() {
    if (oracle_.group_deleted() || !oracle_.violation().empty() || scenario_.dry_run) return;
    const int mutations = stage_.exchange.mutations;
    const bool came_late =
        succeeded_ && (oracle_.template_came_late() || oracle_.was_scaled_to_zero());
    oracle_.start(true);
    at_last_ = true;
    Letter& last = office_.send(request_of(false));
    if (scenario_.sibling) office_.send(request_of(false, kSibling));
    settle("one more run");
    stage_.loop.run_for(kSettle);
    if (succeeded_) {
      // An instance that comes back from Standby is old, and there is something to do again.
      const bool sibling_late = scenario_.sibling && scenario_.has(Deed::kNewTemplate);
      const bool late = came_late || sibling_late;
      if (!scenario_.has(Deed::kStandbyOld) && !scenario_.is_cancelled() && !late) {
        oracle_.expect_no_mutation("one more run after a success", mutations);
      }
    }
    const bool done = last.state == Letter::State::kDone;
    if (done) note_what_was_known();
    // What operators set aside, or a warm pool, may still stand in the way.
    const bool free = !scenario_.warm_pool && !scenario_.has(Deed::kStandbyOld) && !is_too_heavy();
    if (!done && free) oracle_.complain("one more run, undisturbed, fails: " + last.outcome);
    oracle_.expect_restored(done && must_be_new() && !scenario_.force);
  }

  const Scenario& scenario_;
  Timeline timeline_;
  Stage stage_;
  Oracle oracle_;
  Others others_;
  Office office_;
  int to_come_ = 0;  // letters
  bool at_peace_ = false;
  bool at_last_ = false;  // nothing disturbs the run any more
  bool succeeded_ = false;
};

}  // namespace

Report carry_out(const Scenario& scenario, bool recording) {
  Run run(scenario, recording);
  Report report = run.go();
  report.scenario = describe(scenario);
  return report;
}

std::string explain(const Scenario& scenario) {
  const Report report = carry_out(scenario, true);
  return fmt::format(
      "{}{}{}{}\nagain: autorecycle-recycle-soak {}--seed {}\n", report.scenario, report.timeline,
      report.ends, report.violation.empty() ? "kept every promise" : "BROKEN: " + report.violation,
      scenario.crowded ? "--crowded " : "", scenario.seed);
}

}  // namespace proof
