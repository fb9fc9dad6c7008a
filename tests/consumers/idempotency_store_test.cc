// What holds for every Store, and what is DynamoDB's and the cache's own.
#include "consumers/idempotency/cached_store.h"
#include "consumers/idempotency/memory_store.h"
#include "tests/consumers/idempotency_rig.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>

namespace consumers::idempotency {
namespace {

class StoreTest : public testing::TestWithParam<std::string> {
 protected:
  StoreTest() {
    if (GetParam() == "Memory") store_ = &memory;
    if (GetParam() == "Cached") store_ = &cached;
  }

  Begun begin(const BeginRequest& request = request_of()) {
    return table.loop.run(store_->begin(request)).value();
  }
  Claim claim(const BeginRequest& request = request_of()) {
    return std::get<Started>(begin(request)).claim;
  }
  base::Result<void> complete(const Claim& claim, const std::string& answer = "done") {
    return table.loop.run(store_->complete(claim, answer));
  }
  base::Result<base::TimePoint> renew(const Claim& claim, base::Duration duration) {
    return table.loop.run(store_->renew(claim, duration));
  }
  void abandon(const Claim& claim) { table.loop.run(store_->abandon(claim)).value(); }
  static std::string answer_of(const Begun& begun) {
    const auto* completed = std::get_if<AlreadyCompleted>(&begun);
    return completed == nullptr ? "not completed" : completed->answer;
  }
  template <class T>
  static bool is(const Begun& begun) {
    return std::holds_alternative<T>(begun);
  }

  Table table;
  TableWorker worker{table, 1};
  MemoryStore memory{table.loop.clock()};
  CachedStore cached{worker.store, table.loop.clock()};

 private:
  Store* store_ = &worker.store;
};

INSTANTIATE_TEST_SUITE_P(, StoreTest, testing::Values("Memory", "DynamoDb", "Cached"),
                         [](const auto& info) { return info.param; });

TEST_P(StoreTest, GivesAKeyToOneAndTellsTheOthersUntilWhen) {
  const auto now = table.loop.clock().now();
  const auto started = std::get<Started>(begin());
  EXPECT_EQ(started.until, now + 60s);
  table.loop.run_for(10s);
  EXPECT_EQ(std::get<InProgress>(begin()).until, now + 60s);
  EXPECT_TRUE(is<Started>(begin(request_of("another"))));
}

TEST_P(StoreTest, GivesTheStoredAnswerUntilItExpires) {
  const std::string answer = "{\"é\":\"\\u0000\"}";
  complete(claim(), answer).value();
  EXPECT_EQ(answer_of(begin()), answer);
  table.loop.run_for(1h - 1s);
  EXPECT_EQ(answer_of(begin()), answer);
  table.loop.run_for(1s);
  EXPECT_TRUE(is<Started>(begin()));
}

TEST_P(StoreTest, LetsACrashedRunBeTakenOverWhenItsTimeIsOver) {
  claim();
  table.loop.run_for(60s - 1ms);
  EXPECT_TRUE(is<InProgress>(begin()));
  table.loop.run_for(1ms);
  EXPECT_TRUE(is<Started>(begin()));
}

TEST_P(StoreTest, KeepsASlowRunFromTouchingItsSuccessors) {
  const Claim slow = claim();
  table.loop.run_for(61s);
  const Claim successor = claim();
  EXPECT_EQ(complete(slow, "late").error().code, kClaimLost);
  EXPECT_EQ(renew(slow, 60s).error().code, kClaimLost);
  abandon(slow);
  EXPECT_TRUE(is<InProgress>(begin()));
  complete(successor, "first").value();
  EXPECT_EQ(complete(slow, "late").error().code, kClaimLost);
  abandon(slow);
  EXPECT_EQ(answer_of(begin()), "first");
}

TEST_P(StoreTest, LetsASlowRunCompleteThatNobodyHasTakenOver) {
  const Claim slow = claim();
  table.loop.run_for(61s);
  complete(slow, "late").value();
  EXPECT_EQ(answer_of(begin()), "late");
}

TEST_P(StoreTest, KeepsARenewedClaim) {
  const Claim renewed = claim();
  table.loop.run_for(50s);
  EXPECT_EQ(renew(renewed, 60s).value(), table.loop.clock().now() + 60s);
  table.loop.run_for(59s);
  EXPECT_TRUE(is<InProgress>(begin()));
  table.loop.run_for(1s);
  EXPECT_TRUE(is<Started>(begin()));
}

TEST_P(StoreTest, LetsAnAbandonedKeyBeTakenAtOnce) {
  abandon(claim());
  const Claim second = claim();
  complete(second, "second").value();
  abandon(second);  // too late to undo it
  EXPECT_EQ(renew(second, 60s).error().code, kClaimLost);
  EXPECT_EQ(answer_of(begin()), "second");
}

TEST_P(StoreTest, RefusesAKeyThatWasUsedForAnotherPayload) {
  const Claim first = claim();
  EXPECT_TRUE(is<OtherPayload>(begin(request_of("k", "g"))));
  complete(first).value();
  EXPECT_TRUE(is<OtherPayload>(begin(request_of("k", "g"))));
  EXPECT_EQ(answer_of(begin()), "done");
  EXPECT_TRUE(is<OtherPayload>(begin(request_of("k", ""))));
  table.loop.run_for(1h);
  EXPECT_TRUE(is<Started>(begin(request_of("k", "g"))));
}

TEST_P(StoreTest, KeepsAnAnswerOfTheLargestSizeAndRefusesALargerOne) {
  const Claim large = claim();
  const auto refused = complete(large, std::string(kAnswerBytesMax + 1, 'x'));
  EXPECT_EQ(refused.error().code, kAnswerTooLarge);
  EXPECT_TRUE(is<InProgress>(begin()));
  const std::string largest(kAnswerBytesMax, 'x');
  complete(large, largest).value();
  EXPECT_EQ(answer_of(begin()), largest);
}

TEST_P(StoreTest, RefusesWhatIsNoRequest) {
  EXPECT_TRUE(is<Started>(begin(request_of(std::string(kKeyBytesMax, 'k')))));
  BeginRequest no_time = request_of();
  no_time.in_progress_for = 0ms;
  BeginRequest not_kept = request_of();
  not_kept.keep_for = -1ms;
  for (const BeginRequest& request :
       {request_of(""), request_of(std::string(kKeyBytesMax + 1, 'k')), no_time, not_kept}) {
    Store* stores[] = {&memory, &worker.store, &cached};
    for (Store* store : stores) {
      EXPECT_EQ(table.loop.run(store->begin(request)).error().kind, base::ErrorKind::kInvalid);
    }
  }
}

TEST(MemoryStore, IsFullBeforeItForgetsWhatIsInForce) {
  sim::VirtualLoop loop;
  MemoryStore store(loop.clock(), {.records = 2, .bytes = 1000});
  const auto begin = [&](const std::string& key) { return loop.run(store.begin(request_of(key))); };
  const Claim first = std::get<Started>(begin("1").value()).claim;
  begin("2").value();
  EXPECT_EQ(begin("3").error().code, kStoreFull);
  EXPECT_TRUE(std::holds_alternative<InProgress>(begin("1").value()));
  loop.run(store.complete(first, "x")).value();
  loop.run_for(60s);
  EXPECT_TRUE(begin("3").has_value());  // in the place of "2", whose time is over
  EXPECT_EQ(begin("4").error().code, kStoreFull);
  loop.run_for(1h);
  EXPECT_TRUE(begin("4").has_value());
  EXPECT_EQ(store.size(), 2U);
}

TEST(MemoryStore, CountsTheBytesOfAnswers) {
  sim::VirtualLoop loop;
  MemoryStore store(loop.clock(), {.records = 10, .bytes = 1000});
  const Claim claim = std::get<Started>(loop.run(store.begin(request_of())).value()).claim;
  EXPECT_EQ(loop.run(store.complete(claim, std::string(999, 'x'))).error().code, kStoreFull);
  EXPECT_TRUE(std::holds_alternative<InProgress>(loop.run(store.begin(request_of())).value()));
  loop.run(store.complete(claim, std::string(998, 'x'))).value();
  EXPECT_EQ(store.bytes(), 1000U);
  EXPECT_EQ(loop.run(store.begin(request_of("2"))).error().code, kStoreFull);
  loop.run(store.complete(claim, "")).value();
  EXPECT_EQ(store.bytes(), 2U);
  loop.run(store.complete(claim, std::string(998, 'x'))).value();
  loop.run_for(2h);
  loop.run(store.begin(request_of("2"))).value();
  EXPECT_EQ(store.bytes(), 2U);
}

struct DynamoDbStoreTest : testing::Test {
  // Without regard to the order of its attributes.
  nlohmann::json item() { return nlohmann::json::parse(table.item("test:k")->dump()); }
  Begun begin() { return table.loop.run(worker.store.begin(request_of())).value(); }

  Table table;
  TableWorker worker{table, 1};
};

TEST_F(DynamoDbStoreTest, WritesTheAttributesThatItsHeaderNames) {
  const auto now = table.loop.clock().now();
  const auto seconds = [](base::TimePoint time) {
    return std::to_string(
        std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
  };
  const Claim claim = std::get<Started>(begin()).claim;
  EXPECT_EQ(item(), (nlohmann::json{{"id", {{"S", "test:k"}}},
                                    {"status", {{"S", "INPROGRESS"}}},
                                    {"expiration", {{"N", seconds(now + 1h)}}},
                                    {"in_progress_expiration", {{"N", seconds(now + 60s) + "000"}}},
                                    {"validation", {{"S", "f"}}},
                                    {"claim", {{"S", claim.token}}}}));
  table.loop.run_for(10s);
  table.loop.run(worker.store.complete(claim, "answer")).value();
  EXPECT_EQ(item(), (nlohmann::json{{"id", {{"S", "test:k"}}},
                                    {"status", {{"S", "COMPLETED"}}},
                                    {"expiration", {{"N", seconds(now + 10s + 1h)}}},
                                    {"validation", {{"S", "f"}}},
                                    {"claim", {{"S", claim.token}}},
                                    {"data", {{"S", "answer"}}}}));
}

TEST_F(DynamoDbStoreTest, MakesOneRequestForEveryStep) {
  const Claim claim = std::get<Started>(begin()).claim;
  EXPECT_EQ(worker.http.requests(), 1);
  begin();
  EXPECT_EQ(worker.http.requests(), 2);
  table.loop.run(worker.store.renew(claim, 60s)).value();
  EXPECT_EQ(worker.http.requests(), 3);
  table.loop.run(worker.store.complete(claim, "x")).value();
  EXPECT_EQ(worker.http.requests(), 4);
  table.loop.run(worker.store.abandon(claim)).value();
  EXPECT_EQ(worker.http.requests(), 5);
}

TEST_F(DynamoDbStoreTest, HasStartedWhenTheAnswerToItsWriteWasLost) {
  worker.http.cut_response(1);
  const auto started = std::get<Started>(begin());
  EXPECT_EQ(worker.http.requests(), 2);
  table.loop.run(worker.store.complete(started.claim, "x")).value();
}

TEST_F(DynamoDbStoreTest, UnderstandsEveryStepWhoseAnswerWasLost) {
  const Claim first = std::get<Started>(begin()).claim;
  worker.http.cut_response(2);
  EXPECT_TRUE(table.loop.run(worker.store.renew(first, 60s)).has_value());
  worker.http.cut_response(4);
  EXPECT_TRUE(table.loop.run(worker.store.abandon(first)).has_value());
  const Claim second = std::get<Started>(begin()).claim;
  worker.http.cut_response(7);
  EXPECT_TRUE(table.loop.run(worker.store.complete(second, "x")).has_value());
  EXPECT_EQ(worker.http.requests(), 8);
  EXPECT_EQ(std::get<AlreadyCompleted>(begin()).answer, "x");
}

TEST_F(DynamoDbStoreTest, DoesNotTakeAnExpiredRecordForOneThatIsInForce) {
  const Claim claim = std::get<Started>(begin()).claim;
  table.loop.run(worker.store.complete(claim, "x")).value();
  table.loop.run_for(1h + 1min);
  ASSERT_NE(table.item("test:k"), nullptr);  // DynamoDB has not removed it yet
  EXPECT_TRUE(std::holds_alternative<Started>(begin()));
}

TEST_F(DynamoDbStoreTest, DoesNotLoseALongClaimToTheTimeToLive) {
  BeginRequest request = request_of();
  request.in_progress_for = 10h;
  request.keep_for = 1s;
  table.loop.run(worker.store.begin(request)).value();
  table.loop.run_for(9h);
  EXPECT_TRUE(std::holds_alternative<InProgress>(begin()));
}

TEST_F(DynamoDbStoreTest, SaysThatItDoesNotKnowWhenARecordIsNotOfItsForm) {
  table.region.dynamodb().find_table(kTable)->put({{"id", {{"S", "test:k"}}},
                                                   {"status", {{"S", "PAUSED"}}},
                                                   {"expiration", {{"N", "9999999999"}}}});
  const auto begun = table.loop.run(worker.store.begin(request_of()));
  EXPECT_EQ(begun.error().code, "UnreadableRecord");
  EXPECT_TRUE(begun.error().is_transient());
}

TEST_F(DynamoDbStoreTest, ReportsATableThatIsNotThere) {
  DynamoDbStore store(worker.dynamodb, table.loop.clock(), worker.random, {"none", ""});
  const auto begun = table.loop.run(store.begin(request_of()));
  EXPECT_EQ(begun.error().kind, base::ErrorKind::kNotFound);
  EXPECT_NE(begun.error().message.find("'none'"), std::string::npos);
}

struct CachedStoreTest : DynamoDbStoreTest {
  void complete(const std::string& key, const std::string& answer) {
    const auto begun = table.loop.run(worker.store.begin(request_of(key))).value();
    table.loop.run(worker.store.complete(std::get<Started>(begun).claim, answer)).value();
  }
  // How many requests a duplicate costs.
  int cost(const std::string& key, const std::string& fingerprint = "f") {
    const int before = worker.http.requests();
    table.loop.run(store.begin(request_of(key, fingerprint))).value();
    return worker.http.requests() - before;
  }

  CachedStore store{worker.store, table.loop.clock()};
};

TEST_F(CachedStoreTest, AnswersAHotDuplicateWithoutARequest) {
  complete("k", "x");
  EXPECT_EQ(cost("k"), 1);
  EXPECT_EQ(cost("k"), 0);
  EXPECT_EQ(cost("k", "g"), 0);
  table.loop.run_for(1h);
  EXPECT_EQ(cost("k"), 1);
}

TEST_F(CachedStoreTest, DoesNotRememberWhoIsInProgress) {
  cost("k");
  EXPECT_EQ(cost("k"), 1);
  EXPECT_EQ(store.size(), 0U);
}

TEST_F(CachedStoreTest, ForgetsWhatWasUsedLongestAgo) {
  for (std::size_t i = 0; i <= CachedStore::kAnswersMax; ++i) {
    complete(fmt::format("k{}", i), "x");
    cost(fmt::format("k{}", i));
    EXPECT_EQ(cost("k0"), 0) << i;
  }
  EXPECT_EQ(store.size(), CachedStore::kAnswersMax);
  EXPECT_EQ(cost("k2"), 0);
  EXPECT_EQ(cost("k1"), 1);
}

TEST_F(CachedStoreTest, AsksForALongAnswerAgain) {
  complete("k", std::string(CachedStore::kCachedAnswerBytesMax + 1, 'x'));
  EXPECT_EQ(cost("k"), 1);
  EXPECT_EQ(cost("k"), 1);
}

}  // namespace
}  // namespace consumers::idempotency
