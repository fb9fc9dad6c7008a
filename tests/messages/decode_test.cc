// Every example in tests/data/events decodes to what the table says, and every example is in it.
#include "messages/decode.h"

#include "messages/kinds.h"
#include "tests/messages/examples.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace {

struct Row {
  std::string file;
  std::string_view kind;  // empty: garbage, then `meaning` is the beginning of the error
  std::string meaning;
};

namespace kind = messages::kind;

const std::vector<Row> kRows = {
    {"update-group-launch-template", kind::kUpdateAutoScalingGroup, "changed web"},
    {"update-group-launch-template-name", kind::kUpdateAutoScalingGroup, "changed web"},
    {"update-group-launch-configuration", kind::kUpdateAutoScalingGroup, "changed web"},
    {"update-group-mixed-policy", kind::kUpdateAutoScalingGroup, "changed web"},
    {"update-group-bounds-only", kind::kUpdateAutoScalingGroup,
     "ignored: unchanged launch template and launch configuration of group web"},
    {"update-group-failed", kind::kUpdateAutoScalingGroup,
     "ignored: the call failed: ValidationException"},
    {"update-group-2018", kind::kUpdateAutoScalingGroup,
     "changed test-protected-mdtp-asg-20191014094141784800000005"},
    {"update-group-2018-launch-configuration", kind::kUpdateAutoScalingGroup,
     "changed test-protected-mdtp-asg-20191014094141784800000005"},
    {"retirement", kind::kInstanceRetirement,
     "changed test-protected-mdtp-asg-20191014094141784800000005"},
    {"retirement-without-template", kind::kInstanceRetirement,
     "ignored: unchanged launch template and launch configuration of group web"},
    {"tags-created", kind::kCreateOrUpdateTags, "changed web"},
    {"tags-created-bare-key", kind::kCreateOrUpdateTags, "changed test-sensu-asg-20191014"},
    {"tags-created-two-groups", kind::kCreateOrUpdateTags, "changed web, api"},
    {"tags-created-journal", kind::kCreateOrUpdateTags,
     "ignored: tag autorecycle:journal is our own journal; "
     "tag autorecycle:journal2 is our own journal"},
    {"tags-created-journal-and-ours", kind::kCreateOrUpdateTags, "changed api"},
    {"tags-created-foreign", kind::kCreateOrUpdateTags,
     "ignored: tag recycle does not begin with autorecycle"},
    {"tags-created-other-resource", kind::kCreateOrUpdateTags,
     "ignored: resource type instance is not auto-scaling-group"},
    {"tags-created-failed", kind::kCreateOrUpdateTags,
     "ignored: the call failed: ResourceContentionFault"},
    {"tags-deleted", kind::kDeleteTags, "changed web"},
    {"tags-deleted-journal", kind::kDeleteTags,
     "ignored: tag autorecycle:journal is our own journal"},
    {"set-desired-capacity", kind::kSetDesiredCapacity,
     "ignored: only the capacity of group web changed"},
    {"suspend-processes", kind::kOtherGroupCall,
     "ignored: SuspendProcesses makes no running instance outdated"},
    {"create-group", kind::kOtherGroupCall,
     "ignored: CreateAutoScalingGroup makes no running instance outdated"},
    {"unknown-call", kind::kUnknownEvent,
     "ignored: no decoder for source aws.autoscaling, detail-type AWS API Call via CloudTrail, "
     "eventName PutScalingPolicy"},
    {"template-modified", kind::kModifyLaunchTemplate, "template id=lt-0abc name= version=7"},
    {"template-modified-by-name", kind::kModifyLaunchTemplate, "template id= name=web version=7"},
    {"template-version-created", kind::kCreateLaunchTemplateVersion,
     "template id=lt-0abc name=web version=7"},
    {"template-version-created-list", kind::kCreateLaunchTemplateVersion,
     "template id=lt-0abc name=web version=7"},
    {"template-version-created-flat", kind::kCreateLaunchTemplateVersion,
     "template id= name=web version="},
    {"template-version-created-failed", kind::kCreateLaunchTemplateVersion,
     "ignored: the call failed: Client.InvalidLaunchTemplateId.NotFound"},
    {"instance-launch-successful", kind::kInstanceLaunchSuccessful, "launched i-0abc of web ()"},
    {"instance-launch-older", kind::kInstanceLaunchSuccessful, "launched i-0abc of web ()"},
    {"instance-launch-unsuccessful", kind::kInstanceLaunchUnsuccessful,
     "not launched i-0abc of web (We currently do not have sufficient capacity.)"},
    {"instance-launch-unsuccessful-unnamed", kind::kInstanceLaunchUnsuccessful,
     "not launched  of web (We currently do not have sufficient capacity.)"},
    {"instance-terminate-successful", kind::kInstanceTerminateSuccessful,
     "terminated i-0abc of web ()"},
    {"instance-terminate-unsuccessful", kind::kInstanceTerminateUnsuccessful,
     "not terminated i-0abc of web (We currently do not have sufficient capacity.)"},
    {"instance-terminate-to-warm-pool", kind::kInstanceTerminateSuccessful,
     "terminated i-0abc of web () warm pool"},
    {"lifecycle-launch", kind::kInstanceLaunchLifecycle,
     "launching i-0abc of web in ready token 87654321-4321-4321-4321-210987654321"},
    {"lifecycle-terminate", kind::kInstanceTerminateLifecycle,
     "terminating i-0abc of web in ready token 87654321-4321-4321-4321-210987654321"},
    {"lifecycle-terminate-to-warm-pool", kind::kInstanceTerminateLifecycle,
     "terminating i-0abc of web in ready token 87654321-4321-4321-4321-210987654321 warm pool"},
    {"hook-to-sqs-terminate", kind::kInstanceTerminateLifecycle,
     "terminating i-0abc of web in ready token 87654321-4321-4321-4321-210987654321"},
    {"hook-to-sqs-launch", kind::kInstanceLaunchLifecycle,
     "launching i-0abc of web in ready token 87654321-4321-4321-4321-210987654321"},
    {"test-notification", kind::kTestNotification, "ignored: a test of the notification's path"},
    {"instance-refresh-started", kind::kInstanceRefresh, "refresh of web: Started"},
    {"instance-refresh-succeeded", kind::kInstanceRefresh, "refresh of web: Succeeded"},
    {"instance-refresh-failed", kind::kInstanceRefresh, "refresh of web: Failed"},
    {"instance-refresh-cancelled", kind::kInstanceRefresh, "refresh of web: Cancelled"},
    {"instance-refresh-checkpoint-reached", kind::kInstanceRefresh,
     "refresh of web: Checkpoint Reached"},
    {"instance-refresh-rollback-started", kind::kInstanceRefresh,
     "refresh of web: Rollback Started"},
    {"instance-refresh-rollback-succeeded", kind::kInstanceRefresh,
     "refresh of web: Rollback Succeeded"},
    {"instance-refresh-rollback-failed", kind::kInstanceRefresh, "refresh of web: Rollback Failed"},
    {"instance-refresh-started-baking", kind::kInstanceRefresh, "refresh of web: Started Baking"},
    {"notification-launch", kind::kInstanceLaunchSuccessful, "launched i-0abc of web ()"},
    {"notification-launch-error", kind::kInstanceLaunchUnsuccessful,
     "not launched i-0abc of web (no capacity)"},
    {"notification-terminate", kind::kInstanceTerminateSuccessful, "terminated i-0abc of web ()"},
    {"notification-terminate-error", kind::kInstanceTerminateUnsuccessful,
     "not terminated i-0abc of web (refused)"},
    {"notification-unknown", kind::kUnknownEvent,
     "ignored: no decoder for notification autoscaling:EC2_INSTANCE_MOVED"},
    {"sns-notification-launch", kind::kInstanceLaunchSuccessful, "launched i-0abc of web ()"},
    {"sns-update-group", kind::kUpdateAutoScalingGroup, "changed web"},
    {"sns-retirement", kind::kInstanceRetirement, "changed web"},
    {"sns-hook-terminate", kind::kInstanceTerminateLifecycle,
     "terminating i-0abc of web in ready token 87654321-4321-4321-4321-210987654321"},
    {"sns-test-notification", kind::kTestNotification,
     "ignored: a test of the notification's path"},
    {"sns-confirmation", kind::kSnsConfirmation,
     "ignored: an SNS SubscriptionConfirmation: somebody has to confirm it"},
    {"unknown-alarm", kind::kUnknownEvent,
     "ignored: no decoder for source aws.cloudwatch, detail-type CloudWatch Alarm State Change"},
    {"unknown-spot-interruption", kind::kUnknownEvent,
     "ignored: no decoder for source aws.ec2, detail-type EC2 Spot Instance Interruption Warning"},
    {"recycle-request", kind::kRecycleRequest, "recycle web-asg-1 at 2026-01-02T03:04:05Z"},
    {"recycle-request-full", kind::kRecycleRequest,
     "recycle web-asg-1 with in-out force dry-run at 2026-01-02T03:00:00.250Z because enqueued by "
     "hand for 3e3c153a"},
    {"recycle-request-snake-case", kind::kRecycleRequest,
     "recycle web-asg-1 dry-run at 2026-01-02T03:04:05Z"},
    {"recycle-request-newer-schema", kind::kRecycleRequest,
     "recycle web-asg-1 with in-out force dry-run at 2026-01-02T03:00:00.250Z because enqueued by "
     "hand for 3e3c153a"},
    {"sns-recycle-request", kind::kRecycleRequest, "recycle web-asg-1 at 2026-01-02T03:04:05Z"},
    {"oncall-job-request", kind::kOncallJobRequest,
     R"(job oncall-restart-service {"big":9007199254740993,"service":"web"})"},
    {"garbage-empty", "", "expected a JSON object, found nothing"},
    {"garbage-text", "", "not JSON: the parser stopped at byte 1 of "},
    {"garbage-truncated", "", "not JSON: the parser stopped at byte "},
    {"garbage-array", "", "expected a JSON object, found a JSON array"},
    {"garbage-string", "", "expected a JSON object, found a JSON string"},
    {"garbage-empty-object", "", "expected a request of ours (schemaVersion), an EventBridge"},
    {"garbage-foreign-object", "", "expected a request of ours (schemaVersion), an EventBridge"},
    {"garbage-deep", "", "expected JSON nested at most 32 deep, found 101"},
    {"garbage-sns-in-sns", "", "Message: an SNS notification inside an SNS notification"},
    {"garbage-sns-of-text", "",
     "reading Message of the SNS notification: not JSON: the parser stopped at byte 1 of 5"},
    {"garbage-sns-without-text", "", "Message: expected a string that is not empty, found 5"},
    {"garbage-source-only", "", "detail-type: expected a string that is not empty, found nothing"},
    {"garbage-update-without-parameters", "",
     "detail.requestParameters: expected an object, found null"},
    {"garbage-update-group-name-number", "",
     "detail.requestParameters.autoScalingGroupName: expected the name of an Auto Scaling group, "
     "1 to 255 characters, found 5"},
    {"garbage-tags-empty", "",
     "detail.requestParameters.tags: expected a list of at least one tag, found an empty list"},
    {"garbage-tags-without-key", "",
     "detail.requestParameters.tags[0].key: expected a string that is not empty, found nothing"},
    {"garbage-template-without-id", "",
     "detail.requestParameters: expected LaunchTemplateId or LaunchTemplateName inside, found an "
     "object"},
    {"garbage-launch-without-instance", "",
     "detail.EC2InstanceId: expected a string that is not empty, found null"},
    {"garbage-lifecycle-wrong-transition", "",
     "detail.LifecycleTransition: expected the transition of the detail-type, found "
     R"("autoscaling:EC2_INSTANCE_TERMINATING")"},
    {"garbage-time-of-event", "",
     R"(time: expected a time like 2026-01-02T03:04:05Z, found "yesterday")"},
    {"garbage-request-unknown-field", "",
     "recycle.strateg: unknown field in schema version 1; accepted: autoScalingGroupName, "
     "strategy, force, dryRun, requestedAt, reason, sourceEventId, "
     "resumeRun, rollbackTo"},
    {"garbage-request-wrong-type", "", R"(recycle.force: expected true or false, found "perhaps")"},
    {"garbage-request-without-group", "",
     "recycle.autoScalingGroupName: expected the name of an Auto Scaling group, 1 to 255 "
     "characters, found nothing"},
    {"garbage-request-without-payload", "", "expected recycle or oncallJob, found neither"},
    {"garbage-request-without-version", "",
     "schemaVersion: expected a whole number from 1, found nothing"},
    {"garbage-request-with-two-payloads", "", "expected recycle or oncallJob, found both"},
};

struct Meaning {
  std::string operator()(const messages::GroupChanged& change) const {
    std::string text = "changed";
    for (const auto& group : change.groups) {
      text += (text == "changed" ? " " : ", ") + group.value;
    }
    return text;
  }
  std::string operator()(const messages::LaunchTemplateChanged& change) const {
    return fmt::format("template id={} name={} version={}", change.template_id,
                       change.template_name, change.version);
  }
  std::string operator()(const messages::RecycleRequest& request) const {
    return "recycle " + request.group.value +
           (request.strategy.empty() ? "" : " with " + request.strategy) +
           (request.force ? " force" : "") + (request.dry_run ? " dry-run" : "") + " at " +
           base::format_rfc3339(request.requested_at) +
           (request.reason.empty() ? "" : " because " + request.reason) +
           (request.source_event_id.empty() ? "" : " for " + request.source_event_id);
  }
  std::string operator()(const messages::OncallJobRequest& request) const {
    return "job " + request.job + " " + request.params;
  }
  std::string operator()(const messages::InstanceEvent& event) const {
    return fmt::format(
        "{}{} {} of {} ({}){}", event.successful ? "" : "not ",
        event.action == messages::InstanceEvent::Action::kLaunch ? "launched" : "terminated",
        event.instance.value, event.group.value, event.status_message,
        event.warm_pool ? " warm pool" : "");
  }
  std::string operator()(const messages::LifecycleAction& action) const {
    return fmt::format("{} {} of {} in {} token {}{}",
                       action.transition == messages::LifecycleAction::Transition::kLaunching
                           ? "launching"
                           : "terminating",
                       action.instance.value, action.group.value, action.hook_name,
                       action.action_token, action.warm_pool ? " warm pool" : "");
  }
  std::string operator()(const messages::InstanceRefreshEvent& refresh) const {
    return fmt::format("refresh of {}: {}", refresh.group.value, refresh.status);
  }
  std::string operator()(const messages::Ignored& ignored) const {
    return "ignored: " + ignored.reason;
  }
};

class Example : public testing::TestWithParam<Row> {};

TEST_P(Example, DecodesToItsKindAndMeaning) {
  const auto message = messages::decode(examples::read(GetParam().file));
  if (GetParam().kind.empty()) {
    ASSERT_FALSE(message.has_value()) << message->kind;
    EXPECT_EQ(message.error().kind, base::ErrorKind::kInvalid);
    EXPECT_TRUE(message.error().message.starts_with(GetParam().meaning)) << message.error().message;
    return;
  }
  ASSERT_TRUE(message.has_value()) << message.error().to_string();
  EXPECT_EQ(message->kind, GetParam().kind);
  EXPECT_EQ(std::visit(Meaning{}, message->payload), GetParam().meaning);
}

INSTANTIATE_TEST_SUITE_P(Decode, Example, testing::ValuesIn(kRows), [](const auto& row) {
  std::string name = row.param.file;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(Examples, AreAllInTheTable) {
  std::vector<std::string> expected;
  for (const Row& row : kRows) {
    expected.push_back(row.file);
  }
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(examples::names(), expected);
}

TEST(Kinds, AreEachShownByAnExample) {
  for (const std::string_view each : kind::kAll) {
    EXPECT_TRUE(std::any_of(kRows.begin(), kRows.end(), [&](const Row& row) {
      return row.kind == each;
    })) << each;
  }
}

TEST(Decode, TakesIdTimeAndActorFromTheEvent) {
  const auto message = messages::decode(examples::read("update-group-launch-template"));
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->id, "3e3c153a-8339-4e30-8c35-687ebef853fe");
  EXPECT_EQ(base::format_rfc3339(message->time), "2026-01-02T03:04:05Z");
  EXPECT_EQ(message->actor, "arn:aws:sts::123456789012:assumed-role/deploy/ci");
}

TEST(Decode, TakesIdAndTimeFromSnsWhereTheMessageHasNone) {
  const auto bare = messages::decode(examples::read("sns-retirement"));
  ASSERT_TRUE(bare.has_value());
  EXPECT_EQ(bare->id, "dc1e94d9-56c5-5e96-808d-cc7f68faa162");
  EXPECT_EQ(base::format_rfc3339(bare->time), "2026-01-02T03:04:06.789Z");
  const auto own = messages::decode(examples::read("sns-recycle-request"));
  ASSERT_TRUE(own.has_value());
  EXPECT_EQ(own->id, "6c1f8a52-0d3e-4b7a-9c55-2f1e0a9b8c7d");
  EXPECT_EQ(own->actor, "alice");
}

}  // namespace
