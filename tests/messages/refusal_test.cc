// For every field that a kind needs: taking it away, or giving it another type, is refused with a
// text that names it.
#include "messages/decode.h"
#include "tests/messages/examples.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace {

using Json = nlohmann::json;

struct Row {
  std::string file;
  std::string pointer;  // of the field, as a JSON pointer
  std::string path;     // as the error names it
};

const std::vector<Row> kRequired = {
    {"update-group-launch-template", "/detail", "detail"},
    {"update-group-launch-template", "/detail-type", "detail-type"},
    {"update-group-launch-template", "/source", "source"},
    {"update-group-launch-template", "/detail/eventName", "detail.eventName"},
    {"update-group-launch-template", "/detail/requestParameters", "detail.requestParameters"},
    {"update-group-launch-template", "/detail/requestParameters/autoScalingGroupName",
     "detail.requestParameters.autoScalingGroupName"},
    {"tags-created", "/detail/requestParameters/tags", "detail.requestParameters.tags"},
    {"tags-created-two-groups", "/detail/requestParameters/tags/1/key",
     "detail.requestParameters.tags[1].key"},
    {"tags-created-two-groups", "/detail/requestParameters/tags/2/resourceId",
     "detail.requestParameters.tags[2].resourceId"},
    {"tags-deleted", "/detail/requestParameters/tags/0/resourceType",
     "detail.requestParameters.tags[0].resourceType"},
    {"set-desired-capacity", "/detail/requestParameters/autoScalingGroupName",
     "detail.requestParameters.autoScalingGroupName"},
    {"template-modified-by-name", "/detail/requestParameters", "detail.requestParameters"},
    {"instance-launch-successful", "/detail/AutoScalingGroupName", "detail.AutoScalingGroupName"},
    {"instance-launch-successful", "/detail/EC2InstanceId", "detail.EC2InstanceId"},
    {"instance-terminate-unsuccessful", "/detail/AutoScalingGroupName",
     "detail.AutoScalingGroupName"},
    {"lifecycle-launch", "/detail/AutoScalingGroupName", "detail.AutoScalingGroupName"},
    {"lifecycle-launch", "/detail/EC2InstanceId", "detail.EC2InstanceId"},
    {"lifecycle-terminate", "/detail/LifecycleHookName", "detail.LifecycleHookName"},
    {"lifecycle-terminate", "/detail/LifecycleTransition", "detail.LifecycleTransition"},
    {"hook-to-sqs-terminate", "/AutoScalingGroupName", "AutoScalingGroupName"},
    {"hook-to-sqs-terminate", "/EC2InstanceId", "EC2InstanceId"},
    {"hook-to-sqs-launch", "/LifecycleHookName", "LifecycleHookName"},
    {"instance-refresh-failed", "/detail/AutoScalingGroupName", "detail.AutoScalingGroupName"},
    {"instance-refresh-failed", "/detail/InstanceRefreshId", "detail.InstanceRefreshId"},
    {"notification-launch", "/AutoScalingGroupName", "AutoScalingGroupName"},
    {"notification-terminate", "/EC2InstanceId", "EC2InstanceId"},
    {"retirement", "/detail/requestParameters", "detail.requestParameters"},
    {"retirement", "/detail/requestParameters/autoScalingGroupName",
     "detail.requestParameters.autoScalingGroupName"},
    {"recycle-request", "/schemaVersion", "schemaVersion"},
    {"recycle-request", "/recycle/autoScalingGroupName", "recycle.autoScalingGroupName"},
    {"oncall-job-request", "/oncallJob/job", "oncallJob.job"},
};

// Fields that may be absent, but not be of another type.
const std::vector<Row> kOptional = {
    {"update-group-launch-template", "/id", "id"},
    {"update-group-launch-template", "/time", "time"},
    {"instance-launch-unsuccessful", "/detail/EC2InstanceId", "detail.EC2InstanceId"},
    {"instance-launch-unsuccessful", "/detail/StatusMessage", "detail.StatusMessage"},
    {"lifecycle-launch", "/detail/LifecycleActionToken", "detail.LifecycleActionToken"},
    {"hook-to-sqs-launch", "/Time", "Time"},
    {"recycle-request", "/sentAt", "sentAt"},
    {"recycle-request-full", "/recycle/requestedAt", "recycle.requestedAt"},
    {"recycle-request-full", "/recycle/strategy", "recycle.strategy"},
    {"recycle-request-full", "/recycle/dryRun", "recycle.dryRun"},
    {"recycle-request-full", "/recycle", "recycle"},
};

Json example(const Row& row) { return Json::parse(examples::read(row.file)); }

std::string refusal(const Json& json) {
  const auto message = messages::decode(json.dump());
  return message ? "accepted as " + std::string(message->kind) : message.error().message;
}

Json without(Json json, const std::string& pointer) {
  const Json::json_pointer field(pointer);
  json.at(field.parent_pointer()).erase(field.back());
  return json;
}

Json with_another_type(Json json, const std::string& pointer) {
  Json& field = json.at(Json::json_pointer(pointer));
  field = field.is_array() ? Json("text") : Json::array({1, 2});
  return json;
}

TEST(Refusal, NamesTheRequiredFieldThatIsMissing) {
  for (const Row& row : kRequired) {
    if (row.pointer == "/source" || row.pointer == "/detail-type") {
      continue;  // see NamesTheOtherHalfOfTheKey
    }
    const std::string text = refusal(without(example(row), row.pointer));
    EXPECT_TRUE(text.starts_with(row.path + ": expected ")) << row.file << ": " << text;
  }
}

TEST(Refusal, NamesTheOtherHalfOfTheKeyOfAnEvent) {
  const Row row = kRequired.front();
  EXPECT_EQ(refusal(without(example(row), "/source")),
            "source: expected a string that is not empty, found nothing");
  EXPECT_EQ(refusal(without(example(row), "/detail-type")),
            "detail-type: expected a string that is not empty, found nothing");
}

TEST(Refusal, NamesTheFieldOfAnotherTypeAndWhatWasFound) {
  for (const auto* rows : {&kRequired, &kOptional}) {
    for (const Row& row : *rows) {
      const std::string text = refusal(with_another_type(example(row), row.pointer));
      EXPECT_TRUE(text.starts_with(row.path + ": ")) << row.file << ": " << text;
    }
  }
}

TEST(Refusal, AcceptsTheAbsenceOfWhatIsOptional) {
  for (const Row& row : kOptional) {
    if (row.pointer != "/recycle") {
      EXPECT_TRUE(refusal(without(example(row), row.pointer)).starts_with("accepted")) << row.file;
    }
  }
}

TEST(Refusal, ShortensAndCleansWhatItQuotes) {
  const std::string text =
      refusal({{"schemaVersion", 1},
               {"recycle", {{"autoScalingGroupName", "\x1b" + std::string(5000, 'x')}}}});
  EXPECT_TRUE(text.starts_with("recycle.autoScalingGroupName: expected the name")) << text;
  EXPECT_LT(text.size(), 200U);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  const auto garbage = messages::decode("\x1b]0;title\x07\n" + std::string(5000, 'x'));
  ASSERT_FALSE(garbage.has_value());
  EXPECT_LT(garbage.error().message.size(), 100U);
  EXPECT_EQ(garbage.error().message.find('\x1b'), std::string::npos);
}

TEST(Refusal, NamesStructuresAndDoesNotShowWhatIsInThem) {
  for (const Json& value : {Json{{"password", "hunter2"}}, Json::array({"hunter2"})}) {
    const std::string text = refusal({{"source", "a"}, {"detail-type", value}});
    EXPECT_EQ(text, value.is_object()
                        ? "detail-type: expected a string that is not empty, found an object"
                        : "detail-type: expected a string that is not empty, found a list");
  }
}

TEST(Refusal, KeepsControlCharactersOutOfReasons) {
  const auto message = messages::decode(Json{
      {"source", "aws.x\nlevel=error"},
      {"detail-type", "t"},
      {"detail", Json::object()}}.dump());
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(std::get<messages::Ignored>(message->payload).reason,
            "no decoder for source aws.x?level=error, detail-type t");
}

}  // namespace
