// An operator steers a run end to end: real clients, the simulated region, virtual time.
#include "consumers/recycle/control.h"
#include "tests/consumers/sim_services.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace consumers::recycle {
namespace {

using test::difference;
using test::request_for;

constexpr const char* kGroup = "payments-asg-1";

std::string text_of(const Verdict& verdict) {
  if (const auto* done = std::get_if<Done>(&verdict)) return "done: " + done->reason;
  if (const auto* retry = std::get_if<Retry>(&verdict)) return "retry: " + retry->reason;
  if (const auto* defer = std::get_if<Defer>(&verdict)) return "defer: " + defer->reason;
  return "poison: " + std::get<Poison>(verdict).reason;
}

struct Stage : test::SimServices {
  explicit Stage(const std::string& strategy) {
    test::GroupSpec spec;
    spec.name = kGroup;
    spec.tags = test::tags_for(strategy);
    create_group(spec);
    create_template_version();
    before = look(kGroup);
  }

  // Delivers the request; at the worker's turn number `at` the operator sets the control tag.
  Verdict deliver_and_control(int at, const std::string& value) {
    int seen = 0;
    RecycleConsumer consumer(worker.services, config, [&, value](const Progress& step) {
      progress.push_back(step);
      if (++seen == at) control_later(value);
    });
    Delivery delivery;
    delivery.queue = "recycles";
    delivery.message_id = "message-1";
    delivery.sent_at = loop.clock().now();
    delivery.message.payload = request_for(kGroup);
    return loop.run(consumer.consume(std::move(delivery)));
  }

  void control_later(const std::string& value) {
    const auto work = [](Stage& stage, std::string tag) -> boost::asio::awaitable<void> {
      const std::map<std::string, std::string> tags = {{std::string(kTagControl), tag}};
      (void)co_await stage.operating.auto_scaling.create_or_update_tags(base::GroupName(kGroup),
                                                                        tags);
    };
    boost::asio::co_spawn(loop.executor(), work(*this, value), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
  }

  // Empty if everything but the instances is as before.
  std::string changed_beside_instances() {
    const aws::AutoScalingGroup after = look(kGroup);
    if (after.min_size != before.min_size) return "min";
    if (after.max_size != before.max_size) return "max";
    if (after.desired_capacity != before.desired_capacity) return "desired";
    if (after.tags != before.tags) return "tags";
    if (after.suspended_processes.size() != before.suspended_processes.size()) return "processes";
    for (const auto& instance : after.instances) {
      if (instance.protected_from_scale_in) return "protection";
    }
    return {};
  }

  aws::AutoScalingGroup before;
};

class Steered : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(, Steered, testing::Values("out-in", "in-out"), [](const auto& info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST_P(Steered, CancelAtAnyTurnEndsInTheOriginalState) {
  for (int at = 1; at <= 24; ++at) {
    SCOPED_TRACE(fmt::format("cancelled at turn {}", at));
    Stage stage(GetParam());
    const Verdict verdict = stage.deliver_and_control(at, "cancel");
    ASSERT_TRUE(std::holds_alternative<Done>(verdict)) << text_of(verdict);
    stage.loop.run_for(std::chrono::minutes(20));
    // Asked for after the last look of a run that succeeded: the next delivery clears it away.
    if (stage.changed_beside_instances() == "tags") stage.deliver_and_control(0, "");
    ASSERT_EQ(stage.changed_beside_instances(), "") << text_of(verdict);
  }
}

TEST_P(Steered, CancelRestoreGoesBackToTheVersionBefore) {
  for (int at = 1; at <= 16; at += 3) {
    SCOPED_TRACE(fmt::format("cancelled at turn {}", at));
    Stage stage(GetParam());
    const Verdict verdict = stage.deliver_and_control(at, "cancel-restore");
    ASSERT_TRUE(std::holds_alternative<Done>(verdict)) << text_of(verdict);
    stage.loop.run_for(std::chrono::minutes(20));
    ASSERT_EQ(stage.changed_beside_instances(), "");
    ASSERT_EQ(difference(stage.before, stage.look(kGroup), "1"), "") << text_of(verdict);
  }
}

TEST_P(Steered, PauseHoldsNoWorkerAndTheNextDeliveryGoesOnADayLater) {
  for (int at = 2; at <= 14; at += 4) {
    SCOPED_TRACE(fmt::format("paused at turn {}", at));
    Stage stage(GetParam());
    const Verdict paused = stage.deliver_and_control(at, "pause");
    ASSERT_TRUE(std::holds_alternative<Defer>(paused)) << text_of(paused);
    EXPECT_NE(text_of(paused).find("autorecycle:control"), std::string::npos) << text_of(paused);
    ASSERT_TRUE(journal_from_tags(stage.look(kGroup).tags).value());
    stage.loop.run_for(std::chrono::hours(24));
    ASSERT_TRUE(std::holds_alternative<Defer>(stage.deliver(request_for(kGroup))));
    stage.delete_tag(kGroup, std::string(kTagControl));
    const Verdict verdict = stage.carry_out(request_for(kGroup));
    ASSERT_TRUE(std::holds_alternative<Done>(verdict)) << text_of(verdict);
    stage.loop.run_for(std::chrono::minutes(20));
    ASSERT_EQ(difference(stage.before, stage.look(kGroup), "2"), "");
  }
}

TEST(RollBack, ByRequestEndsOnThatVersionAndStaysThere) {
  Stage stage("out-in");
  ASSERT_TRUE(std::holds_alternative<Done>(stage.carry_out(request_for(kGroup))));
  messages::RecycleRequest request = request_for(kGroup);
  request.rollback_to = "1";
  const Verdict verdict = stage.carry_out(request);
  ASSERT_TRUE(std::holds_alternative<Done>(verdict)) << text_of(verdict);
  stage.loop.run_for(std::chrono::minutes(20));
  const aws::AutoScalingGroup after = stage.look(kGroup);
  EXPECT_EQ(difference(stage.before, after, "1"), "");
  EXPECT_EQ(after.launch_template->version, "1");
  EXPECT_NE(text_of(stage.carry_out(request_for(kGroup))).find("nothing to recycle"),
            std::string::npos);
}

TEST(Journal, OfANewerWorkerIsLeftToIt) {
  Stage stage("out-in");
  stage.set_tags(kGroup, {{std::string(kJournalPrefix), "v9:1/1:00000000:whatever"}});
  stage.record_mutations();
  const Verdict verdict = stage.deliver(request_for(kGroup));
  ASSERT_TRUE(std::holds_alternative<Retry>(verdict)) << text_of(verdict);
  EXPECT_NE(text_of(verdict).find("a newer worker must carry its run on"), std::string::npos);
  EXPECT_TRUE(stage.mutations.empty());
}

}  // namespace
}  // namespace consumers::recycle
