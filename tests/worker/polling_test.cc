// Polling: as few requests as possible, back-pressure, and a queue that nothing silences.
#include "tests/worker/rig.h"
#include "worker/poller.h"
#include "worker/poller_pool.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace worker {
namespace {

using consumers::Delivery;
using consumers::Done;
using consumers::Verdict;

TEST(Polling, NeverHoldsMoreThanTheLimit) {
  std::size_t most = 0;
  Rig rig;
  rig.events.in_flight_max = 7;
  rig.consume("slow", "events", [&](Delivery) { return after(rig.loop.clock(), 5s, Done{}); });
  for (int i = 0; i < 40; ++i) rig.send("events", request_for("web-" + std::to_string(i)));
  rig.start();
  ASSERT_TRUE(rig.run(5min, [&] {
    most = std::max(most, rig.in_flight("events"));
    return rig.depth("events") == 0;
  }));
  EXPECT_EQ(most, 7U);
}

TEST(Polling, IsIdleAtThreeRequestsAMinuteAndQueue) {
  Rig rig;
  rig.on_events([](const Delivery&) { return Verdict(Done{}); });
  rig.start();
  rig.run(10min);
  EXPECT_LE(rig.seen.size(), 2 * 31U);
  EXPECT_GE(rig.seen.size(), 2 * 28U);
}

TEST(Polling, TriesOnceACallSoThatTheWaitBetweenTriesIsThePollersOwn) {
  Rig rig;
  aws::EndpointConfig endpoints;
  endpoints.region = base::Region("eu-west-2");
  endpoints.endpoint_url = "http://sqs.test";
  aws::Caller polls(rig.http, rig.credentials, rig.loop.clock(), rig.random, endpoints, kPollRetry);
  aws::Sqs sqs(polls);
  rig.region.faults().add(
      {.kind = sim::FaultKind::kError, .operation = "ReceiveMessage", .status = 503});
  EXPECT_FALSE(rig.loop.run(sqs.receive_message(rig.events.target.url, {})));
  EXPECT_EQ(rig.requests("ReceiveMessage").size(), 1U);
}

TEST(Polling, BacksOffOnErrorsInsteadOfSpinning) {
  struct Row {
    const char* code;
    int status;
    std::size_t requests_max;  // in ten minutes, both queues
  };
  for (const Row& row : {Row{"InternalFailure", 500, 700}, Row{"AccessDenied", 403, 90},
                         Row{"RequestThrottled", 400, 700}}) {
    Rig rig;
    rig.on_events([](const Delivery&) { return Verdict(Done{}); });
    rig.region.faults().add({.kind = sim::FaultKind::kError,
                             .operation = "ReceiveMessage",
                             .status = row.status,
                             .code = row.code});
    rig.start();
    rig.run(10min);
    EXPECT_LE(rig.seen.size(), row.requests_max) << row.code;
    EXPECT_FALSE(rig.runtime->queues()[0]->pollers().is_healthy(2min)) << row.code;
    rig.region.faults().clear();
    rig.run(2min);
    EXPECT_TRUE(rig.runtime->queues()[0]->pollers().is_healthy(2min)) << row.code;
  }
}

TEST(Polling, IsNotSilencedByAConnectionThatNeverAnswers) {
  int runs = 0;
  Rig rig;
  rig.on_events([&](const Delivery&) {
    ++runs;
    return Verdict(Done{});
  });
  rig.region.faults().add({.kind = sim::FaultKind::kLatency,
                           .operation = "ReceiveMessage",
                           .count = 2,
                           .latency = 100h});
  rig.start();
  rig.run(1s);
  rig.send("events", request_for("web"));
  EXPECT_TRUE(rig.run(3min, [&] { return runs == 1; }));
}

// What of the requests so far concerns the standard queue.
std::size_t requests_about_events(const Rig& rig, const std::string& operation) {
  const auto all = rig.requests(operation);
  return static_cast<std::size_t>(std::ranges::count_if(all, [](const Request& request) {
    return request.body.find("/events\"") != std::string::npos;
  }));
}

TEST(Polling, CostsAFifthOfARequestPerMessageAtFullLoad) {
  constexpr std::size_t kMessages = 1'000;
  Rig rig;
  rig.on_events([](const Delivery&) { return Verdict(Done{}); });
  for (std::size_t i = 0; i < kMessages; ++i) {
    rig.send("events", request_for("web-" + std::to_string(i)));
  }
  const auto before = rig.seen.size();
  rig.start();
  ASSERT_TRUE(rig.run(1min, [&] { return rig.depth("events") == 0; }));
  const auto polls = requests_about_events(rig, "ReceiveMessage");
  const auto deletes = requests_about_events(rig, "DeleteMessageBatch");
  // The floor is 100 + 100; the polls that are under way when the queue is empty are not work.
  EXPECT_EQ(deletes, kMessages / 10);
  EXPECT_LE(polls, kMessages / 10 + static_cast<std::size_t>(rig.events.pollers_max));
  EXPECT_GE(rig.seen.size() - before, kMessages / 5);
}

TEST(Polling, GrowsWhileReceivesAreFullAndShrinksToOneWhenTheyAreNot) {
  std::size_t most = 0;
  Rig rig;
  rig.events.in_flight_max = 1'000;
  rig.events.pollers_max = 4;
  rig.consume("quick", "events", [&](Delivery) { return after(rig.loop.clock(), 1ms, Done{}); });
  rig.region.faults().add(
      {.kind = sim::FaultKind::kLatency, .operation = "ReceiveMessage", .latency = 50ms});
  for (int i = 0; i < 400; ++i) rig.send("events", request_for("web-" + std::to_string(i)));
  rig.start();
  const PollerPool& pool = rig.runtime->queues()[0]->pollers();
  ASSERT_TRUE(rig.run(1min, [&] {
    most = std::max(most, pool.running());
    return rig.depth("events") == 0;
  }));
  EXPECT_EQ(most, 4U);
  EXPECT_TRUE(rig.run(25s, [&] { return pool.running() == 1; }));
  const auto polls = requests_about_events(rig, "ReceiveMessage");
  rig.run(5min);
  EXPECT_LE(requests_about_events(rig, "ReceiveMessage") - polls, 16U) << "idle: three a minute";
  EXPECT_TRUE(rig.metrics_have(R"(autorecycle_pollers{queue="events"} 1)"));
}

TEST(Polling, ShrinksToOneWhileItMayNotReceive) {
  Rig rig;
  rig.events.in_flight_max = 1'000;
  rig.consume("quick", "events", [&](Delivery) { return after(rig.loop.clock(), 1ms, Done{}); });
  rig.region.faults().add(
      {.kind = sim::FaultKind::kLatency, .operation = "ReceiveMessage", .latency = 50ms});
  for (int i = 0; i < 400; ++i) rig.send("events", request_for("web-" + std::to_string(i)));
  rig.start();
  const PollerPool& pool = rig.runtime->queues()[0]->pollers();
  ASSERT_TRUE(rig.run(1min, [&] { return pool.running() > 2; }));
  rig.region.faults().clear();
  rig.region.faults().add({.kind = sim::FaultKind::kError,
                           .operation = "ReceiveMessage",
                           .status = 403,
                           .code = "AccessDenied"});
  EXPECT_TRUE(rig.run(3min, [&] { return pool.running() == 1; }));
  rig.region.faults().clear();
  EXPECT_TRUE(rig.run(3min, [&] { return rig.depth("events") == 0; }));
}

TEST(Polling, DoesNotAskForOneMessageAtATimeWhenNearlyFull) {
  int number = 0;
  Rig rig;
  rig.events.in_flight_max = 20;
  // One ends every 20 ms: with a poll for each there would be as many polls as messages.
  rig.consume("steady", "events", [&](Delivery) {
    return after(rig.loop.clock(), 400ms + 20ms * (number++ % 20), Done{});
  });
  for (int i = 0; i < 400; ++i) rig.send("events", request_for("web-" + std::to_string(i)));
  rig.start();
  ASSERT_TRUE(rig.run(5min, [&] { return rig.depth("events") == 0; }));
  EXPECT_LE(requests_about_events(rig, "ReceiveMessage"), 60U);
}

TEST(Polling, TakesTheLastRoomAfterAMoment) {
  int begun = 0;
  Rig rig;
  rig.events.in_flight_max = 12;
  rig.consume("endless", "events", [&](Delivery) {
    ++begun;
    return after(rig.loop.clock(), 1h, Done{});
  });
  for (int i = 0; i < 12; ++i) rig.send("events", request_for("web-" + std::to_string(i)));
  rig.start();
  EXPECT_TRUE(rig.run(2s, [&] { return begun == 12; }));
}

TEST(Polling, HoldsNoMoreOfAllQueuesThanTheWorkerMay) {
  std::size_t most = 0;
  Rig rig;
  rig.in_flight_total = 15;
  rig.consume("slow", "events", [&](Delivery) { return after(rig.loop.clock(), 5s, Done{}); });
  rig.consume("slow too", "recycles",
              [&](Delivery) { return after(rig.loop.clock(), 5s, Done{}); });
  for (int i = 0; i < 40; ++i) {
    rig.send("events", request_for("web-" + std::to_string(i)));
    rig.send("recycles.fifo", request_for("db"), "group-" + std::to_string(i));
  }
  rig.start();
  ASSERT_TRUE(rig.run(10min, [&] {
    most = std::max(most, rig.in_flight("events") + rig.in_flight("recycles.fifo"));
    return rig.depth("events") + rig.depth("recycles.fifo") == 0;
  }));
  EXPECT_EQ(most, 15U);
}

TEST(Polling, LetsBothQueuesTakeTurnsWhenThereIsRoomForOnePoll) {
  int runs = 0;
  Rig rig;
  rig.in_flight_total = 10;
  rig.events.in_flight_max = 10;
  rig.recycles.in_flight_max = 10;
  rig.consume("fifo", "recycles", [&](Delivery) {
    ++runs;
    return after(rig.loop.clock(), 1ms, Done{});
  });
  rig.start();
  rig.run(1min);
  rig.send("recycles.fifo", request_for("web"), "web");
  EXPECT_TRUE(rig.run(45s, [&] { return runs == 1; }));
}

TEST(Polling, PausesAndResumes) {
  int runs = 0;
  Rig rig;
  rig.on_events([&](const Delivery&) {
    ++runs;
    return Verdict(Done{});
  });
  rig.start();
  rig.run(1s);
  EXPECT_FALSE(rig.runtime->pause("nobody", true));
  EXPECT_TRUE(rig.runtime->pause("events", true));
  rig.run(25s);  // the poll under way ends
  rig.send("events", request_for("web"));
  const auto polls = requests_about_events(rig, "ReceiveMessage");
  rig.run(30min);
  EXPECT_EQ(requests_about_events(rig, "ReceiveMessage"), polls);
  EXPECT_EQ(runs, 0);
  EXPECT_TRUE(rig.runtime->queues()[0]->pollers().is_healthy(2min)) << "paused is not sick";
  EXPECT_TRUE(rig.runtime->pause("", false));
  EXPECT_TRUE(rig.run(1s, [&] { return runs == 1; }));
}

TEST(Polling, StopsWhenNearlyAllHandlersFailAndProbesBeforeItGoesOn) {
  int runs = 0;
  bool broken = true;
  Rig rig;
  rig.events.retry_base = 1s;
  rig.events.retry_cap = 2s;
  rig.on_events([&](const Delivery&) {
    ++runs;
    if (broken) return Verdict(consumers::Retry{0s, "the database is down"});
    return Verdict(Done{});
  });
  for (int i = 0; i < 300; ++i) rig.send("events", request_for("web-" + std::to_string(i)));
  rig.start();
  rig.run(10min);
  // Without the circuit breaker every message would have gone to the dead letters after three
  // receives, within half a minute.
  EXPECT_LE(runs, 200);
  EXPECT_LT(rig.depth("events-dlq"), 60U);
  EXPECT_TRUE(rig.run(
      6min, [&] { return rig.metrics_have(R"(autorecycle_circuit_open{queue="events"} 1)"); }));
  broken = false;
  ASSERT_TRUE(rig.run(10min, [&] { return rig.depth("events") == 0; }));
  rig.run(1min);
  EXPECT_TRUE(rig.metrics_have(R"(autorecycle_circuit_open{queue="events"} 0)"));
}

TEST(Polling, AsksAFifoQueueAgainWithTheSameAttemptUntilItAnswers) {
  int runs = 0;
  Rig rig;
  rig.consume("fifo", "recycles", [&](Delivery) {
    ++runs;
    return after(rig.loop.clock(), 1ms, Done{});
  });
  rig.send("recycles.fifo", request_for("web"), "web");
  // Carried out, but the answers never arrive: more of them than the client tries by itself.
  rig.region.faults().add({.kind = sim::FaultKind::kLost,
                           .service = "sqs",
                           .operation = "ReceiveMessage",
                           .count = 12});
  rig.start();
  EXPECT_TRUE(rig.run(30s, [&] { return runs == 1; }))
      << "the message must not stay hidden for a whole visibility timeout";
  EXPECT_EQ(runs, 1);
}

// A client below which nothing ever answers and nothing ever times out.
class BlackHole final : public aws::HttpClient {
 public:
  explicit BlackHole(base::Clock& clock) : clock_(clock) {}
  awaitable<base::Result<base::HttpResponse>> send(base::HttpRequest, aws::HttpOptions) override {
    ++requests;
    co_await clock_.sleep_for(10'000h);
    co_return base::fatal("never");
  }
  int requests = 0;

 private:
  base::Clock& clock_;
};

TEST(Polling, GivesUpAPollThatNeverAnswersAndAsksAgain) {
  Rig rig;
  BlackHole hole(rig.loop.clock());
  aws::EndpointConfig endpoints;
  endpoints.region = base::Region("eu-west-2");
  endpoints.endpoint_url = "http://sqs.test";
  aws::Caller caller(hole, rig.credentials, rig.loop.clock(), rig.random, endpoints);
  aws::Sqs silent(caller);
  Context context{rig.loop.executor(), rig.loop.clock(), rig.random, silent, silent,
                  rig.metrics,         rig.payloads};
  TaskGroup tasks(rig.loop.executor(), rig.loop.clock());
  PollerPool pool(context, rig.events, tasks,
                  {.room =
                       [] {
                         return Room{50, std::nullopt};
                       },
                   .on_messages = {},
                   .on_room = [] {}});
  pool.start();
  rig.run(10min);
  EXPECT_GE(hole.requests, 9);
  EXPECT_LE(hole.requests, 11);
  EXPECT_FALSE(pool.is_healthy(2min));
  EXPECT_FALSE(rig.metrics_have(R"(autorecycle_polls_abandoned_total{queue="events"} 0)"));
  pool.stop();
  rig.loop.run(tasks.join());
  EXPECT_EQ(pool.claimed(), 0);
}

TEST(Polling, SurvivesABugInWhatTakesTheMessages) {
  int brought = 0;
  Rig rig;
  for (int i = 0; i < 30; ++i) rig.send("events", request_for("web-" + std::to_string(i)));
  TaskGroup tasks(rig.loop.executor(), rig.loop.clock());
  PollerPool pool(rig.context, rig.events, tasks,
                  {.room =
                       [] {
                         return Room{50, std::nullopt};
                       },
                   .on_messages =
                       [&](std::vector<aws::SqsMessage>, base::SteadyPoint) {
                         if (++brought < 3) throw std::runtime_error("a bug");
                       },
                   .on_room = [] {}});
  pool.start();
  rig.run(30s);
  EXPECT_EQ(brought, 3);
  EXPECT_EQ(pool.running(), 1U);
  pool.stop();
  rig.loop.run(tasks.join());
}

}  // namespace
}  // namespace worker
