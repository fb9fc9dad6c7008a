// Two deliveries for one group: which of them may change it, and when.
#include "consumers/recycle/claim.h"
#include "consumers/recycle/control.h"
#include "consumers/recycle/journal.h"
#include "consumers/recycle/status.h"
#include "consumers/recycle/sweep.h"
#include "sim/faults.h"
#include "tests/consumers/sim_services.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <list>

namespace consumers::recycle {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kGroup = "payments-asg-1";

// A worker with a delivery in hand.
struct Hand {
  Hand(test::SimServices& stage, const messages::RecycleRequest& request, std::string_view message)
      : consumer(stage.worker.services, stage.config,
                 [this](const Progress& step) { progress.push_back(step); }) {
    Delivery delivery;
    delivery.queue = "recycles";
    delivery.message_id = message;
    delivery.sent_at = stage.loop.clock().now();
    delivery.message.payload = request;
    boost::asio::co_spawn(stage.loop.executor(), consumer.consume(std::move(delivery)),
                          boost::asio::bind_cancellation_slot(
                              signal.slot(), [this](std::exception_ptr error, Verdict end) {
                                cancelled = error != nullptr;
                                if (!error) verdict = std::move(end);
                              }));
  }
  bool waits_to_take_over() const {
    return std::ranges::any_of(progress,
                               [](const Progress& one) { return one.waits_for == "takeover"; });
  }
  bool has_ended() const { return cancelled || verdict; }

  std::vector<Progress> progress;
  RecycleConsumer consumer;
  boost::asio::cancellation_signal signal;
  bool cancelled = false;
  std::optional<Verdict> verdict;
};

struct Stage : test::SimServices {
  Stage() {
    create_group({.name = kGroup, .tags = test::tags_for("out-in")});
    create_template_version();
    before = look(kGroup);
    record_mutations();
    region.faults().add({.kind = sim::FaultKind::kLatency,
                         .service = "autoscaling",
                         .latency = base::Duration(200)});
  }
  ~Stage() {
    for (Hand& hand : hands) hand.signal.emit(boost::asio::cancellation_type::terminal);
    loop.run_for(seconds(1));
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  // In the midst of its first changes.
  Hand& begin_and_change(std::string_view message) {
    Hand& hand = begin(message);
    loop.run_until([&] { return mutations.size() == 3; }, minutes(1));
    return hand;
  }
  Hand& begin(std::string_view message, const std::string& resume_run = "") {
    messages::RecycleRequest request = test::request_for(kGroup);
    request.resume_run = resume_run;
    return hands.emplace_back(*this, request, message);
  }
  void run_to_end(const Hand& hand) {
    ASSERT_TRUE(loop.run_until([&] { return hand.has_ended(); }, std::chrono::hours(3)));
  }
  void drop(Hand& hand) {
    hand.signal.emit(boost::asio::cancellation_type::terminal);
    loop.run_for(seconds(1));
    ASSERT_TRUE(hand.cancelled);
  }
  std::vector<Claim> claims() { return claims_from_tags(look(kGroup).tags); }
  std::string run_id() { return (**journal_from_tags(look(kGroup).tags)).run_id; }
  // From now to the next call that changes more than tags.
  base::Duration until_a_change() {
    const auto from = loop.clock().now();
    const auto is_change = [](const std::string& one) { return !one.ends_with("Tags"); };
    const auto changes = [&] { return std::ranges::count_if(mutations, is_change); };
    const auto known = changes();
    loop.run_until([&] { return changes() > known; }, minutes(30));
    return std::chrono::duration_cast<base::Duration>(loop.clock().now() - from);
  }

  // That the group ends as it was, only newer, and that no claim is left ten minutes later.
  void expect_recycled_by(const Hand& hand) {
    run_to_end(hand);
    EXPECT_TRUE(std::holds_alternative<Done>(*hand.verdict));
    loop.run_for(minutes(10));
    EXPECT_EQ(test::difference(before, look(kGroup), "2"), "");
  }

  aws::AutoScalingGroup before;
  std::list<Hand> hands;
};

TEST(Takeover, IsNoMatterOfARunThatIsAlone) {
  Stage stage;
  const Hand& hand = stage.begin("one");
  EXPECT_LT(stage.until_a_change(), seconds(2));
  // The claim, then the journal, each in a call of its own.
  const std::vector<std::string> first(stage.mutations.begin(), stage.mutations.begin() + 2);
  EXPECT_EQ(first, (std::vector<std::string>{"CreateOrUpdateTags", "CreateOrUpdateTags"}));
  EXPECT_EQ(stage.claims().size(), 1U);
  stage.expect_recycled_by(hand);
  EXPECT_FALSE(hand.waits_to_take_over());
}

TEST(Takeover, ByTheNextDeliveryOfTheMessageWaitsOneInterval) {
  Stage stage;
  Hand& former = stage.begin_and_change("one");
  stage.drop(former);
  const Hand& hand = stage.begin("one");
  EXPECT_GE(stage.until_a_change(), stage.config.poll_interval);
  EXPECT_EQ(stage.claims().size(), 1U);
  EXPECT_TRUE(hand.waits_to_take_over());
  stage.expect_recycled_by(hand);
}

TEST(Takeover, DoesNotHappenWhileAnotherMessageIsBeingWorkedOn) {
  Stage stage;
  const Hand& first = stage.begin_and_change("one");
  const Hand& second = stage.begin("two");
  stage.run_to_end(second);
  ASSERT_TRUE(second.verdict && std::holds_alternative<Defer>(*second.verdict));
  EXPECT_NE(std::get<Defer>(*second.verdict).reason.find("message one has it in hand"),
            std::string::npos);
  EXPECT_EQ(stage.claims().size(), 1U);
  stage.run_to_end(first);
  EXPECT_TRUE(std::holds_alternative<Done>(*first.verdict));
}

TEST(Takeover, StopsTheOtherBeforeItsNextChangeAndWaitsTwoMinutes) {
  Stage stage;
  const Hand& first = stage.begin_and_change("one");
  const Hand& second = stage.begin("two", stage.run_id());
  stage.loop.run_until([&] { return second.waits_to_take_over(); }, minutes(2));
  stage.loop.run_for(seconds(5));
  ASSERT_TRUE(first.verdict && std::holds_alternative<Done>(*first.verdict))
      << "else it would begin the same run once more, should that fail";
  EXPECT_NE(std::get<Done>(*first.verdict).reason.find("is carried on by message two"),
            std::string::npos);
  stage.until_a_change();
  ASSERT_EQ(stage.claims().size(), 1U);
  EXPECT_GE(stage.loop.clock().now() - stage.claims().front().at, OwnClaim::kOthersSettleWithin);
  stage.expect_recycled_by(second);
}

TEST(Takeover, AfterLongGivesTheNewInstancesTheirTimeAllTheSame) {
  Stage stage;
  stage.drop(stage.begin_and_change("one"));  // it has not asked for any yet
  stage.loop.run_for(stage.config.ready_timeout + minutes(5));
  const Hand& second = stage.begin("one");
  stage.expect_recycled_by(second);
}

TEST(Takeover, OfARunThatItDidNotBeginLetsADeliveryComeBack) {
  Stage stage;
  stage.drop(stage.begin_and_change("one"));
  const Hand& second = stage.begin("one");  // carries on what the delivery before began
  stage.until_a_change();
  const Hand& third = stage.begin("two", stage.run_id());
  stage.loop.run_until([&] { return third.waits_to_take_over(); }, minutes(2));
  stage.loop.run_for(seconds(40));
  ASSERT_TRUE(second.verdict && std::holds_alternative<Defer>(*second.verdict));
  EXPECT_NE(std::get<Defer>(*second.verdict).reason.find("taken"), std::string::npos);
}

TEST(Takeover, WaitsForAWorkerThatKnowsNoClaims) {
  Stage stage;
  Hand& former = stage.begin_and_change("one");
  stage.drop(former);
  for (const auto& [key, value] : stage.look(kGroup).tags) {
    if (key.starts_with(kClaimPrefix)) stage.delete_tag(kGroup, key);
  }
  const Hand& hand = stage.begin("one");
  EXPECT_GE(stage.until_a_change(), OwnClaim::kOthersSettleWithin);
  stage.expect_recycled_by(hand);
}

TEST(Takeover, OfTwoThatBeginAtOnceLeavesOneAtWork) {
  Stage stage;
  const Hand& first = stage.begin("one");
  const Hand& second = stage.begin("two");
  stage.run_to_end(first);
  stage.run_to_end(second);
  ASSERT_TRUE(first.verdict && second.verdict);
  const auto is_done = [](const Hand& one) { return std::holds_alternative<Done>(*one.verdict); };
  EXPECT_NE(is_done(first), is_done(second));
  stage.loop.run_for(minutes(10));
  EXPECT_EQ(test::difference(stage.before, stage.look(kGroup), "2"), "");
}

TEST(Takeover, IsCancelledWithItsMessageWhileItWaits) {
  Stage stage;
  stage.begin_and_change("one");
  Hand& second = stage.begin("two", stage.run_id());
  stage.loop.run_until([&] { return second.waits_to_take_over(); }, minutes(2));
  stage.loop.run_for(seconds(5));
  const std::size_t before = stage.mutations.size();
  stage.drop(second);
  EXPECT_EQ(stage.mutations.size(), before);
}

TEST(Takeover, IsShownByStatusWhileItWaits) {
  Stage stage;
  stage.begin_and_change("one");
  const Hand& second = stage.begin("two", stage.run_id());
  stage.loop.run_until([&] { return second.waits_to_take_over(); }, minutes(2));
  Observer eyes(stage.operating.services);
  const auto found = stage.loop.run(
      read_status(stage.operating.services, stage.config, eyes, {base::GroupName(kGroup)}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->front().step, "message two " + std::string(kTakingOver));
  ASSERT_TRUE(found->front().phase_at && found->front().deadline);
  EXPECT_GT(*found->front().deadline, *found->front().phase_at + stage.config.ready_timeout)
      << "whoever takes over has time of its own";
}

// A delivery that died between its claim and its journal, and whose message was lost.
TEST(Takeover, RemovesTheClaimOfARunThatNeverBegan) {
  Stage stage;
  const Claim claim{"dead", 1, stage.loop.clock().now(), "lost"};
  stage.set_tags(kGroup, to_tags(claim));
  stage.loop.run_for(minutes(10));
  Sweep sweep(stage.worker.services, minutes(5), nullptr, {});
  const auto asked = stage.loop.run(sweep.look());
  ASSERT_TRUE(asked);
  ASSERT_EQ(asked->size(), 1U);
  const Hand& hand = stage.begin("swept", "dead");
  stage.run_to_end(hand);
  ASSERT_TRUE(hand.verdict && std::holds_alternative<Done>(*hand.verdict));
  EXPECT_EQ(stage.look(kGroup).tags, stage.before.tags);
}

// It may have stood still meanwhile and lost its message: nobody would remove its claim.
TEST(Takeover, IsNotBegunByADeliveryThatIsNotFresh) {
  Stage stage;
  stage.config.poll_interval = seconds(40);
  stage.set_tags(kGroup, {{std::string(kTagControl), "cancel"}});
  stage.region.faults().add({.kind = sim::FaultKind::kError,
                             .operation = "DescribeAutoScalingGroups",
                             .status = 500,
                             .code = "InternalFailure",
                             .message = "try again"});
  const Hand& hand = stage.begin("one");
  stage.loop.run_for(seconds(60));
  ASSERT_FALSE(hand.has_ended()) << "it looks again, and again";
  stage.region.faults().clear();
  stage.run_to_end(hand);
  ASSERT_TRUE(hand.verdict && std::holds_alternative<Defer>(*hand.verdict));
  EXPECT_TRUE(stage.mutations.empty());
  const Hand& fresh = stage.begin("one");
  stage.run_to_end(fresh);
  ASSERT_TRUE(fresh.verdict && std::holds_alternative<Done>(*fresh.verdict));
  EXPECT_EQ(stage.look(kGroup).tags, stage.before.tags);
}

TEST(Takeover, LeavesNoClaimWhereAwsRefusesTheJournal) {
  Stage stage;
  int writes = 0;
  stage.worker.http.before = [&](int, const base::HttpRequest& request) {
    const bool tags = request.body.find("Action=CreateOrUpdateTags") != std::string::npos;
    if (!tags || ++writes != 2) return;
    stage.region.faults().add({.kind = sim::FaultKind::kError,
                               .operation = "CreateOrUpdateTags",
                               .status = 400,
                               .code = "LimitExceeded",
                               .message = "too many tags"});
  };
  const Hand& hand = stage.begin("one");
  stage.run_to_end(hand);
  ASSERT_TRUE(hand.verdict && !std::holds_alternative<Done>(*hand.verdict));
  EXPECT_EQ(stage.look(kGroup).tags, stage.before.tags);
}

}  // namespace
}  // namespace consumers::recycle
