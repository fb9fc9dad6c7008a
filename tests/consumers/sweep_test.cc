#include "consumers/recycle/sweep.h"

#include "messages/decode.h"
#include "tests/consumers/sim_services.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

namespace asio = boost::asio;
using base::GroupName;

constexpr const char* kGroup = "payments-asg-1";

struct Fixture : test::SimServices {
  Fixture() {
    create_group({.name = kGroup, .tags = test::tags_for("out-in")});
    before = look(kGroup);
    create_template_version();
  }

  static asio::awaitable<void> consume(RecycleConsumer& consumer) {
    Delivery delivery;
    delivery.queue = "recycles";
    delivery.message_id = "lost";
    delivery.message.payload = test::request_for(kGroup);
    co_await consumer.consume(std::move(delivery));
  }
  // A run that is begun and then forgotten by everybody, its message too.
  void abandon_a_run() {
    RecycleConsumer consumer(worker.services, config);
    asio::cancellation_signal signal;
    bool ended = false;
    asio::co_spawn(
        loop.executor(), consume(consumer),
        asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr) { ended = true; }));
    loop.run_for(std::chrono::seconds(20));
    signal.emit(asio::cancellation_type::terminal);
    loop.run_until([&] { return ended; }, std::chrono::minutes(1));
    ASSERT_TRUE(ended);
    ASSERT_FALSE(journal_keys(look(kGroup).tags).empty());
  }
  std::vector<Outgoing> sweep_with(Sweep& sweep) {
    auto found = loop.run(sweep.look());
    if (!found) throw std::runtime_error(found.error().to_string());
    return *std::move(found);
  }
  std::unique_ptr<Sweep> make_sweep() {
    return std::make_unique<Sweep>(worker.services, std::chrono::minutes(5), eyes,
                                   [this](const Progress& told) { progress.push_back(told); });
  }
  static messages::RecycleRequest request_in(const Outgoing& outgoing) {
    return std::get<messages::RecycleRequest>(messages::decode(outgoing.body)->payload);
  }

  aws::AutoScalingGroup before;
  std::shared_ptr<Observer> eyes = make_observer(worker.services);
};

TEST(Sweep, AsksForARunThatLostItsMessageAndTheRunFinishes) {
  Fixture aws;
  aws.abandon_a_run();
  aws.loop.run_for(std::chrono::minutes(3));
  const auto sweep = aws.make_sweep();
  const auto found = aws.sweep_with(*sweep);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].queue, "recycles");
  EXPECT_EQ(found[0].group_id, "payments");
  const auto request = aws.request_in(found[0]);
  EXPECT_FALSE(request.resume_run.empty());
  EXPECT_TRUE(std::holds_alternative<Done>(aws.carry_out(request)));
  EXPECT_EQ(test::difference(aws.before, aws.look(kGroup), "2"), "");
  EXPECT_TRUE(aws.sweep_with(*sweep).empty());
}

TEST(Sweep, TheRequestStartsNothingOnceTheRunHasEnded) {
  Fixture aws;
  aws.abandon_a_run();
  aws.loop.run_for(std::chrono::minutes(3));
  const auto request = aws.request_in(aws.sweep_with(*aws.make_sweep()).at(0));
  ASSERT_TRUE(std::holds_alternative<Done>(aws.carry_out(request)));
  aws.create_template_version();  // there would be something to do
  aws.record_mutations();
  const Verdict verdict = aws.carry_out(request);
  EXPECT_NE(std::get<Done>(verdict).reason.find("has ended"), std::string::npos);
  EXPECT_TRUE(aws.mutations.empty());
}

TEST(Sweep, TwoWorkersAtOnceAskForItByOneAndTheSameMessage) {
  Fixture aws;
  aws.abandon_a_run();
  aws.loop.run_for(std::chrono::minutes(3));
  const auto first = aws.sweep_with(*aws.make_sweep());
  const auto second = aws.sweep_with(*aws.make_sweep());
  ASSERT_EQ(first.size(), 1U);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(first[0].deduplication_id, second[0].deduplication_id);
  EXPECT_EQ(first[0].group_id, second[0].group_id);
}

TEST(Sweep, LeavesARunOfThisWorkerAlone) {
  Fixture aws;
  aws.abandon_a_run();
  aws.loop.run_for(std::chrono::minutes(3));
  const auto sweep = aws.make_sweep();
  const Observer::Presence run(*aws.eyes, GroupName(kGroup));
  EXPECT_TRUE(aws.sweep_with(*sweep).empty());
}

TEST(Sweep, LeavesARunAloneThatHasJustBegun) {
  Fixture aws;
  aws.abandon_a_run();
  EXPECT_TRUE(aws.sweep_with(*aws.make_sweep()).empty());
}

TEST(Sweep, AsksForTheSameRunAgainOnlyAfterAWhile) {
  Fixture aws;
  aws.abandon_a_run();
  aws.loop.run_for(std::chrono::minutes(3));
  const auto sweep = aws.make_sweep();
  int asked = 0;
  for (int round = 0; round < 24; ++round) {  // two hours
    asked += static_cast<int>(aws.sweep_with(*sweep).size());
    aws.loop.run_for(std::chrono::minutes(5));
  }
  EXPECT_GE(asked, 3);
  EXPECT_LE(asked, 6);
}

TEST(Sweep, TellsOnceOfAJournalThatCannotBeReadAndLeavesItAlone) {
  Fixture aws;
  aws.abandon_a_run();
  aws.loop.run_for(std::chrono::minutes(3));
  aws.set_tags(kGroup, {{std::string(kJournalPrefix), "v9:1/1:00000000:future=1"}});
  const auto tags = aws.look(kGroup).tags;
  aws.record_mutations();
  const auto sweep = aws.make_sweep();
  EXPECT_TRUE(aws.sweep_with(*sweep).empty());
  EXPECT_TRUE(aws.sweep_with(*sweep).empty());
  ASSERT_EQ(aws.progress.size(), 1U);
  EXPECT_EQ(aws.progress[0].phase, "broken");
  EXPECT_NE(aws.progress[0].step.find("v9"), std::string::npos);
  EXPECT_TRUE(aws.mutations.empty());
  EXPECT_EQ(aws.look(kGroup).tags, tags);
}

TEST(Sweep, SaysWhatItWasDoingWhenItFails) {
  Fixture aws;
  for (int request = 1; request <= 3; ++request) aws.worker.http.fail_request(request);
  const auto found = aws.loop.run(aws.make_sweep()->look());
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("looking for groups with a journal"), std::string::npos);
}

}  // namespace
}  // namespace consumers::recycle
