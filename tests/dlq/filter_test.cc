// Filters, JSON paths, edits and the pace: everything that decides, without I/O.
#include "dlq/filter.h"

#include "dlq/dead_letter.h"
#include "dlq/edit.h"
#include "dlq/ndjson.h"
#include "dlq/pace.h"

#include <gtest/gtest.h>

namespace dlq {
namespace {

using namespace std::chrono_literals;

const base::TimePoint kNow = base::parse_rfc3339("2026-01-02T12:00:00Z").value();

aws::SqsMessage letter() {
  aws::SqsMessage message;
  message.message_id = "m-1";
  message.body = R"({"detail":{"id":7,"name":"web-1","tags":["a","b"],"a.b":true},"n":1.5})";
  message.group_id = "g1";
  message.receive_count = 3;
  message.sent_at = kNow - 2h;
  message.attributes["tenant"] = {"String", "blue"};
  message.attributes[kReason] = {"String", "field x: expected a number"};
  message.attributes[kErrorKind] = {"String", "decode"};
  message.attributes[kSourceQueue] = {"String", "orders"};
  return message;
}

bool takes(const FilterSpec& spec) {
  const auto message = letter();
  return Filter::parse(spec).value().takes(message, read_letter(message), kNow);
}

TEST(Filter, TakesWhatEveryGivenPartHoldsFor) {
  EXPECT_TRUE(takes({}));
  const std::vector<std::pair<FilterSpec, FilterSpec>> yes_and_no = {
      {{.ids = {"x", "m-1"}}, {.ids = {"x"}}},
      {{.error_kinds = {"decode"}}, {.error_kinds = {"invalid"}}},
      {{.sources = {"arn:aws:sqs:eu-west-2:1:orders"}}, {.sources = {"other"}}},
      {{.groups = {"g1"}}, {.groups = {"g2"}}},
      {{.attributes = {"tenant"}}, {.attributes = {"absent"}}},
      {{.attributes = {"tenant=blue"}}, {.attributes = {"tenant=green"}}},
      {{.attributes = {"tenant~^bl"}}, {.attributes = {"tenant=blue", "tenant~^gr"}}},
      {{.where = {"detail.id = 7"}}, {.where = {"detail.id = 8"}}},
      {{.reason = "expected a n"}, {.reason = "^expected"}},
      {{.body = "web-\\d"}, {.body = "^web"}},
      {{.older_than = 1h}, {.older_than = 3h}},
      {{.newer_than = 3h}, {.newer_than = 1h}},
      {{.receives_min = 3}, {.receives_min = 4}},
      {{.receives_max = 3}, {.receives_max = 2}}};
  for (std::size_t i = 0; i < yes_and_no.size(); ++i) {
    EXPECT_TRUE(takes(yes_and_no[i].first)) << i;
    EXPECT_FALSE(takes(yes_and_no[i].second)) << i;
  }
}

TEST(Filter, ConditionsOnTheBodyMeanWhatTheySay) {
  for (const char* yes :
       {"detail.id", "$.detail.id = 7", "detail.id=7.0", "detail.id != 8", "detail.id >= 7",
        "detail.id < 8", "n > 1.25", "detail.name = web-1", "detail.name = \"web-1\"",
        "detail.name ~ ^web-\\d$", "detail.tags[1] = b", "detail.tags = [\"a\",\"b\"]",
        "detail.\"a.b\" = true", "absent != 1", "absent.\"q\\\"\" != 1"}) {
    EXPECT_TRUE(takes({.where = {yes}})) << yes;
  }
  for (const char* no : {"absent", "detail.id = \"7\"", "detail.name > 3", "detail.tags[2]",
                         "detail.a.b", "absent = 1", "detail.id.deeper"}) {
    EXPECT_FALSE(takes({.where = {no}})) << no;
  }
}

TEST(Filter, WhatCannotBeReadIsRefusedWithTheReason) {
  const std::vector<std::pair<FilterSpec, std::string>> cases = {
      {{.where = {"a["}}, "']'"},
      {{.where = {"a..b"}}, "character 3"},
      {{.where = {"a = "}}, "a value after"},
      {{.where = {"a > x"}}, "a number"},
      {{.where = {"a ~ ("}}, "RE2"},
      {{.where = {""}}, "a member's name"},
      {{.where = {"a\xff"}}, "UTF-8"},
      {{.reason = "("}, "reason"},
      {{.body = "(?<n>"}, "body"},
      {{.attributes = {"=x"}}, "NAME"},
      {{.receives_min = 3, .receives_max = 2}, "at least 3"}};
  for (const auto& [spec, expected] : cases) {
    const auto filter = Filter::parse(spec);
    ASSERT_FALSE(filter);
    EXPECT_EQ(filter.error().kind, base::ErrorKind::kInvalid);
    if (expected != "NAME") {
      EXPECT_NE(filter.error().message.find(expected), std::string::npos) << filter.error().message;
    }
  }
}

TEST(Filter, APatternThatWouldTakeABacktrackerAgesIsQuick) {
  auto message = letter();
  message.body = std::string(1U << 20U, 'a');
  const auto filter = Filter::parse({.body = "^(a+)+$x"}).value();
  EXPECT_FALSE(filter.takes(message, read_letter(message), kNow));
}

TEST(Letter, MovedBySqsForgetsWhatAnEarlierLifeSaid) {
  auto message = letter();
  EXPECT_EQ(read_letter(message).record.error_kind, "decode");
  message.system_attributes["DeadLetterQueueSourceArn"] = "arn:aws:sqs:eu-west-2:1:payments";
  const Letter moved = read_letter(message);
  EXPECT_EQ(moved.record.error_kind, kMovedBySqs);
  EXPECT_EQ(moved.record.reason, "");
  EXPECT_EQ(moved.record.source_queue, "payments");
  EXPECT_EQ(read_letter(aws::SqsMessage()).record.error_kind, kUnknownKind);
}

TEST(Letter, HostileAttributesAreReadAsFarAsTheyGo) {
  for (const char* text : {"", "{", "[]", "null", R"({"attempts":-1,"firstSeen":7})",
                           R"({"attempts":99999999999999,"replays":"x"})"}) {
    auto message = letter();
    message.attributes[kRecord] = {"String", text};
    message.attributes[kReplayed] = {"String", text};
    message.attributes[kPackedAttributes] = {"String", text};
    EXPECT_NE(read_letter(message).record.error_kind, "") << text;
    EXPECT_EQ(original_attributes(message).size(), 1U) << text;
  }
}

TEST(Edit, ChangesWhatItNamesAndNothingElse) {
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {"a = 2", R"({"b":1,"a":1})", R"({"b":1,"a":2})"},
      {"a.b.c = x", R"({"a":{}})", R"({"a":{"b":{"c":"x"}}})"},
      {"a[0] = null", R"({"a":[1,2]})", R"({"a":[null,2]})"},
      {"a[2] = 3", R"({"a":[1,2]})", R"({"a":[1,2,3]})"},
      {"delete a.b", R"({"a":{"b":1,"c":2}})", R"({"a":{"c":2}})"},
      {"delete x.y", R"({"a":1})", R"({"a":1})"},
      {"a = {\"k\":[1]}", R"({})", R"({"a":{"k":[1]}})"}};
  for (const auto& [text, body, expected] : cases) {
    EXPECT_EQ(Edit::parse({text}).value().apply(body).value(), expected) << text;
  }
  for (const char* wrong : {"a", "a > 1", "= 1", "delete ", "a ="}) {
    EXPECT_FALSE(Edit::parse({wrong})) << wrong;
  }
  EXPECT_FALSE(Edit::parse({"a.b = 1"}).value().apply(R"({"a":7})"));
  EXPECT_FALSE(Edit::parse({"a[5] = 1"}).value().apply(R"({"a":[]})"));
  EXPECT_FALSE(Edit::parse({"a = 1"}).value().apply("not json"));
}

TEST(Edit, ACommandsAnswerReplacesOnlyWhatItHolds) {
  aws::SendOptions send;
  send.body = "b";
  send.attributes["n"] = {"Number", "5"};
  ASSERT_TRUE(take_edited(send, "{}"));
  EXPECT_EQ(send.body, "b");
  ASSERT_TRUE(take_edited(send, edit_input(send)));
  EXPECT_EQ(send.attributes.at("n").value, "5");
  ASSERT_TRUE(take_edited(send, R"({"body":"c","attributes":{}})"));
  EXPECT_EQ(send.body, "c");
  EXPECT_TRUE(send.attributes.empty());
  for (const char* wrong : {"", "[]", R"({"body":""})", R"({"body":7})", R"({"attributes":[]})",
                            R"({"attributes":{"a":"x"}})"}) {
    EXPECT_FALSE(take_edited(send, wrong)) << wrong;
  }
}

TEST(Pace, KeepsToTheRateAndDoesNotSaveUp) {
  Pace pace(10, 0ms);
  base::SteadyPoint now{};
  EXPECT_EQ(pace.room(now), 1U);
  pace.took(1);
  EXPECT_EQ(pace.room(now), 0U);
  EXPECT_EQ(pace.when(10, now) - now, 1s);
  now += 1s;
  EXPECT_EQ(pace.room(now), 10U);
  now += 1h;
  EXPECT_EQ(pace.room(now), 10U) << "a second's worth, not an hour's";
}

TEST(Pace, RampsUpFromATenth) {
  Pace pace(100, 60'000ms);
  base::SteadyPoint now{};
  std::size_t sent = 0;
  std::size_t in_first_second = 0;
  std::size_t in_last_second = 0;
  for (int tick = 0; tick < 6'000; ++tick, now += 10ms) {
    const std::size_t room = pace.room(now);
    pace.took(room);
    sent += room;
    if (tick < 100) in_first_second += room;
    if (tick >= 5'900) in_last_second += room;
  }
  EXPECT_NEAR(static_cast<double>(sent), 100 * 60 * 0.55, 5);
  EXPECT_NEAR(static_cast<double>(in_first_second), 11, 2);
  EXPECT_NEAR(static_cast<double>(in_last_second), 99, 3);
}

TEST(Ndjson, GivesBackWhatWasWrittenAndNoticesEveryChange) {
  auto message = letter();
  message.body = "line\n\"quoted\" \xC3\xA9";
  message.system_attributes["AWSTraceHeader"] = "Root=1-2-3";
  const std::string line = to_line(message, read_letter(message));
  const auto read = read_line(line).value();
  EXPECT_EQ(read.body, message.body);
  EXPECT_EQ(read.attributes, message.attributes);
  EXPECT_EQ(read.group_id, "g1");
  EXPECT_EQ(read.sent_at, message.sent_at);
  EXPECT_EQ(read.system_attributes.at("AWSTraceHeader"), "Root=1-2-3");
  std::string changed = line;
  changed.replace(changed.find("quoted"), 6, "QUOTED");
  EXPECT_NE(read_line(changed).error().message.find("checksum"), std::string::npos);
  changed = line;
  changed.replace(changed.find("blue"), 4, "BLUE");
  EXPECT_NE(read_line(changed).error().message.find("attributes"), std::string::npos);
  EXPECT_FALSE(read_line("{}"));
  EXPECT_FALSE(read_line("[]"));
  EXPECT_FALSE(read_line(line.substr(0, line.size() / 2)));
}

}  // namespace
}  // namespace dlq
