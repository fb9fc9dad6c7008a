#include "dlq/dead_letter.h"

#include "dlq/letter.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace dlq {
namespace {

aws::SqsMessage message_with(std::size_t attributes) {
  aws::SqsMessage message;
  message.message_id = "m-1";
  message.body = R"({"not":"ours"})";
  message.receive_count = 3;
  message.group_id = "web";
  for (std::size_t i = 0; i < attributes; ++i) {
    message.attributes["tenant" + std::to_string(i)] = {"String", "v" + std::to_string(i)};
  }
  return message;
}

const Cause kCause{.reason = "field x: expected a number",
                   .error_kind = "decode",
                   .source_queue = "autorecycle-events",
                   .consumer = "intake",
                   .version = "0.1.0",
                   .trace_id = "5759e988bd862e3fe1be46a994272793",
                   .now = base::parse_rfc3339("2026-01-02T03:09:05Z").value()};

std::size_t bytes_of(const aws::SendOptions& send) {
  std::size_t bytes = send.body.size();
  for (const auto& [name, attribute] : send.attributes) {
    bytes += name.size() + attribute.data_type.size() + attribute.value.size();
  }
  return bytes;
}

std::string value(const DeadLetter& letter, std::string_view name) {
  const auto found = letter.send.attributes.find(std::string(name));
  return found == letter.send.attributes.end() ? "(absent)" : found->second.value;
}

TEST(DeadLetter, KeepsTheBodyAndSaysWhy) {
  const auto letter = make_dead_letter(message_with(1), kCause, false);
  EXPECT_EQ(letter.send.body, R"({"not":"ours"})");
  EXPECT_EQ(value(letter, kReason), "field x: expected a number");
  EXPECT_EQ(value(letter, kErrorKind), "decode");
  EXPECT_EQ(value(letter, kAttempts), "3");
  EXPECT_EQ(value(letter, kSourceQueue), "autorecycle-events");
  const auto record = messages::read_dead_letter_record(value(letter, kRecord)).value();
  EXPECT_EQ(record.message_id, "m-1");
  EXPECT_EQ(record.consumer, "intake");
  EXPECT_EQ(base::format_rfc3339(record.last_seen), "2026-01-02T03:09:05Z");
  EXPECT_EQ(value(letter, "tenant0"), "v0");
  EXPECT_EQ(letter.send.group_id, "");
  EXPECT_TRUE(letter.left_out.empty());
}

TEST(DeadLetter, NeverHoldsMoreThanTenAttributesAndLosesNone) {
  for (std::size_t count = 0; count <= 10; ++count) {
    const auto letter = make_dead_letter(message_with(count), kCause, false);
    EXPECT_LE(letter.send.attributes.size(), kAttributesMax) << count;
    EXPECT_TRUE(letter.left_out.empty()) << count;
    if (count == 0) continue;
    const auto last = "tenant" + std::to_string(count - 1);
    if (letter.send.attributes.contains(std::string(kPackedAttributes))) {
      const auto packed = nlohmann::json::parse(value(letter, kPackedAttributes));
      EXPECT_EQ(packed.size(), count);
      EXPECT_EQ(packed[last]["value"], "v" + std::to_string(count - 1));
    } else {
      EXPECT_EQ(value(letter, last), "v" + std::to_string(count - 1));
    }
  }
}

TEST(DeadLetter, NeverPassesOneMebibyteAndNeverCutsTheBody) {
  for (const std::size_t room : {0U, 20U, 60U, 200U, 5'000U}) {
    auto message = message_with(2);
    message.body = std::string(kBytesMax - room, 'x');
    const auto letter = make_dead_letter(message, kCause, false);
    EXPECT_LE(bytes_of(letter.send), kBytesMax) << room;
    EXPECT_EQ(letter.send.body.size(), message.body.size());
    EXPECT_EQ(letter.left_out.empty(), room == 5'000U) << room;
  }
}

TEST(DeadLetter, ShortensAndCleansTheReason) {
  auto cause = kCause;
  cause.reason = "line\none\x01\xff " + std::string(5'000, 'y');
  const auto reason = value(make_dead_letter(message_with(0), cause, false), kReason);
  EXPECT_TRUE(reason.starts_with("line one "));
  EXPECT_LE(reason.size(), kReasonBytesMax + 2);  // one broken byte became a three-byte mark
  EXPECT_EQ(reason.find('\xff'), std::string::npos);
}

TEST(DeadLetter, KeepsTheGroupOnFifoQueuesAndCannotBeSentTwice) {
  const auto letter = make_dead_letter(message_with(0), kCause, true);
  EXPECT_EQ(letter.send.group_id, "web");
  EXPECT_EQ(letter.send.deduplication_id, "m-1");
}

TEST(DeadLetter, ReplacesTheCauseOfAnEarlierLetter) {
  auto message = message_with(0);
  message.attributes[std::string(kReason)] = {"String", "old reason"};
  const auto letter = make_dead_letter(message, kCause, false);
  EXPECT_EQ(value(letter, kReason), kCause.reason);
}

TEST(DeadLetter, KeepsWhatTellsThatTheBodyIsAPointerIntoS3) {
  for (const char* name : {"ExtendedPayloadSize", "SQSLargePayloadSize"}) {
    auto message = message_with(9);
    message.attributes[name] = {"Number", "1234567"};
    const auto letter = make_dead_letter(message, kCause, false);
    EXPECT_LE(letter.send.attributes.size(), kAttributesMax);
    EXPECT_EQ(value(letter, name), "1234567") << "not packed away with the others";
    EXPECT_EQ(letter.send.attributes.at(name).data_type, "Number");
  }
}

TEST(DeadLetter, StaysInTheTraceOfItsMessage) {
  auto message = message_with(1);
  EXPECT_EQ(make_dead_letter(message, kCause, false).send.trace_header, "");
  message.system_attributes["AWSTraceHeader"] = "Root=1-5759e988-bd862e3fe1be46a994272793";
  EXPECT_EQ(make_dead_letter(message, kCause, false).send.trace_header,
            "Root=1-5759e988-bd862e3fe1be46a994272793");
}

}  // namespace
}  // namespace dlq
