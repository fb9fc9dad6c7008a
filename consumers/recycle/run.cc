#include "consumers/recycle/run.h"

#include "base/log.h"
#include "base/traced_executor.h"
#include "consumers/recycle/executor.h"
#include "consumers/recycle/gates/hook_runner.h"
#include "consumers/recycle/outcome.h"
#include "consumers/recycle/planner.h"

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace consumers::recycle {

namespace {

constexpr const char* kLogger = "consumers";
constexpr base::Duration kLookAgainAfter{1'000};
// A failed turn changes nothing, so the next one simply looks again; after this many in a row the
// message goes back to the queue, whose receive limit ends the matter.
constexpr int kFailedTurnsMax = 3;
// Far above what the largest group needs in the hours of one delivery; ends a loop that is a bug.
constexpr int kTurnsMax = 200'000;
constexpr std::size_t kFailureLengthMax = 160;  // it is kept in the journal's tags

Policy last_known_policy(const aws::AutoScalingGroup& group, const Journal& journal) {
  Policy policy;
  policy.strategy = journal.strategy;
  policy.component = component_of(group.name.value);
  return policy;
}

}  // namespace

std::string Run::phase_name(const std::optional<Journal>& journal) {
  return journal ? std::string(to_string(journal->phase)) : "preflight";
}

Run::Run(Services services, Config config, ProgressObserver observer, Observer& eyes,
         Delivery delivery)
    : services_(services),
      config_(std::move(config)),
      observer_(std::move(observer)),
      request_(std::get<messages::RecycleRequest>(delivery.message.payload)),
      message_id_(delivery.message_id),
      reader_(eyes, request_.group),
      prober_(services),
      own_claim_(message_id_),
      new_run_id_(services.random.hex(12)),
      started_(services.clock.steady_now()),
      began_(services.clock.now()) {
  if (request_.requested_at == base::TimePoint{}) request_.requested_at = delivery.sent_at;
}

boost::asio::awaitable<Verdict> Run::carry_out() {
  const auto executor = co_await boost::asio::this_coro::executor;
  if (const auto* trace = base::trace_of(executor)) trace_id_ = base::shown_trace_id(*trace);
  for (int turn = 0; turn < kTurnsMax; ++turn) {
    if (services_.clock.steady_now() - started_ > config_.handover_after) {
      // Hours of progress are no failure: they must not spend one of the message's receives.
      co_await set_down();
      co_return Defer{
          services_.clock.now(),
          fmt::format("group {}: handed over to a fresh delivery", request_.group.value)};
    }
    const Turn verdict = co_await take_turn();
    if (verdict) co_return *verdict;
  }
  co_return Retry{config_.poll_interval, fmt::format("not finished after {} turns", kTurnsMax)};
}

boost::asio::awaitable<Run::Turn> Run::take_turn() {
  if (settled_at_) co_await services_.clock.sleep_until(*std::exchange(settled_at_, std::nullopt));
  looked_at_ = services_.clock.steady_now();
  auto read = co_await reader_.read();
  if (!read) {
    co_return co_await look_again_after(
        read.error().while_doing("looking at group " + request_.group.value));
  }
  if (!*read) co_return missing_group(request_.group, !request_.source_event_id.empty());
  View view(std::move(**read));
  auto journal = journal_from_tags(view.snapshot.group.tags);
  if (!journal) {
    if (journal.error().code == kNewerJournal) {
      co_return Retry{config_.poll_interval,
                      fmt::format("group {}: {}", request_.group.value, journal.error().message)};
    }
    needs_person_ = true;
    observe(view, "aborted", journal.error().message, Moment::kFailed);
    co_return Poison{fmt::format("group {}: {}", request_.group.value, journal.error().message),
                     "refused"};
  }
  view.journal = *std::move(journal);

  const Sight sight = judge(view);
  if (sight == Sight::kTakenOver) co_return taken_over(view);
  if (sight == Sight::kForeign) {
    if (!view.journal) co_await drop_claim();
    co_return Retry{config_.poll_interval,
                    "the journal on the group is not this run's: another worker, or a person, "
                    "has changed it"};
  }
  if (sight == Sight::kTooEarly) {
    co_await services_.clock.sleep_for(std::min(config_.poll_interval, kLookAgainAfter));
    co_return std::nullopt;
  }
  if (ended_ && !view.journal) co_return aborted(view, *ended_);
  co_return co_await act(std::move(view));
}

std::variant<Run::Terms, Verdict> Run::terms_of(const View& view) const {
  const aws::AutoScalingGroup& group = view.snapshot.group;
  PolicyOverrides overrides;
  overrides.strategy = view.journal ? to_string(view.journal->strategy) : request_.strategy;
  overrides.force = request_.force || (view.journal && view.journal->force_before);
  overrides.dry_run = request_.dry_run;
  overrides.rollback_to = request_.rollback_to;
  const auto read =
      read_policy(group.name.value, group.tags, overrides, config_.default_window, config_.gates);
  const auto* not_recyclable = read ? std::get_if<NotRecyclable>(&*read) : nullptr;

  if (!view.journal || request_.dry_run) {
    const std::string prefix = fmt::format("group {}: ", group.name.value);
    if (!read) return Verdict(Poison{prefix + read.error().message, "invalid"});
    if (not_recyclable) return Verdict(Done{prefix + not_recyclable->reason, {}});
    return Terms{std::get<Policy>(*read), {}};
  }
  // A run is under way: whatever the tags say now, the group must be left in order.
  Terms terms{last_known_policy(group, *view.journal), {}};
  if (!read) {
    terms.undo = read.error().message;
  } else if (not_recyclable) {
    terms.undo = not_recyclable->reason;
  } else if (std::get<Policy>(*read).dry_run) {
    terms.undo = "the group was tagged as a dry run while it was being recycled";
  } else {
    terms.policy = std::get<Policy>(*read);
  }
  return terms;
}

Action Run::undoing(const View& view, const std::string& why) const {
  const Policy policy = last_known_policy(view.snapshot.group, *view.journal);
  return giving_up(view.snapshot, *view.journal, policy, context(view), services_.clock.now(),
                   why.substr(0, kFailureLengthMax))
      .action;
}

boost::asio::awaitable<Run::Turn> Run::act(View view) {
  if (!request_.resume_run.empty() && !restored_ &&
      (!view.journal || view.journal->run_id != request_.resume_run)) {
    if (leaves_claims(view, Claims::kAll)) co_return co_await release(std::move(view));
    co_return Done{fmt::format("group {}: run {} has ended, nothing to carry on",
                               request_.group.value, request_.resume_run),
                   {}};
  }
  auto terms = terms_of(view);
  if (auto* verdict = std::get_if<Verdict>(&terms)) {
    if (leaves_claims(view, Claims::kAll)) co_return co_await release(std::move(view));
    if (const auto* refused = std::get_if<Poison>(verdict)) {
      observe(view, "aborted", refused->reason, Moment::kFailed);
    }
    co_return std::move(*verdict);
  }
  auto& [policy, undo] = std::get<Terms>(terms);
  strategy_ = policy.strategy_name.empty() ? to_string(policy.strategy) : policy.strategy_name;
  if (request_.dry_run || (policy.dry_run && !view.journal)) {
    if (leaves_claims(view, Claims::kOurs)) co_return co_await release(std::move(view));
    co_return co_await rehearse(std::move(view), policy);
  }
  if (!undo.empty() && view.journal->phase != Phase::kRestore) {
    Action action = undoing(view, undo);
    co_return co_await mutate(std::move(view), std::move(action), undo);
  }
  if (!policy.step_function_name.empty() && !view.journal) {
    co_return co_await delegate(std::move(view), std::move(policy));
  }
  co_return co_await step(std::move(view), std::move(policy));
}

boost::asio::awaitable<Run::Turn> Run::step(View view, Policy policy) {
  if (is_too_old()) co_return std::nullopt;
  const auto probed =
      co_await prober_.read(view.snapshot, policy, view.journal, context(view).force_before);
  if (!probed) co_return co_await look_again_after(probed.error());
  // Probes may take long. They are known now, and the next turn does not ask for them once more.
  if (is_too_old()) co_return std::nullopt;
  Step next_step = next(view.snapshot, view.journal, policy, context(view), services_.clock.now());
  if (!view.journal && std::holds_alternative<Mutate>(next_step)) {
    const auto looked = co_await reader_.read_refresh(view.snapshot);
    if (!looked) co_return co_await look_again_after(looked.error());
    next_step = next(view.snapshot, view.journal, policy, context(view), services_.clock.now());
  }
  if (auto* mutation = std::get_if<Mutate>(&next_step)) {
    co_return co_await mutate(std::move(view), std::move(mutation->action),
                              std::move(mutation->why));
  }
  if (leaves_claims(view, Claims::kAll)) co_return co_await release(std::move(view));
  if (auto* pause = std::get_if<Wait>(&next_step)) {
    co_return co_await wait(std::move(view), std::move(*pause));
  }
  if (auto* abort = std::get_if<Abort>(&next_step)) co_return aborted(view, *abort);
  std::string result = std::get<Finished>(next_step).result;
  if (restored_) {
    result = fmt::format("recycled with {}, all instances are of {}", strategy_,
                         view.snapshot.target.describe());
  }
  observe(view, "finished", result, restored_ ? Moment::kDone : Moment::kStep);
  co_return Done{fmt::format("group {}: {}", request_.group.value, result), {}};
}

Verdict Run::begins_afresh() const {
  return Defer{services_.clock.now(),
               fmt::format("group {}: begins with a fresh delivery", request_.group.value)};
}

Verdict Run::aborted(const View& view, const Abort& abort) {
  observe(view, "aborted", abort.why, abort.cancelled ? Moment::kCancelled : Moment::kFailed);
  std::string reason = fmt::format("group {}: {}", request_.group.value, abort.why);
  if (abort.cancelled) return Done{std::move(reason), {}};
  return Poison{std::move(reason), "refused"};
}

// Whoever lost the message, or is to hand it over, must not change anything any more.
boost::asio::awaitable<void> Run::stop_if_cancelled() {
  if ((co_await boost::asio::this_coro::cancellation_state).cancelled() !=
      boost::asio::cancellation_type::none) {
    throw boost::system::system_error(boost::asio::error::operation_aborted);
  }
}

boost::asio::awaitable<Run::Turn> Run::mutate(View view, Action action, std::string why) {
  co_await stop_if_cancelled();
  if (is_too_old()) co_return std::nullopt;
  const bool begins = !view.journal && std::holds_alternative<WriteJournal>(action);
  if (begins && services_.clock.steady_now() - started_ > kBeginsWithin + own_claim_.settling()) {
    co_await drop_claim();
    co_return begins_afresh();
  }
  Turn verdict;
  if (!co_await holds(view, verdict)) co_return verdict;
  base::log_info(kLogger, "recycle step",
                 with_ids({{"group", request_.group.value},
                           {"run", run_id(view)},
                           {"phase", phase_name(view.journal)},
                           {"step", describe(action)},
                           {"why", why}}));
  const auto executor = co_await boost::asio::this_coro::executor;
  base::ActiveSpan span(base::trace_of(executor), base::ActiveSpan::Nesting::kNested,
                        base::Span::Kind::kInternal);
  describe_step(span, view, action);
  observe(view, phase_name(view.journal), describe(action),
          begins ? Moment::kStarted : Moment::kStep);
  last_wait_.clear();
  // Even if the answer is lost: nothing on the group remembers why the run ends.
  if (auto abort = ends_with(action)) ended_ = std::move(abort);
  if (const auto* hook = std::get_if<RunHook>(&action)) {
    HookOutcome ran = co_await run_hook(services_, *hook, view.snapshot);
    if (!ran.failure.empty()) {
      observe(view, phase_name(view.journal), fmt::format("hook {}: {}", hook->name, ran.failure));
    }
    action = std::move(ran.write);
    // That may have taken minutes. Whoever took over meanwhile will call the hook with the same
    // key.
    if (!co_await still_holds(view)) co_return std::nullopt;
  }
  const auto done = co_await execute(services_, view.snapshot.group, action);
  if (!done) {
    // The answer may have been lost and not the call: either journal is this run's.
    if (const auto* write = std::get_if<WriteJournal>(&action)) maybe_journal_ = write->journal;
    if (std::holds_alternative<RemoveJournal>(action)) maybe_journal_.emplace(std::nullopt);
    base::Error error = done.error().while_doing(describe(action));
    span.failed(error.code);
    co_return co_await refused(std::move(view), std::move(error));
  }
  failed_turns_ = refusals_ = 0;
  if (const auto* write = std::get_if<WriteJournal>(&action)) {
    journal_ = write->journal;
    maybe_journal_.reset();
  }
  if (std::holds_alternative<RemoveJournal>(action)) {
    journal_.reset();
    own_claim_.removed();
    restored_ = true;
  }
  expected_ = Expectation{std::move(action), std::move(view.snapshot.group)};
  co_return std::nullopt;
}

boost::asio::awaitable<Run::Turn> Run::refused(View view, base::Error error) {
  const bool lasting = !error.is_transient() && error.kind != base::ErrorKind::kDenied;
  const bool undoable = view.journal && view.journal->phase != Phase::kRestore;
  if (!lasting || !undoable) co_return co_await look_again_after(std::move(error));
  // Once is no reason to give up: others may have changed the group since the look.
  if (++refusals_ < kFailedTurnsMax) {
    co_await pause_after(error);
    co_return std::nullopt;
  }
  refusals_ = 0;
  Action action = undoing(view, error.to_string());
  co_return co_await mutate(std::move(view), std::move(action), error.to_string());
}

boost::asio::awaitable<void> Run::pause_after(base::Error error) {
  base::log_warn(kLogger, "turn failed, looking again",
                 with_ids({{"group", request_.group.value}, {"error", error.to_string()}}));
  co_await services_.clock.sleep_for(config_.poll_interval);
}

boost::asio::awaitable<Run::Turn> Run::look_again_after(base::Error error) {
  // Without a journal there is nothing to keep in order, so a lasting error ends it at once.
  const bool hopeless = !error.is_transient() && !holds_journal_;
  if (hopeless || ++failed_turns_ >= kFailedTurnsMax) {
    if (!holds_journal_) co_await drop_claim();
    co_return verdict_of(error);
  }
  co_await pause_after(error);
  co_return std::nullopt;
}

boost::asio::awaitable<Run::Turn> Run::wait(View view, Wait step) {
  const std::string& why = step.why;
  const std::optional<base::TimePoint> not_before = step.not_before;
  const base::TimePoint now = services_.clock.now();
  failed_turns_ = 0;
  const bool shut = step.what == WaitsFor::kWindow && why != last_wait_;
  if (why != last_wait_) {
    base::log_info(kLogger, "recycle waits",
                   with_ids({{"group", request_.group.value},
                             {"run", run_id(view)},
                             {"phase", phase_name(view.journal)},
                             {"why", why}}));
    last_wait_ = why;
  }
  observe(view, phase_name(view.journal), why, shut ? Moment::kWaiting : Moment::kStep, &step);
  // What must survive is in the journal, so a long wait need not be held in a worker's memory.
  const bool lasts = !view.journal || view.journal->hold || view.journal->paused_at;
  if (not_before && lasts && *not_before - now > config_.poll_interval) {
    co_await set_down();
    co_return Defer{*not_before, fmt::format("group {}: {}", request_.group.value, why)};
  }
  std::optional<base::SteadyPoint> no_later_than;
  if (not_before && *not_before > now) {
    no_later_than = services_.clock.steady_now() + (*not_before - now);
  }
  co_await reader_.pause(config_.poll_interval, no_later_than);
  co_return std::nullopt;
}

RunContext Run::context(const View& view) const {
  RunContext context;
  context.run_id = run_id(view);
  if (view.journal) {
    context.force_before = view.journal->force_before;
  } else if (request_.force) {
    context.force_before = request_.requested_at;
  }
  context.ready_timeout = config_.ready_timeout;
  context.terminate_timeout = config_.terminate_timeout;
  context.preflight_timeout = config_.preflight_timeout;
  context.requested_at = request_.requested_at;
  context.patient_until = began_ + config_.patience();
  return context;
}

const std::string& Run::run_id(const View& view) const {
  return view.journal ? view.journal->run_id : new_run_id_;
}

}  // namespace consumers::recycle
