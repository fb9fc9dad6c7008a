// IdempotentConsumer: what a delivery comes to, first and again.
#include "base/guarded.h"
#include "consumers/idempotency/consumer.h"
#include "consumers/idempotency/memory_store.h"
#include "tests/consumers/idempotency_rig.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include <deque>
#include <exception>
#include <functional>
#include <stdexcept>

namespace consumers::idempotency {
namespace {

// Takes so long, then gives the next verdict of the script; counts its runs and their ends.
class Work final : public Consumer {
 public:
  explicit Work(base::Clock& clock) : clock_(clock) {}
  std::string_view name() const override { return "work"; }
  bool accepts(const Delivery& delivery) const override { return delivery.queue == "jobs"; }
  awaitable<Verdict> consume(Delivery) override {
    ++runs;
    co_await clock_.sleep_for(takes);
    ++finished;
    if (throws) throw std::runtime_error("a bug");
    Verdict verdict = script.front();
    if (script.size() > 1) script.pop_front();
    co_return verdict;
  }

  base::Duration takes{1'000};
  std::deque<Verdict> script{Done{"restarted", {{"events", "body é", "g", "d"}}}};
  bool throws = false;
  int runs = 0;
  int finished = 0;

 private:
  base::Clock& clock_;
};

Delivery delivery_of(std::string id = "request-1", std::string input = R"({"a":1,"b":2})") {
  Delivery delivery;
  delivery.message.id = std::move(id);
  delivery.message.kind = "oncall-job-request";
  messages::OncallJobRequest request;
  request.job = "restart";
  request.params = std::move(input);
  delivery.message.payload = std::move(request);
  delivery.message_id = "message-1";
  delivery.queue = "jobs";
  return delivery;
}

// The verdict in words, outgoing messages included.
std::string text_of(const Verdict& verdict) {
  if (const auto* done = std::get_if<Done>(&verdict)) {
    std::string text = "done: " + done->reason;
    for (const Outgoing& one : done->outgoing) {
      text +=
          " [" + one.queue + "|" + one.body + "|" + one.group_id + "|" + one.deduplication_id + "]";
    }
    return text;
  }
  if (const auto* retry = std::get_if<Retry>(&verdict)) {
    return "retry after " + std::to_string(retry->after.count()) + ": " + retry->reason;
  }
  if (const auto* defer = std::get_if<Defer>(&verdict)) {
    return "defer until " + base::format_rfc3339(defer->until) + ": " + defer->reason;
  }
  const auto& poison = std::get<Poison>(verdict);
  return "poison " + poison.error_kind + ": " + poison.reason;
}

struct Stage {
  std::string deliver(Delivery delivery = delivery_of()) {
    return text_of(table.loop.run(consumer.consume(std::move(delivery))));
  }

  // A delivery that runs beside the test and can be cancelled.
  struct Running {
    boost::asio::cancellation_signal cancel;
    bool ended = false;
    std::string verdict;  // empty: it threw
    bool aborted = false;
  };
  void start(Running& running, IdempotentConsumer& with, Delivery delivery) {
    boost::asio::co_spawn(
        table.loop.executor(), base::guarded(with.consume(std::move(delivery))),
        boost::asio::bind_cancellation_slot(running.cancel.slot(),
                                            [&](std::exception_ptr error, Verdict verdict) {
                                              running.ended = true;
                                              if (!error) running.verdict = text_of(verdict);
                                              running.aborted = error != nullptr;
                                            }));
  }
  void begin(Running& running, Delivery delivery = delivery_of()) {
    start(running, consumer, std::move(delivery));
    table.loop.run_for(0ms);
  }
  std::string status() {
    const sim::Json* item = table.item("test:work#request-1");
    return item == nullptr ? "none" : item->at("status").at("S").get<std::string>();
  }

  Table table;
  TableWorker worker{table, 1};
  Work work{table.loop.clock()};
  IdempotentConsumer consumer{work, worker.store, table.loop.clock()};
};

struct IdempotentConsumerTest : testing::Test, Stage {};

constexpr const char* kDone = "done: restarted [events|body é|g|d]";
constexpr const char* kDoneBefore = "done: done before: restarted [events|body é|g|d]";

TEST_F(IdempotentConsumerTest, SendsTheSameMessagesAgainWithoutRunningTheWork) {
  EXPECT_EQ(deliver(), kDone);
  EXPECT_EQ(deliver(), kDoneBefore);
  EXPECT_EQ(deliver(), kDoneBefore);
  EXPECT_EQ(work.runs, 1);
  table.loop.run_for(1h);
  EXPECT_EQ(deliver(), kDone);
  EXPECT_EQ(work.runs, 2);
}

TEST_F(IdempotentConsumerTest, KeepsPoison) {
  work.script = {Poison{"no such service", "refused"}, Done{}};
  EXPECT_EQ(deliver(), "poison refused: no such service");
  EXPECT_EQ(deliver(), "poison refused: no such service");
  EXPECT_EQ(work.runs, 1);
}

TEST_F(IdempotentConsumerTest, RunsAtOnceAfterWhatIsNoEnd) {
  work.script = {Retry{5s, "busy"}, Defer{base::TimePoint(), "later"}, Done{"now", {}}};
  EXPECT_EQ(deliver(), "retry after 5000: busy");
  EXPECT_EQ(status(), "none");
  EXPECT_EQ(deliver(), "defer until 1970-01-01T00:00:00Z: later");
  EXPECT_EQ(status(), "none");
  EXPECT_EQ(deliver(), "done: now");
}

TEST_F(IdempotentConsumerTest, RunsAtOnceAfterAnException) {
  work.throws = true;
  EXPECT_THROW(deliver(), std::runtime_error);
  EXPECT_EQ(status(), "none");
  work.throws = false;
  EXPECT_EQ(deliver(), kDone);
}

TEST_F(IdempotentConsumerTest, WaitsWhileSomebodyElseIsAtIt) {
  work.takes = 20s;
  Running first;
  begin(first);
  const auto until = base::format_rfc3339(table.loop.clock().now() + 60s);
  EXPECT_EQ(deliver(), "defer until " + until + ": in progress elsewhere");
  table.loop.run_for(20s);
  EXPECT_EQ(first.verdict, kDone);
  EXPECT_EQ(deliver(), kDoneBefore);
  EXPECT_EQ(work.runs, 1);
}

TEST_F(IdempotentConsumerTest, WaitsWithoutACopyWhenTheMessageIdIsTheKey) {
  work.takes = 20s;
  Running first;
  begin(first, delivery_of(""));
  table.loop.run_for(10s);
  EXPECT_EQ(deliver(delivery_of("")), "retry after 50000: in progress elsewhere");
  EXPECT_NE(table.item("test:work#message-1"), nullptr);
  table.loop.run_for(20s);
}

TEST_F(IdempotentConsumerTest, RefusesAnIdThatWasUsedForSomethingElse) {
  deliver();
  EXPECT_EQ(deliver(delivery_of("request-1", R"({"a":1,"b":3})")),
            "poison refused: 'work#request-1' was asked for before with another payload");
  EXPECT_EQ(deliver(delivery_of("request-1", R"({"b":2, "a":1})")), kDoneBefore);
  EXPECT_EQ(deliver(delivery_of("request-2", R"({"a":1,"b":3})")), kDone);
  EXPECT_EQ(work.runs, 2);
}

TEST_F(IdempotentConsumerTest, RefusesAnIdThatIsTooLongForAKey) {
  EXPECT_EQ(deliver(delivery_of(std::string(1024, 'x'))),
            "poison invalid: an idempotency key of 1029 bytes; accepted: 1 to 1024");
  EXPECT_EQ(work.runs, 0);
}

TEST_F(IdempotentConsumerTest, KeepsItsClaimForAsLongAsTheWorkTakes) {
  work.takes = 10min;
  Running first;
  begin(first);
  for (int minute = 0; minute < 9; ++minute) {
    table.loop.run_for(1min);
    EXPECT_TRUE(deliver().starts_with("defer until")) << minute;
  }
  table.loop.run_for(2min);
  EXPECT_EQ(first.verdict, kDone);
  EXPECT_EQ(work.runs, 1);
}

TEST_F(IdempotentConsumerTest, RenewsNoMoreOftenThanAtHalfOfTheTime) {
  work.takes = 10min;
  deliver();
  EXPECT_LE(worker.http.requests(), 2 + 20);  // begin, complete and a renewal every 30 s
}

TEST_F(IdempotentConsumerTest, CancelsTheWorkWhenSomebodyElseTookTheClaim) {
  work.takes = 10min;
  Running first;
  begin(first);
  table.region.dynamodb().find_table(kTable)->erase({{"id", {{"S", "test:work#request-1"}}}});
  TableWorker other(table, 2);
  ASSERT_TRUE(table.loop.run(other.store.begin({"work#request-1", "", 10min, 1h})).has_value());
  table.loop.run_for(31s);
  EXPECT_EQ(first.verdict, "retry after 0: the claim was lost while the work ran");
  EXPECT_EQ(work.finished, 0);
  EXPECT_EQ(status(), "INPROGRESS");  // the other one's
}

TEST_F(IdempotentConsumerTest, CancelsTheWorkWhenTheClaimEndsUnrenewed) {
  work.takes = 10min;
  Running first;
  begin(first);
  table.add_fault(sim::FaultKind::kError, 1.0);
  table.loop.run_for(61s);
  EXPECT_EQ(work.finished, 0);
  table.loop.run_for(10s);
  EXPECT_EQ(first.verdict, "retry after 0: the claim was lost while the work ran");
}

TEST_F(IdempotentConsumerTest, OutlivesAStoreThatDoesNotAnswerForAWhile) {
  work.takes = 5min;
  Running first;
  begin(first);
  table.add_fault(sim::FaultKind::kError, 1.0, "UpdateItem");
  table.loop.run_for(50s);
  table.region.faults().clear();
  table.loop.run_for(5min);
  EXPECT_EQ(first.verdict, kDone);
}

TEST_F(IdempotentConsumerTest, GoesOnUntilTheOutcomeIsKept) {
  table.add_fault(sim::FaultKind::kError, 1.0, "UpdateItem");
  Running first;
  begin(first);
  table.loop.run_for(20s);
  EXPECT_EQ(work.finished, 1);
  EXPECT_FALSE(first.ended);
  table.region.faults().clear();
  table.loop.run_for(10s);
  EXPECT_EQ(first.verdict, kDone);
  EXPECT_EQ(status(), "COMPLETED");
}

TEST_F(IdempotentConsumerTest, GivesTheVerdictThatCouldNotBeKeptWhenItsClaimEnds) {
  table.add_fault(sim::FaultKind::kError, 1.0, "UpdateItem");
  EXPECT_EQ(deliver(), kDone);
  EXPECT_EQ(status(), "INPROGRESS");
}

TEST_F(IdempotentConsumerTest, DoesNotRunWhatItCannotClaim) {
  table.add_fault(sim::FaultKind::kThrottle, 1.0);
  EXPECT_TRUE(deliver().starts_with("retry after 0: idempotency store: ")) << deliver();
  EXPECT_EQ(work.runs, 0);
}

TEST_F(IdempotentConsumerTest, DoesNotRunUnderAClaimThatTookTooLongToGet) {
  // The claim is written, but every answer is lost until its time is nearly over.
  sim::FaultRule slow;
  slow.kind = sim::FaultKind::kLatency;
  slow.service = "dynamodb";
  slow.latency = 4s;
  table.region.faults().add(slow);
  Options options;
  options.in_progress_for = 5s;
  IdempotentConsumer hasty(work, worker.store, table.loop.clock(), options);
  EXPECT_EQ(text_of(table.loop.run(hasty.consume(delivery_of()))),
            "retry after 0: the claim took as long as it lasts");
  EXPECT_EQ(work.runs, 0);
}

TEST_F(IdempotentConsumerTest, GivesItsClaimUpWhenItIsCancelled) {
  work.takes = 10min;
  Running first;
  begin(first);
  table.loop.run_for(1s);
  EXPECT_EQ(status(), "INPROGRESS");
  first.cancel.emit(boost::asio::cancellation_type::terminal);
  table.loop.run_for(1ms);
  EXPECT_TRUE(first.ended && first.aborted);
  EXPECT_EQ(status(), "none");
  EXPECT_EQ(work.finished, 0);
}

TEST_F(IdempotentConsumerTest, EndsSoonWhenItIsCancelledAndTheStoreDoesNotAnswer) {
  work.takes = 10min;
  Running first;
  begin(first);
  table.loop.run_for(1s);
  sim::FaultRule slow;
  slow.kind = sim::FaultKind::kLatency;
  slow.latency = 1h;
  table.region.faults().add(slow);
  first.cancel.emit(boost::asio::cancellation_type::terminal);
  table.loop.run_for(3s);
  EXPECT_TRUE(first.ended && first.aborted);
  table.region.faults().clear();
  table.loop.run_for(60s);  // in any case the claim ends by itself
  work.takes = 1s;
  EXPECT_EQ(deliver(), kDone);
}

TEST_F(IdempotentConsumerTest, KeepsTheOutcomeOfWorkThatEndedBeforeItWasCancelled) {
  table.add_fault(sim::FaultKind::kError, 1.0, "UpdateItem");
  Running first;
  begin(first);
  table.loop.run_for(10s);
  ASSERT_EQ(work.finished, 1);
  table.region.faults().clear();
  first.cancel.emit(boost::asio::cancellation_type::terminal);
  table.loop.run_for(2s);
  EXPECT_TRUE(first.ended && first.aborted);
  EXPECT_EQ(deliver(), kDoneBefore);
  EXPECT_EQ(work.runs, 1);
}

TEST_F(IdempotentConsumerTest, MayBeCancelledWhileItClaims) {
  sim::FaultRule slow;
  slow.kind = sim::FaultKind::kLatency;
  slow.latency = 1s;
  table.region.faults().add(slow);
  Running first;
  begin(first);
  first.cancel.emit(boost::asio::cancellation_type::terminal);
  table.loop.run_for(2s);
  EXPECT_TRUE(first.ended && first.aborted);
  EXPECT_EQ(work.runs, 0);
  table.region.faults().clear();
  table.loop.run_for(60s);
  EXPECT_EQ(deliver(), kDone);
}

// Over a store that answers at once: whatever was claimed is known to have been.
TEST(IdempotentConsumerSteps, MayBeCancelledAtAnyOfThem) {
  int begun = 0;
  for (int steps = 0; steps < 60; ++steps) {
    Stage stage;
    MemoryStore memory(stage.table.loop.clock());
    IdempotentConsumer consumer(stage.work, memory, stage.table.loop.clock());
    stage.work.takes = 10min;
    Stage::Running running;
    stage.start(running, consumer, delivery_of());
    int left = steps;
    stage.table.loop.run_until([&] { return left-- == 0; }, 0ms);
    running.cancel.emit(boost::asio::cancellation_type::terminal);
    stage.table.loop.run_for(3s);
    EXPECT_TRUE(running.ended && running.aborted) << steps;
    EXPECT_EQ(memory.size(), 0U) << steps;
    begun += stage.work.runs;
  }
  EXPECT_GT(begun, 10);
}

TEST_F(IdempotentConsumerTest, DoesNotRunAgainWhatIsTooLargeToKeep) {
  work.script = {Done{"large", {{"events", std::string(kAnswerBytesMax, 'x'), "", ""}}}};
  EXPECT_TRUE(deliver().starts_with("done: large [events|xxx"));
  EXPECT_TRUE(deliver().starts_with(
      "poison refused: done before, but its outcome is not known: an answer of "));
  EXPECT_EQ(work.runs, 1);
}

TEST_F(IdempotentConsumerTest, TakesWhatTheWorkTakes) {
  Delivery other = delivery_of();
  EXPECT_TRUE(consumer.accepts(other));
  other.queue = "events";
  EXPECT_FALSE(consumer.accepts(other));
  EXPECT_EQ(consumer.name(), "work");
}

TEST_F(IdempotentConsumerTest, RefusesTimesThatAreNone) {
  Options options;
  options.in_progress_for = 999ms;
  EXPECT_THROW(IdempotentConsumer(work, worker.store, table.loop.clock(), options),
               std::invalid_argument);
}

}  // namespace
}  // namespace consumers::idempotency
