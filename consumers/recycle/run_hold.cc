// Run: whether it may change the group: its look is fresh, the journal is the one that it knows,
// and its claim is above all others (claim.h).
#include "base/log.h"
#include "consumers/recycle/executor.h"
#include "consumers/recycle/run.h"

#include <fmt/format.h>

#include <utility>

namespace consumers::recycle {

namespace {

constexpr const char* kLogger = "consumers";
// Reads may lag behind writes; longer than this they do not.
constexpr base::Duration kVisibleWithin = std::chrono::minutes(2);

bool same_journal(const std::optional<Journal>& a, const std::optional<Journal>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return is_same(*a, *b);
}

}  // namespace

// A process that stood still wakes up with a decision in hand that may be hours old.
bool Run::is_too_old() const { return services_.clock.steady_now() - looked_at_ > kLookGoodFor; }

Run::Sight Run::judge(const View& view) {
  if (maybe_journal_ && same_journal(*maybe_journal_, view.journal)) {
    journal_ = *std::exchange(maybe_journal_, std::nullopt);
    if (!journal_) {  // and the claim together with it
      own_claim_.removed();
      restored_ = true;
    }
  }
  const OwnClaim::Sight claim = own_claim_.see(claims_from_tags(view.snapshot.group.tags));
  if (claim == OwnClaim::Sight::kLost) return Sight::kTakenOver;
  // Until then whoever wrote it may still write. After the end of our own run it is not ours to
  // carry on.
  if (!own_claim_.is_held() && !restored_) journal_ = view.journal;
  holds_journal_ = view.journal.has_value();
  const bool ours = claim == OwnClaim::Sight::kFine && same_journal(journal_, view.journal);
  const bool seen =
      !expected_ || is_visible(expected_->action, expected_->before, view.snapshot.group);
  if (ours && seen) {
    expected_.reset();
    unsettled_since_.reset();
    return Sight::kSettled;
  }
  const base::SteadyPoint now = services_.clock.steady_now();
  if (!unsettled_since_) unsettled_since_ = now;
  if (now - *unsettled_since_ < kVisibleWithin) return Sight::kTooEarly;
  if (!ours) return Sight::kForeign;
  base::log_warn(
      kLogger, "effect of a step cannot be seen, going on without",
      with_ids({{"group", request_.group.value}, {"step", describe(expected_->action)}}));
  expected_.reset();
  unsettled_since_.reset();
  return Sight::kSettled;
}

// Looks again, and puts what it sees into the view if the journal is still the one in it.
boost::asio::awaitable<bool> Run::still_holds(View& view) {
  looked_at_ = services_.clock.steady_now();
  auto read = co_await reader_.read();
  if (!read || !*read) co_return false;
  const auto journal = journal_from_tags((*read)->group.tags);
  if (!journal || !same_journal(*journal, view.journal)) co_return false;
  if (own_claim_.see(claims_from_tags((*read)->group.tags)) != OwnClaim::Sight::kFine)
    co_return false;
  view.snapshot = std::move(**read);
  // A process that stood still during that look has lost its message meanwhile.
  co_return !is_too_old();
}

// A run that this delivery began, and that another message carries on, is in good hands. Who came
// back for it would begin it anew if it failed there, and might lose that one as well, for ever.
Verdict Run::taken_over(const View& view) {
  const std::string_view by = own_claim_.taken_over_by();
  const bool ours = view.journal && view.journal->run_id == new_run_id_;
  if (!ours || by.empty()) {
    return Defer{
        services_.clock.now() + kLookAgainAtOthers,
        fmt::format("group {}: another delivery has taken the recycle over", request_.group.value)};
  }
  if (ended_) return aborted(view, *ended_);
  return Done{fmt::format("group {}: run {} is carried on by message {}, which has taken it over",
                          request_.group.value, new_run_id_, by),
              {}};
}

// The claim comes before the first change: by itself, so that it overwrites nobody's journal.
boost::asio::awaitable<bool> Run::holds(const View& view, Turn& verdict) {
  if (own_claim_.is_held()) co_return true;
  if (!own_claim_.is_claimed()) {
    const base::TimePoint now = services_.clock.now();
    if (const Claim* other = own_claim_.in_office(now); other && request_.resume_run.empty()) {
      verdict = Defer{now + kLookAgainAtOthers, fmt::format("group {}: message {} has it in hand",
                                                            request_.group.value, other->message)};
      co_return false;
    }
    if (!view.journal && !restored_ && services_.clock.steady_now() - started_ > kBeginsWithin) {
      verdict = begins_afresh();
      co_return false;
    }
    Claim claim = own_claim_.next(services_.random.hex(12), now);
    const auto written =
        co_await services_.auto_scaling.create_or_update_tags(request_.group, to_tags(claim));
    if (written) {
      base::log_info(kLogger, "recycle step",
                     with_ids({{"group", request_.group.value},
                               {"run", run_id(view)},
                               {"phase", phase_name(view.journal)},
                               {"step", kClaiming},
                               {"why", kClaimingWhy}}));
      own_claim_.claimed(std::move(claim), services_.clock.steady_now());
      failed_turns_ = 0;
    } else {
      verdict = co_await look_again_after(written.error().while_doing("claiming the group"));
    }
    co_return false;
  }
  const base::SteadyPoint settled =
      own_claim_.settled_at(view.journal.has_value(), config_.poll_interval);
  if (own_claim_.settling() > base::Duration(0) && looked_at_ < settled) {
    wait_for_others(view, settled);
    co_return false;
  }
  std::vector<std::string> others = own_claim_.others();
  if (others.empty()) {
    own_claim_.take();
    co_return true;
  }
  const auto removed =
      co_await services_.auto_scaling.delete_tags(request_.group, std::move(others));
  if (removed) {
    own_claim_.take();
  } else {
    verdict = co_await look_again_after(removed.error().while_doing("removing old claims"));
  }
  co_return false;
}

// The next turn begins then: nothing is kept in memory meanwhile but this run.
void Run::wait_for_others(const View& view, base::SteadyPoint settled) {
  const base::Duration left =
      std::chrono::ceil<base::Duration>(settled - services_.clock.steady_now());
  const Wait wait{.why = std::string(kTakingOver),
                  .not_before = services_.clock.now() + left,
                  .deadline = std::nullopt,
                  .what = WaitsFor::kTakeover};
  settled_at_ = settled;
  if (std::exchange(last_wait_, wait.why) != wait.why) {
    base::log_info(kLogger, "recycle waits",
                   with_ids({{"group", request_.group.value},
                             {"run", run_id(view)},
                             {"phase", phase_name(view.journal)},
                             {"why", wait.why}}));
  }
  observe(view, phase_name(view.journal), wait.why, Moment::kStep, &wait);
}

// What a run that ends, or that waits elsewhere, would leave on a group that has no journal.
bool Run::leaves_claims(const View& view, Claims whose) const {
  if (view.journal || !view.snapshot.group.status.empty()) return false;
  if (own_claim_.is_claimed()) return true;
  // What is there after the end of our own run is of somebody who waits for it.
  return whose == Claims::kAll && !restored_ && !own_claim_.others().empty();
}

boost::asio::awaitable<Run::Turn> Run::release(View view) {
  co_await stop_if_cancelled();
  if (is_too_old()) co_return std::nullopt;
  Turn verdict;
  if (!co_await holds(view, verdict)) co_return verdict;
  const auto removed =
      co_await services_.auto_scaling.delete_tags(request_.group, own_claim_.all());
  if (!removed) {
    co_return co_await look_again_after(removed.error().while_doing("removing the claim"));
  }
  own_claim_.removed();
  co_return std::nullopt;
}

// Before a delivery ends whose run goes on later.
boost::asio::awaitable<void> Run::set_down() {
  if (!own_claim_.is_claimed()) co_return;
  co_await stop_if_cancelled();
  (void)co_await services_.auto_scaling.create_or_update_tags(request_.group,
                                                              to_tags(own_claim_.set_down()));
}

// Before an end without a journal. If this fails as well, the next delivery finds the claim.
boost::asio::awaitable<void> Run::drop_claim() {
  std::vector<std::string> own = own_claim_.own();
  if (own.empty()) co_return;
  (void)co_await services_.auto_scaling.delete_tags(request_.group, std::move(own));
}

}  // namespace consumers::recycle
