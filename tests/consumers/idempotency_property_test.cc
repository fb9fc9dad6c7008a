// The stores against each other and a model, over any sequence of steps and any passing of time.
#include "consumers/idempotency/memory_store.h"
#include "tests/consumers/idempotency_rig.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <optional>
#include <vector>

namespace consumers::idempotency {
namespace {

struct Step {
  enum class Kind { kBegin, kRenew, kComplete, kAbandon, kWait };
  Kind kind = Kind::kBegin;
  BeginRequest request;
  std::size_t claim = 0;  // which of the claims so far, modulo their number
  std::string answer;
  base::Duration duration{1};  // of a wait or a renewal
};

rc::Gen<base::Duration> any_duration() {
  // Around the ends of claims and the whole seconds of expiry.
  return rc::gen::map(
      rc::gen::oneOf(rc::gen::inRange(1, 3'000), rc::gen::element(1, 499, 500, 999, 1000, 1001)),
      [](int milliseconds) { return base::Duration(milliseconds); });
}

rc::Gen<Step> any_step() {
  using Kind = Step::Kind;
  return rc::gen::exec([] {
    Step step;
    step.kind = *rc::gen::element(Kind::kBegin, Kind::kBegin, Kind::kBegin, Kind::kRenew,
                                  Kind::kComplete, Kind::kAbandon, Kind::kWait, Kind::kWait);
    step.request.key = *rc::gen::element<std::string>("a", "b", "ü");
    step.request.fingerprint = *rc::gen::element<std::string>("f", "f", "f", "g", "");
    step.request.in_progress_for = *any_duration();
    step.request.keep_for = *any_duration();
    step.claim = *rc::gen::inRange<std::size_t>(0, 100);
    step.answer = *rc::gen::element<std::string>("", "x", "{\"y\":1}");
    step.duration = *any_duration();
    return step;
  });
}

std::string text_of(base::TimePoint time) { return base::format_rfc3339(time); }

struct Describer {
  std::string operator()(const Started& begun) const {
    return "started until " + text_of(begun.until);
  }
  std::string operator()(const AlreadyCompleted& begun) const {
    return "completed '" + begun.answer + "' until " + text_of(begun.until);
  }
  std::string operator()(const InProgress& begun) const {
    return "in progress until " + text_of(begun.until);
  }
  std::string operator()(const OtherPayload&) const { return "other payload"; }
};

// Carries steps out on one store and writes down what came of each. Claims that were given are
// numbered, so that the same step means the same claim on every store.
class Performer {
 public:
  Performer(sim::VirtualLoop& loop, Store& store) : loop_(loop), store_(store) {}

  std::string perform(const Step& step) {
    if (step.kind == Step::Kind::kBegin) {
      const auto begun = loop_.run(store_.begin(step.request));
      if (!begun) return begun.error().to_string();
      if (const auto* started = std::get_if<Started>(&*begun)) claims_.push_back(started->claim);
      return std::visit(Describer{}, *begun);
    }
    if (step.kind == Step::Kind::kWait || claims_.empty()) return "";
    const Claim& claim = claims_[step.claim % claims_.size()];
    if (step.kind == Step::Kind::kRenew) {
      const auto renewed = loop_.run(store_.renew(claim, step.duration));
      return renewed ? text_of(*renewed) : renewed.error().code;
    }
    const auto done =
        loop_.run(step.kind == Step::Kind::kComplete ? store_.complete(claim, step.answer)
                                                     : store_.abandon(claim));
    return done ? "ok" : done.error().code;
  }

 private:
  sim::VirtualLoop& loop_;
  Store& store_;
  std::vector<Claim> claims_;
};

// The rules, said once more and as plainly as possible. A token is the number of the claim.
class Model final : public Store {
 public:
  explicit Model(base::Clock& clock) : clock_(clock) {}

  awaitable<base::Result<Begun>> begin(BeginRequest request) override {
    if (holder_of(request.key) == nullptr) {
      Holder& holder = holders_[request.key];
      holder = {std::to_string(++tokens_), request.fingerprint, std::nullopt,
                clock_.now() + request.in_progress_for};
      co_return Started{{request.key, holder.token, request.keep_for}, holder.ends};
    }
    const Holder& holder = *holder_of(request.key);
    if (holder.fingerprint != request.fingerprint) co_return OtherPayload{};
    if (holder.answer) co_return AlreadyCompleted{*holder.answer, holder.ends};
    co_return InProgress{holder.ends};
  }
  awaitable<base::Result<base::TimePoint>> renew(Claim claim, base::Duration duration) override {
    if (!is_held_by(claim) || holders_[claim.key].answer) co_return claim_lost(claim.key);
    co_return holders_[claim.key].ends = clock_.now() + duration;
  }
  awaitable<base::Result<void>> complete(Claim claim, std::string answer) override {
    if (!is_held_by(claim)) co_return claim_lost(claim.key);
    holders_[claim.key].answer = answer;
    holders_[claim.key].ends =
        std::chrono::ceil<std::chrono::seconds>(clock_.now() + claim.keep_for);
    co_return base::Result<void>();
  }
  awaitable<base::Result<void>> abandon(Claim claim) override {
    if (is_held_by(claim) && !holders_[claim.key].answer) holders_.erase(claim.key);
    co_return base::Result<void>();
  }

 private:
  struct Holder {
    std::string token;
    std::string fingerprint;
    std::optional<std::string> answer;
    base::TimePoint ends;
  };
  // nullptr: free, or over.
  const Holder* holder_of(const std::string& key) const {
    const auto found = holders_.find(key);
    return found == holders_.end() || found->second.ends <= clock_.now() ? nullptr : &found->second;
  }
  // Whether it is over or not: until somebody else takes it.
  bool is_held_by(const Claim& claim) const {
    const auto found = holders_.find(claim.key);
    return found != holders_.end() && found->second.token == claim.token;
  }

  base::Clock& clock_;
  std::map<std::string, Holder> holders_;
  int tokens_ = 0;
};

std::string show(const std::vector<std::string>& history) {
  std::string text;
  for (const std::string& line : history) text += line + "\n";
  return text;
}

void expect_alike(Table& table, Store& one, Store& other, const std::vector<Step>& steps) {
  Performer first(table.loop, one);
  Performer second(table.loop, other);
  std::vector<std::string> history;
  for (const Step& step : steps) {
    if (step.kind == Step::Kind::kWait) table.loop.run_for(step.duration);
    const std::string a = first.perform(step);
    const std::string b = second.perform(step);
    history.push_back(fmt::format("{} {} {}: {} / {}", text_of(table.loop.clock().now()),
                                  static_cast<int>(step.kind), step.request.key, a, b));
    if (a != b) RC_FAIL(show(history));
  }
}

RC_GTEST_PROP(StoreProperty, MemoryStoreIsTheModel, ()) {
  Table table;
  Model model(table.loop.clock());
  MemoryStore memory(table.loop.clock());
  expect_alike(table, model, memory, *rc::gen::container<std::vector<Step>>(any_step()));
}

RC_GTEST_PROP(StoreProperty, DynamoDbStoreIsTheModelThoughItsAnswersAreLost, ()) {
  Table table(*rc::gen::inRange<std::uint64_t>(1, 1'000'000));
  table.add_fault(sim::FaultKind::kLost, 0.2);
  table.add_fault(sim::FaultKind::kThrottle, 0.1);
  // Without a pause between attempts, so that both stores see the same times.
  TableWorker worker(table, 1, {.attempts_max = 100, .transient_base = 0ms, .throttled_base = 0ms});
  MemoryStore memory(table.loop.clock());
  expect_alike(table, memory, worker.store, *rc::gen::container<std::vector<Step>>(any_step()));
}

}  // namespace
}  // namespace consumers::idempotency
