#include "messages/decode.h"
#include "messages/kinds.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck/gtest.h>

namespace {

using Json = nlohmann::json;
using messages::RecycleRequest;

constexpr base::TimePoint kSentAt{std::chrono::microseconds(1'767'323'045'250'000)};

base::Result<messages::Message> round_trip(const RecycleRequest& request) {
  return messages::decode(messages::encode_recycle_request(request, "id-1", kSentAt, "alice"));
}

TEST(Envelope, IsWrittenAsCanonicalJsonWithoutDefaults) {
  RecycleRequest request;
  request.group = base::GroupName("web");
  EXPECT_EQ(Json::parse(messages::encode_recycle_request(request, "id-1", kSentAt, "alice")),
            (Json{{"schemaVersion", 1},
                  {"id", "id-1"},
                  {"sentAt", "2026-01-02T03:04:05.250Z"},
                  {"sentBy", "alice"},
                  {"recycle", {{"autoScalingGroupName", "web"}}}}));
}

TEST(Envelope, TakesTheTimeOfSendingWhereTheRequestHasNone) {
  RecycleRequest request;
  request.group = base::GroupName("web");
  const auto message = round_trip(request);
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(std::get<RecycleRequest>(message->payload).requested_at, kSentAt);
}

RC_GTEST_PROP(Envelope, ReadsBackWhatItWrote, ()) {
  const auto letters = rc::gen::inRange<char>(' ', '~');
  RecycleRequest request;
  request.group = base::GroupName(
      *rc::gen::suchThat(rc::gen::container<std::string>(letters),
                         [](const std::string& s) { return !s.empty() && s.size() <= 255; }));
  request.strategy = *rc::gen::element<std::string>("", "out-in", "out-in-timed", "in-out");
  request.force = *rc::gen::arbitrary<bool>();
  request.dry_run = *rc::gen::arbitrary<bool>();
  request.requested_at = base::TimePoint(
      std::chrono::microseconds(*rc::gen::inRange<std::int64_t>(1, 4'000'000'000'000'000)));
  request.reason = *rc::gen::container<std::string>(letters);
  request.source_event_id = *rc::gen::container<std::string>(letters);
  request.resume_run = *rc::gen::element<std::string>("", "0123456789ab");
  request.rollback_to = *rc::gen::element<std::string>("", "1", "42");
  const auto message = round_trip(request);
  RC_ASSERT(message.has_value());
  RC_ASSERT(message->id == "id-1" && message->actor == "alice" && message->time == kSentAt);
  const auto& read = std::get<RecycleRequest>(message->payload);
  RC_ASSERT(read.group == request.group);
  RC_ASSERT(read.strategy == request.strategy);
  RC_ASSERT(read.force == request.force);
  RC_ASSERT(read.dry_run == request.dry_run);
  RC_ASSERT(read.requested_at == request.requested_at);
  RC_ASSERT(read.reason == request.reason);
  RC_ASSERT(read.source_event_id == request.source_event_id);
  RC_ASSERT(read.resume_run == request.resume_run);
  RC_ASSERT(read.rollback_to == request.rollback_to);
}

std::string request_with(const std::string& key, const Json& value) {
  Json recycle = {{"autoScalingGroupName", "web"}};
  recycle[key] = value;
  return Json{{"schemaVersion", 1}, {"recycle", std::move(recycle)}}.dump();
}

TEST(Envelope, CountsCharactersNotBytesInGroupNames) {
  std::string accents;
  for (int i = 0; i < 255; ++i) {
    accents += "\xC3\xA9";
  }
  EXPECT_TRUE(messages::decode(request_with("autoScalingGroupName", accents)).has_value());
  EXPECT_FALSE(messages::decode(request_with("autoScalingGroupName", accents + "e")).has_value());
}

TEST(Envelope, LeavesTheQuestionWhetherThereIsSuchAStrategyToTheConsumer) {
  EXPECT_TRUE(messages::decode(request_with("strategy", "sideways")).has_value());
  EXPECT_FALSE(messages::decode(request_with("strategy", "in out")).has_value());
  EXPECT_FALSE(messages::decode(request_with("strategy", std::string(65, 'a'))).has_value());
}

TEST(Envelope, ReadsAVersionNewerThanOursWithoutTheFieldsItDoesNotKnow) {
  Json request = Json::parse(request_with("canary", true));
  EXPECT_FALSE(messages::decode(request.dump()).has_value());
  request["schemaVersion"] = 2;
  EXPECT_TRUE(messages::decode(request.dump()).has_value());
}

TEST(Envelope, RefusesANewerVersionWhoseKindOfWorkItDoesNotKnow) {
  const auto message = messages::decode(R"({"schemaVersion":2,"paint":{"colour":"blue"}})");
  ASSERT_FALSE(message.has_value());
  EXPECT_EQ(message.error().message,
            "expected recycle or oncallJob, found neither (schema version 2, ours is 1)");
}

TEST(Envelope, NamesUnknownFieldsAtEveryLevel) {
  const auto message = messages::decode(R"({"schemaVersion":1,"recicle":{}})");
  ASSERT_FALSE(message.has_value());
  EXPECT_EQ(message.error().message,
            "recicle: unknown field in schema version 1; accepted: schemaVersion, id, sentAt, "
            "sentBy, recycle, oncallJob");
}

TEST(Envelope, AcceptsAnyInputForAJobButOnlyAnObject) {
  const auto with_input = [](const std::string& input) {
    return messages::decode(R"({"schemaVersion":1,"oncallJob":{"job":"j","input":)" + input + "}}");
  };
  EXPECT_TRUE(with_input(R"({"anything":{"goes":[1,null,"x"]}})").has_value());
  EXPECT_TRUE(with_input("null").has_value());
  EXPECT_FALSE(with_input("[1]").has_value());
  EXPECT_FALSE(with_input("5").has_value());
}

TEST(Envelope, TakesFieldsInEitherSpellingButNotInBoth) {
  const auto message = messages::decode(
      R"({"schema_version":1,"sent_at":"2026-01-02T03:04:05Z","sent_by":"bob",
          "recycle":{"auto_scaling_group_name":"web","dry_run":true,"source_event_id":"e-1"}})");
  ASSERT_TRUE(message.has_value()) << message.error().message;
  const auto& request = std::get<RecycleRequest>(message->payload);
  EXPECT_EQ(message->actor, "bob");
  EXPECT_EQ(request.group.value, "web");
  EXPECT_TRUE(request.dry_run);
  EXPECT_EQ(request.source_event_id, "e-1");
  EXPECT_EQ(request.requested_at, base::parse_rfc3339("2026-01-02T03:04:05Z").value());

  const auto twice = messages::decode(
      R"({"schemaVersion":1,
          "recycle":{"autoScalingGroupName":"a","auto_scaling_group_name":"b"}})");
  ASSERT_FALSE(twice.has_value());
  EXPECT_EQ(twice.error().message,
            "recycle.auto_scaling_group_name: expected nothing beside autoScalingGroupName, found "
            "\"b\"");
}

TEST(Envelope, TakesNullForAFieldThatIsAbsent) {
  const auto message = messages::decode(
      R"({"schemaVersion":1,"id":null,"sentAt":null,"oncallJob":null,
          "recycle":{"autoScalingGroupName":"web","force":null,"requestedAt":null}})");
  ASSERT_TRUE(message.has_value()) << message.error().message;
  const auto& request = std::get<RecycleRequest>(message->payload);
  EXPECT_FALSE(request.force);
  EXPECT_EQ(request.requested_at, base::TimePoint{});
}

TEST(Envelope, RefusesAVersionThatIsNoWholeNumberFromOne) {
  for (const char* version :
       {"0", "-1", "1.5", "\"1\"", "null", "4294967296", "1e2", "99999999999999999999"}) {
    const auto message = messages::decode(R"({"schemaVersion":)" + std::string(version) +
                                          R"(,"recycle":{"autoScalingGroupName":"web"}})");
    ASSERT_FALSE(message.has_value()) << version;
    EXPECT_TRUE(message.error().message.starts_with("schemaVersion: expected a whole number"));
  }
}

TEST(Envelope, WritesAJobsInputWithEveryNameOnceAndInOrder) {
  const auto message = messages::decode(
      R"({"schemaVersion":1,"oncallJob":{"job":"j","input":{"b":1,"a":{"z":null},"b":2}}})");
  ASSERT_TRUE(message.has_value()) << message.error().message;
  EXPECT_EQ(std::get<messages::OncallJobRequest>(message->payload).params,
            R"({"a":{"z":null},"b":2})");
}

TEST(Envelope, TakesARequestForAJobWithoutTheEnvelope) {
  const auto message = messages::decode(
      R"({"job":"debug-logs","params":{"service_name":"web"},"request_id":"i","reply_to":"q",
          "requested_by":"alice","dry_run":true,"timeout":"5m"})");
  ASSERT_TRUE(message) << message.error().message;
  EXPECT_EQ(message->id, "i");
  EXPECT_EQ(message->kind, messages::kind::kOncallJobRequest);
  const auto& job = std::get<messages::OncallJobRequest>(message->payload);
  EXPECT_EQ(job.params, R"({"service_name":"web"})");
  EXPECT_EQ(job.requested_by, "alice");
  EXPECT_EQ(job.reply_to, "q");
  EXPECT_TRUE(job.dry_run);
  EXPECT_EQ(job.timeout, std::chrono::minutes(5));
}

TEST(Envelope, ARequestForAJobIsReadAsItWasWritten) {
  messages::OncallJobRequest request;
  request.job = "debug-logs";
  request.params = R"({"big":9007199254740993,"text":"x"})";
  request.requested_by = "alice";
  request.reply_to = "q";
  request.dry_run = true;
  request.timeout = std::chrono::milliseconds(1'500);
  const auto message =
      messages::decode(messages::encode_oncall_job_request(request, "i", base::TimePoint(), "bob"));
  ASSERT_TRUE(message) << message.error().message;
  EXPECT_EQ(message->id, "i");
  EXPECT_EQ(message->actor, "bob");
  const auto& read = std::get<messages::OncallJobRequest>(message->payload);
  EXPECT_EQ(read.params, request.params);
  EXPECT_EQ(read.requested_by, "alice");
  EXPECT_EQ(read.reply_to, "q");
  EXPECT_TRUE(read.dry_run);
  EXPECT_EQ(read.timeout, std::chrono::seconds(2)) << "whole seconds, not fewer";
}

TEST(Envelope, RefusesWhatIsNoRequestForAJob) {
  struct Row {
    const char* body;
    const char* problem;
  };
  const Row rows[] = {
      {R"({"job":"j","timeout":"5"})", "timeout: expected a duration such as 90s, 5m or 2h"},
      {R"({"job":"j","timeout":"0s"})", "timeout: expected a duration"},
      {R"({"job":"j","params":{},"input":{}})", "input: expected nothing beside params"},
      {R"({"job":"j","params":{"dry_run":1}})", "params.dry_run: expected true or false"},
      {R"({"job":"j","parms":{}})", "parms: unknown field"},
      {R"({"job":7})", "job: expected a string"},
  };
  for (const Row& row : rows) {
    const auto message = messages::decode(row.body);
    ASSERT_FALSE(message) << row.body;
    EXPECT_NE(message.error().message.find(row.problem), std::string::npos)
        << message.error().message;
  }
}

}  // namespace
