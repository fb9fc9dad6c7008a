#include "worker/large_payload.h"

#include "aws/payload_pointer.h"
#include "sim/faults.h"
#include "sim/s3_service.h"
#include "tests/worker/rig.h"

#include <gtest/gtest.h>

namespace worker {
namespace {

const std::string kQueue = "events";
const base::QueueUrl kQueueUrl("http://sqs.test/123456789012/events");

std::string pointer_to(const std::string& bucket, const std::string& key) {
  return aws::write_payload_pointer({bucket, key}).value();
}

struct World {
  World() {
    rig.region.s3().create("payloads");
    rig.region.s3().create("elsewhere");
  }

  LargePayloads payloads(PayloadConfig config) { return {s3, rig.random, std::move(config)}; }
  void put(const std::string& bucket, const std::string& key, const std::string& body) {
    ASSERT_TRUE(rig.loop.run(s3.put_object({bucket, key}, body, "text/plain")));
  }
  // What came of the body: the payload's text, or "poison: ...", "retry: ...".
  std::string fetch(const std::string& body, PayloadConfig config = {{"payloads"}, "", 0}) {
    auto fetched = rig.loop.run(payloads(std::move(config)).fetch(body));
    if (const auto* payload = std::get_if<Payload>(&fetched)) return payload->body;
    const auto& verdict = std::get<consumers::Verdict>(fetched);
    if (const auto* poison = std::get_if<consumers::Poison>(&verdict)) {
      EXPECT_EQ(poison->error_kind, "payload");
      return "poison: " + poison->reason;
    }
    return "retry: " + std::get<consumers::Retry>(verdict).reason;
  }
  base::Result<std::string> send(aws::SendOptions message, PayloadConfig config) {
    message.queue = kQueueUrl;
    return rig.loop.run(payloads(std::move(config)).send(rig.sqs, std::move(message)));
  }
  void fail_s3(const std::string& code, int status) {
    sim::FaultRule rule;
    rule.kind = sim::FaultKind::kError;
    rule.service = "s3";
    rule.code = code;
    rule.status = status;
    rig.region.faults().add(rule);
  }

  Rig rig;
  aws::S3 s3{rig.caller};
};

boost::asio::awaitable<base::HttpResponse> long_answer(std::size_t bytes) {
  co_return base::HttpResponse{200, {}, std::string(bytes, 'x')};
}

PayloadConfig into_payloads(std::size_t threshold = kMessageBytesMax) {
  return {{}, "payloads", threshold};
}

TEST(LargePayload, IsFetchedFromABucketThatIsConfigured) {
  World world;
  world.put("payloads", "k", "the body");
  EXPECT_EQ(world.fetch(pointer_to("payloads", "k")), "the body");
  EXPECT_EQ(world.fetch(pointer_to("payloads", "k"), into_payloads()), "the body")
      << "what we send we also read";
}

TEST(LargePayload, IsRefusedFromAnyOtherBucketWithoutARequest) {
  World world;
  world.put("elsewhere", "k", "a stranger's");
  const int before = world.rig.http.requests();
  EXPECT_EQ(world.fetch(pointer_to("elsewhere", "k")),
            "poison: the payload is in bucket 'elsewhere', which is not allowed: --payload-buckets "
            "and --payload-bucket name payloads");
  EXPECT_EQ(world.fetch(pointer_to("elsewhere", "k"), {}),
            "poison: the payload is in bucket 'elsewhere', which is not allowed: set "
            "--payload-buckets to the buckets whose payloads may be read");
  EXPECT_EQ(world.fetch(pointer_to("payloads", "../elsewhere/k")),
            "poison: the payload pointer: the object's key has '.' or '..' as one of its segments");
  EXPECT_EQ(world.rig.http.requests(), before);
}

TEST(LargePayload, ThatIsGoneIsPoison) {
  World world;
  EXPECT_TRUE(world.fetch(pointer_to("payloads", "k"))
                  .starts_with("poison: payload not found: NoSuchKey: "));
}

TEST(LargePayload, ThatMayComeIsRetried) {
  struct Row {
    const char* code;
    int status;
    const char* outcome;
  };
  for (const Row& row : {Row{"SlowDown", 503, "retry: getting the payload: SlowDown"},
                         Row{"InternalError", 500, "retry: getting the payload: InternalError"},
                         Row{"NoSuchBucket", 404, "retry: getting the payload: NoSuchBucket"},
                         Row{"AccessDenied", 403, "retry: getting the payload: AccessDenied"},
                         Row{"InvalidObjectState", 403, "poison: payload refused: "}}) {
    World world;
    world.fail_s3(row.code, row.status);
    const std::string outcome = world.fetch(pointer_to("payloads", "k"));
    EXPECT_TRUE(outcome.starts_with(row.outcome)) << outcome;
    EXPECT_EQ(outcome.find("s3:ListBucket") != std::string::npos,
              row.status == 403 && outcome.starts_with("retry"));
  }
}

TEST(LargePayload, ThatIsTooLongIsPoison) {
  World world;
  world.put("payloads", "k", std::string(kPayloadBytesMax, 'x'));
  EXPECT_EQ(world.fetch(pointer_to("payloads", "k")).size(), kPayloadBytesMax);
  // Longer than our own client would put: S3 takes more than we do.
  test::SimHttpClient longer([&](base::HttpRequest) { return long_answer(kPayloadBytesMax + 1); },
                             world.rig.loop.clock());
  aws::Caller caller(longer, world.rig.credentials, world.rig.loop.clock(), world.rig.random,
                     world.rig.caller.endpoints());
  aws::S3 s3(caller);
  LargePayloads payloads(s3, world.rig.random, {{"payloads"}, "", 0});
  const auto fetched = world.rig.loop.run(payloads.fetch(pointer_to("payloads", "k")));
  const auto& verdict = std::get<consumers::Verdict>(fetched);
  ASSERT_TRUE(std::holds_alternative<consumers::Poison>(verdict));
  EXPECT_TRUE(std::get<consumers::Poison>(verdict).reason.starts_with(
      "the payload is longer than 16777216 bytes"));
}

TEST(LargePayload, IsPutIntoS3WhereTheMessageWouldBeTooLongForSqs) {
  World world;
  aws::SendOptions message;
  message.attributes["name"] = {"String", "value"};
  message.body = std::string(kMessageBytesMax - message_bytes(message), 'x');
  ASSERT_TRUE(world.send(message, into_payloads()));
  EXPECT_EQ(world.rig.region.s3().size("payloads"), 0U) << "exactly as long as SQS takes";
  message.body += "x";
  ASSERT_TRUE(world.send(message, into_payloads()));
  EXPECT_EQ(world.rig.region.s3().size("payloads"), 1U);

  const auto taken = world.rig.take(kQueue);
  ASSERT_EQ(taken.size(), 2U);
  const aws::SqsMessage& pointer = taken[taken[0].body.size() < taken[1].body.size() ? 0 : 1];
  const auto object = aws::read_payload_pointer(pointer.body);
  ASSERT_TRUE(object) << pointer.body;
  EXPECT_EQ(object->bucket, "payloads");
  EXPECT_TRUE(object->key.starts_with("autorecycle/")) << object->key;
  EXPECT_EQ(pointer.attributes.at("ExtendedPayloadSize").data_type, "Number");
  EXPECT_EQ(pointer.attributes.at("ExtendedPayloadSize").value,
            std::to_string(message.body.size()));
  EXPECT_EQ(pointer.attributes.at("name").value, "value");
  EXPECT_EQ(world.fetch(pointer.body), message.body);
}

TEST(LargePayload, IsPutIntoS3FromTheThresholdOn) {
  World world;
  aws::SendOptions message;
  message.body = std::string(1000, 'x');
  ASSERT_TRUE(world.send(message, into_payloads(1000)));
  EXPECT_EQ(world.rig.region.s3().size("payloads"), 0U);
  ASSERT_TRUE(world.send(message, into_payloads(999)));
  EXPECT_EQ(world.rig.region.s3().size("payloads"), 1U);
  ASSERT_TRUE(world.send(message, {{"payloads"}, "", 999}));
  EXPECT_EQ(world.rig.region.s3().size("payloads"), 1U) << "no bucket to write to";
}

TEST(LargePayload, WithoutABucketToWriteToIsRefusedWithAdvice) {
  World world;
  aws::SendOptions message;
  message.body = std::string(kMessageBytesMax + 1, 'x');
  const auto sent = world.send(message, {{"payloads"}, "", kMessageBytesMax});
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, base::ErrorKind::kInvalid);
  EXPECT_EQ(sent.error().message,
            "the message has 1048577 bytes, SQS takes 1048576; set --payload-bucket to put longer "
            "ones into S3");
}

TEST(LargePayload, LeavesAPointerAndAFullSetOfAttributesAlone) {
  World world;
  aws::SendOptions pointer;
  pointer.body = pointer_to("payloads", "k");
  ASSERT_TRUE(world.send(pointer, into_payloads(1)));
  aws::SendOptions full;
  full.body = "short enough for SQS";
  for (char c = '0'; c <= '9'; ++c) full.attributes[std::string("a") + c] = {"String", "v"};
  ASSERT_TRUE(world.send(full, into_payloads(1)));
  EXPECT_EQ(world.rig.region.s3().size("payloads"), 0U);
  full.body = std::string(kMessageBytesMax, 'x');
  EXPECT_EQ(world.send(full, into_payloads()).error().kind, base::ErrorKind::kInvalid);
}

TEST(LargePayload, IsTakenBackWhenSqsRefusedTheMessage) {
  World world;
  aws::SendOptions message;
  message.body = std::string(2000, 'x');
  message.attributes["bad name!"] = {"String", "v"};
  EXPECT_FALSE(world.send(message, into_payloads(1)));
  EXPECT_EQ(world.rig.region.s3().size("payloads"), 0U);
}

TEST(LargePayload, StaysWhenNobodyKnowsWhetherSqsTookTheMessage) {
  World world;
  sim::FaultRule rule;
  rule.kind = sim::FaultKind::kLost;
  rule.service = "sqs";
  rule.operation = "SendMessage";
  world.rig.region.faults().add(rule);
  aws::SendOptions message;
  message.body = std::string(2000, 'x');
  EXPECT_FALSE(world.send(message, into_payloads(1)));
  EXPECT_EQ(world.rig.region.s3().size("payloads"), 1U);
  EXPECT_GT(world.rig.depth(kQueue), 0U) << "and SQS did take it";
}

TEST(LargePayload, CountsBytesAsSqsDoes) {
  aws::SendOptions message;
  message.body = "12345";
  message.attributes["name"] = {"String", "value"};      // 4 + 6 + 5
  message.attributes["bytes"] = {"Binary", "YWJjZA=="};  // 5 + 6 + 4
  EXPECT_EQ(message_bytes(message), 5U + 15U + 15U);
}

}  // namespace
}  // namespace worker
