#include "consumers/recycle/consumer.h"
#include "consumers/recycle/outcome.h"
#include "messages/decode.h"
#include "tests/consumers/canned_services.h"
#include "tests/consumers/canned_xml.h"

#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

using base::GroupName;
using messages::GroupChanged;
using messages::LaunchTemplateChanged;
using messages::RecycleRequest;
using Tags = std::map<std::string, std::string>;

const Tags kRecyclable = {{"autorecycle_recycle_on_asg_update", "true"},
                          {"autorecycle_strategy", "out-in"}};

aws::AutoScalingGroup group_named(const std::string& name, const Tags& tags = kRecyclable) {
  aws::AutoScalingGroup group;
  group.name = GroupName(name);
  group.max_size = 8;
  group.launch_template = aws::LaunchTemplateSpecification{"lt-1", "web", "$Latest"};
  group.tags = tags;
  return group;
}

Delivery delivery_of(messages::Payload payload) {
  Delivery delivery;
  delivery.queue = "events";
  delivery.message_id = "m-1";
  delivery.message.kind = "update-auto-scaling-group";
  delivery.message.id = "event-1";
  delivery.message.actor = "arn:aws:sts::1:assumed-role/deploy/ci";
  delivery.message.time = *base::parse_rfc3339("2026-01-02T03:00:00Z");
  delivery.message.payload = std::move(payload);
  return delivery;
}

Delivery changed(const std::string& group) { return delivery_of(GroupChanged{{GroupName(group)}}); }

struct Fixture : test::CannedServices {
  IntakeConsumer intake{services, Config{}};

  Verdict consume(Delivery delivery) { return loop.run(intake.consume(std::move(delivery))); }
  template <class T>
  T expect(Delivery delivery) {
    Verdict verdict = consume(std::move(delivery));
    if (const auto* poison = std::get_if<Poison>(&verdict); poison && !std::is_same_v<T, Poison>) {
      ADD_FAILURE() << "poison: " << poison->reason;
    }
    if (!std::holds_alternative<T>(verdict)) {
      ADD_FAILURE() << "another verdict: " << verdict.index();
      return T{};
    }
    return std::get<T>(std::move(verdict));
  }
  void show(const std::vector<aws::AutoScalingGroup>& groups) {
    http.answer("DescribeAutoScalingGroups", test::groups_xml(groups));
  }
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

RecycleRequest decoded(const Outgoing& outgoing) {
  const auto message = messages::decode(outgoing.body);
  if (!message) throw std::runtime_error(message.error().to_string());
  return std::get<RecycleRequest>(message->payload);
}

TEST(Intake, AcceptsEverythingOnTheEventsQueueButOncallJobs) {
  Fixture aws;
  EXPECT_TRUE(aws.intake.accepts(changed("web")));
  EXPECT_TRUE(aws.intake.accepts(delivery_of(RecycleRequest{})));
  EXPECT_TRUE(aws.intake.accepts(delivery_of(messages::Ignored{})));
  EXPECT_FALSE(aws.intake.accepts(delivery_of(messages::OncallJobRequest{})));
  Delivery elsewhere = delivery_of(RecycleRequest{});
  elsewhere.queue = "recycles";
  EXPECT_FALSE(aws.intake.accepts(elsewhere));
}

TEST(Intake, AsksForARecycleOfTheGroupThatChanged) {
  Fixture aws;
  aws.show({group_named("payments-asg-2026")});
  const Done done = aws.expect<Done>(changed("payments-asg-2026"));
  ASSERT_EQ(done.outgoing.size(), 1U);
  EXPECT_EQ(done.outgoing[0].queue, "recycles");
  EXPECT_EQ(done.outgoing[0].group_id, "payments");
  EXPECT_EQ(done.outgoing[0].deduplication_id, "event-1/payments-asg-2026");
  const RecycleRequest request = decoded(done.outgoing[0]);
  EXPECT_EQ(request.group.value, "payments-asg-2026");
  EXPECT_EQ(request.strategy, "");
  EXPECT_FALSE(request.force);
  EXPECT_EQ(base::format_rfc3339(request.requested_at), "2026-01-02T03:00:00Z");
  EXPECT_EQ(request.source_event_id, "event-1");
  EXPECT_TRUE(contains(request.reason, "update-auto-scaling-group by arn:aws:sts"))
      << request.reason;
}

TEST(Intake, OverridesTheComponentByTag) {
  Fixture aws;
  Tags tags = kRecyclable;
  tags["autorecycle_override_component_name"] = "ledger";
  aws.show({group_named("payments-asg-2026", tags)});
  const Done done = aws.expect<Done>(changed("payments-asg-2026"));
  ASSERT_EQ(done.outgoing.size(), 1U);
  EXPECT_EQ(done.outgoing[0].group_id, "ledger");
}

TEST(Intake, KeepsSiblingGroupsOfOneComponentFromOverlapping) {
  Fixture aws;
  aws.show({group_named("ledger_a-asg-1"), group_named("ledger_b-asg-1")});
  const Done done = aws.expect<Done>(
      delivery_of(GroupChanged{{GroupName("ledger_a-asg-1"), GroupName("ledger_b-asg-1")}}));
  ASSERT_EQ(done.outgoing.size(), 2U);
  EXPECT_EQ(done.outgoing[0].group_id, "ledger");
  EXPECT_EQ(done.outgoing[1].group_id, "ledger");
  EXPECT_NE(done.outgoing[0].deduplication_id, done.outgoing[1].deduplication_id);
  EXPECT_EQ(family_of("web_api"), "web_api");
  EXPECT_EQ(family_of("_a"), "_a");
}

TEST(Intake, LetsARequestByHandOverrideStrategyForceAndDryRun) {
  Fixture aws;
  aws.show({group_named("web", {})});  // no tags at all: force and strategy make up for them
  RecycleRequest wish;
  wish.group = GroupName("web");
  wish.strategy = "in-out";
  wish.force = true;
  wish.dry_run = true;
  const Done done = aws.expect<Done>(delivery_of(wish));
  ASSERT_EQ(done.outgoing.size(), 1U) << done.reason;
  const RecycleRequest request = decoded(done.outgoing[0]);
  EXPECT_EQ(request.strategy, "in-out");
  EXPECT_TRUE(request.force);
  EXPECT_TRUE(request.dry_run);
  EXPECT_EQ(request.reason, "enqueued by hand");
  EXPECT_EQ(request.source_event_id, "");
}

TEST(Intake, TellsAMissingGroupOfAnEventFromOneOfAPerson) {
  Fixture aws;
  aws.show({});
  EXPECT_EQ(aws.expect<Done>(changed("gone")).reason, "group gone does not exist (any more)");
  RecycleRequest wish;
  wish.group = GroupName("gone");
  EXPECT_TRUE(contains(aws.expect<Poison>(delivery_of(wish)).reason, "gone does not exist"));
}

TEST(Intake, LeavesUntaggedGroupsAloneWithTheReason) {
  Fixture aws;
  aws.show({group_named("web", {})});
  const Done done = aws.expect<Done>(changed("web"));
  EXPECT_TRUE(done.outgoing.empty());
  EXPECT_TRUE(contains(done.reason, "missing required tags")) << done.reason;
}

TEST(Intake, RefusesAnUnknownStrategyNamingTagValueAndWhatIsAccepted) {
  Fixture aws;
  Tags tags = kRecyclable;
  tags["autorecycle_strategy"] = "out-inn";
  aws.show({group_named("web", tags)});
  const Poison poison = aws.expect<Poison>(changed("web"));
  for (const char* part : {"web", "autorecycle_strategy", "out-inn", "out-in-timed"}) {
    EXPECT_TRUE(contains(poison.reason, part)) << part << " in " << poison.reason;
  }
}

TEST(Intake, LeavesAGroupAloneThatIsBeingDeleted) {
  Fixture aws;
  aws::AutoScalingGroup group = group_named("web");
  group.status = "Delete in progress";
  aws.show({group});
  EXPECT_TRUE(aws.expect<Done>(changed("web")).outgoing.empty());
}

TEST(Intake, AsksForEveryGroupOfOneChange) {
  Fixture aws;
  aws.show({group_named("a-asg-1"), group_named("b-asg-1", {})});
  const Done done = aws.expect<Done>(delivery_of(
      GroupChanged{{GroupName("a-asg-1"), GroupName("b-asg-1"), GroupName("c-asg-1")}}));
  ASSERT_EQ(done.outgoing.size(), 1U);
  EXPECT_EQ(done.outgoing[0].group_id, "a");
  EXPECT_TRUE(contains(done.reason, "c-asg-1 does not exist")) << done.reason;
}

TEST(Intake, FindsAllGroupsOfALaunchTemplateOnAllPages) {
  Fixture aws;
  aws::AutoScalingGroup other = group_named("other");
  other.launch_template->id = "lt-2";
  aws::AutoScalingGroup mixed = group_named("mixed");
  mixed.launch_template.reset();
  mixed.mixed_instances_policy.emplace();
  mixed.mixed_instances_policy->launch_template = {"lt-2", "", "1"};
  aws::AutoScalingGroup overriding = mixed;
  overriding.name = GroupName("overriding");
  mixed.mixed_instances_policy->launch_template.id = "lt-1";
  overriding.mixed_instances_policy->overrides = {
      {"m6g.large", 1, aws::LaunchTemplateSpecification{"lt-1", "", "$Latest"}}};
  aws.http.answer("DescribeAutoScalingGroups",
                  test::groups_xml({group_named("plain"), other}, "page-2"));
  aws.http.answer("DescribeAutoScalingGroups", test::groups_xml({mixed, overriding}));
  const Done done = aws.expect<Done>(delivery_of(LaunchTemplateChanged{"lt-1", "", "8"}));
  ASSERT_EQ(done.outgoing.size(), 3U) << done.reason;
  EXPECT_EQ(decoded(done.outgoing[0]).group.value, "plain");
  EXPECT_EQ(decoded(done.outgoing[1]).group.value, "mixed");
  EXPECT_EQ(decoded(done.outgoing[2]).group.value, "overriding");
  EXPECT_EQ(aws.parameter("Filters.member.1.Values.member.1"), "autorecycle_recycle_on_asg_update");
  EXPECT_EQ(aws.parameter("IncludeInstances"), "false");
}

TEST(Intake, KnowsALaunchTemplateByNameToo) {
  Fixture aws;
  aws.show({group_named("web")});
  EXPECT_EQ(aws.expect<Done>(delivery_of(LaunchTemplateChanged{"", "web", ""})).outgoing.size(),
            1U);
  const Done none = aws.expect<Done>(delivery_of(LaunchTemplateChanged{"", "api", ""}));
  EXPECT_TRUE(contains(none.reason, "no group with tag")) << none.reason;
}

TEST(Intake, DoesNotLetOneBadTagKeepOtherGroupsFromBeingRecycled) {
  Fixture aws;
  Tags bad = kRecyclable;
  bad["autorecycle_strategy"] = "typo";
  aws.show({group_named("good"), group_named("bad", bad)});
  const Done done = aws.expect<Done>(delivery_of(LaunchTemplateChanged{"lt-1", "", ""}));
  EXPECT_EQ(done.outgoing.size(), 1U);
  EXPECT_TRUE(contains(done.reason, "refused: group bad")) << done.reason;
}

TEST(Intake, TakesOtherEventsForInformational) {
  Fixture aws;
  EXPECT_EQ(aws.expect<Done>(delivery_of(messages::Ignored{"a test"})).reason, "a test");
  for (messages::Payload payload : {messages::Payload(messages::InstanceEvent{}),
                                    messages::Payload(messages::LifecycleAction{}),
                                    messages::Payload(messages::InstanceRefreshEvent{})}) {
    EXPECT_TRUE(contains(aws.expect<Done>(delivery_of(payload)).reason, "informational"));
  }
  EXPECT_TRUE(aws.http.requests.empty());
}

TEST(Intake, GivesTheSameDeduplicationIdToTheSameEvent) {
  Fixture aws;
  aws.show({group_named("web")});
  const Done first = aws.expect<Done>(changed("web"));
  const Done second = aws.expect<Done>(changed("web"));
  EXPECT_EQ(first.outgoing.at(0).deduplication_id, second.outgoing.at(0).deduplication_id);
}

TEST(Intake, ComesBackForErrorsThatPassAndRefusesOthers) {
  struct Row {
    const char* code;
    int status;
    bool retried;
  };
  for (const Row& row : {Row{"Throttling", 400, true}, Row{"InternalFailure", 500, true},
                         Row{"AccessDenied", 403, true}, Row{"ValidationError", 400, false}}) {
    Fixture aws;
    aws.http.answer("DescribeAutoScalingGroups",
                    "<ErrorResponse><Error><Code>" + std::string(row.code) +
                        "</Code><Message>m</Message></Error></ErrorResponse>",
                    row.status);
    const Verdict verdict = aws.consume(changed("web"));
    EXPECT_EQ(std::holds_alternative<Retry>(verdict), row.retried) << row.code;
    EXPECT_EQ(std::holds_alternative<Poison>(verdict), !row.retried) << row.code;
  }
}

TEST(QueueToken, KeepsWhatSqsTakesAndHashesTheRest) {
  EXPECT_EQ(queue_token("payments-api_1.2/x"), "payments-api_1.2/x");
  EXPECT_EQ(queue_token(std::string(128, 'a')), std::string(128, 'a'));
  const std::string long_a = queue_token(std::string(200, 'a'));
  const std::string long_b = queue_token(std::string(199, 'a') + "b");
  EXPECT_LE(long_a.size(), 128U);
  EXPECT_NE(long_a, long_b);
  EXPECT_NE(queue_token("two words"), queue_token("two_words"));
  EXPECT_EQ(queue_token("two words").find(' '), std::string::npos);
  EXPECT_FALSE(queue_token("").empty());
}

}  // namespace
}  // namespace consumers::recycle
