// The S3 client against the simulated region, which checks every signature by code of its own.
#include "aws/s3.h"

#include "aws/sigv4.h"
#include "sim/faults.h"
#include "sim/region.h"
#include "sim/s3_service.h"
#include "sim/virtual_loop.h"
#include "tests/support/scripted_http.h"
#include "tests/support/sim_http_client.h"

#include <gtest/gtest.h>

namespace {

using base::ErrorKind;

aws::StaticCredentials known_key() {
  return aws::StaticCredentials({.access_key_id = "AKIDSIMULATED",
                                 .secret_access_key = base::Secret("simulated-secret"),
                                 .session_token = {},
                                 .expiration = {},
                                 .source = "test"});
}

struct World {
  explicit World(std::string endpoint = "")
      : endpoints{base::Region("eu-west-2"), std::move(endpoint), {}} {
    region.s3().create("payloads");
    region.s3().create("dotted.name");
    http.before = [this](int, const base::HttpRequest& request) { urls.push_back(request.url); };
  }

  base::Result<void> put(aws::ObjectName object, std::string body) {
    return loop.run(s3.put_object(std::move(object), std::move(body), "text/plain"));
  }
  base::Result<std::string> get(aws::ObjectName object) {
    return loop.run(s3.get_object(std::move(object)));
  }
  base::Result<void> remove(aws::ObjectName object) {
    return loop.run(s3.delete_object(std::move(object)));
  }

  sim::VirtualLoop loop;
  sim::Region region{loop.executor(), loop.clock(), {}};
  test::SimHttpClient http{[this](base::HttpRequest r) { return region.handle(std::move(r)); },
                           loop.clock()};
  std::vector<std::string> urls;
  aws::StaticCredentials credentials = known_key();
  base::Random random{42};
  aws::EndpointConfig endpoints;
  aws::Caller caller{http, credentials, loop.clock(), random, endpoints};
  aws::S3 s3{caller};
};

TEST(S3, GetsBackTheBytesThatWerePut) {
  World world;
  std::string bytes;
  for (int i = 0; i < 1024; ++i) bytes += static_cast<char>(i % 256);
  for (const std::string& body : {std::string("hello"), bytes, std::string()}) {
    ASSERT_TRUE(world.put({"payloads", "a/b c+d/\xC3\xA9~(1)"}, body));
    const auto got = world.get({"payloads", "a/b c+d/\xC3\xA9~(1)"});
    ASSERT_TRUE(got) << got.error().to_string();
    EXPECT_EQ(*got, body);
  }
  EXPECT_NE(world.region.s3().find("payloads", "a/b c+d/\xC3\xA9~(1)"), nullptr);
}

TEST(S3, SpeaksToTheBucketsOwnHostUnlessThatCannotBe) {
  struct Row {
    const char* endpoint;
    const char* bucket;
    const char* url;
  };
  for (const Row& row : {
           Row{"", "payloads", "https://payloads.s3.eu-west-2.amazonaws.com/k"},
           Row{"", "dotted.name", "https://s3.eu-west-2.amazonaws.com/dotted.name/k"},
           Row{"http://localhost:4566", "payloads", "http://localhost:4566/payloads/k"},
       }) {
    World world(row.endpoint);
    ASSERT_TRUE(world.put({row.bucket, "k"}, "x"));
    EXPECT_EQ(world.urls.back(), row.url);
    EXPECT_EQ(world.get({row.bucket, "k"}).value(), "x");
    ASSERT_NE(world.region.s3().find(row.bucket, "k"), nullptr);
    EXPECT_TRUE(world.remove({row.bucket, "k"}));
    EXPECT_EQ(world.region.s3().find(row.bucket, "k"), nullptr);
  }
}

TEST(S3, TellsAMissingObjectFromAMissingBucket) {
  World world;
  const auto object = world.get({"payloads", "nothing"});
  ASSERT_FALSE(object);
  EXPECT_EQ(object.error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(object.error().code, "NoSuchKey");
  EXPECT_NE(object.error().message.find("s3://payloads/nothing"), std::string::npos);
  EXPECT_FALSE(object.error().request_id.empty());
  const auto bucket = world.get({"no-such-bucket", "nothing"});
  ASSERT_FALSE(bucket);
  EXPECT_EQ(bucket.error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(bucket.error().code, "NoSuchBucket");
  EXPECT_TRUE(world.remove({"payloads", "nothing"})) << "gone is what was wanted";
}

TEST(S3, RepeatsWhatIsThrottledOrBroken) {
  World world;
  for (const auto kind : {sim::FaultKind::kThrottle, sim::FaultKind::kError}) {
    sim::FaultRule rule;
    rule.kind = kind;
    rule.service = "s3";
    rule.count = 1;
    world.region.faults().add(rule);
  }
  EXPECT_TRUE(world.put({"payloads", "k"}, "x"));
  EXPECT_EQ(world.urls.size(), 3U);
}

TEST(S3, GivesUpWithTheKindThatSaysWhatToDo) {
  struct Row {
    const char* code;
    int status;
    ErrorKind kind;
  };
  for (const Row& row :
       {Row{"SlowDown", 503, ErrorKind::kThrottled}, Row{"InternalError", 500, ErrorKind::kRetry},
        Row{"AccessDenied", 403, ErrorKind::kDenied},
        Row{"InvalidObjectState", 403, ErrorKind::kInvalid}}) {
    World world;
    sim::FaultRule rule;
    rule.kind = sim::FaultKind::kError;
    rule.service = "s3";
    rule.operation = "GetObject";
    rule.code = row.code;
    rule.status = row.status;
    world.region.faults().add(rule);
    const auto got = world.get({"payloads", "k"});
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind, row.kind) << row.code;
    EXPECT_EQ(got.error().code, row.code);
  }
}

TEST(S3, SendsAChecksumThatCatchesAChangedBody) {
  World world;
  test::SimHttpClient corrupting(
      [&](base::HttpRequest request) {
        request.body = "chanGed";
        return world.region.handle(std::move(request));
      },
      world.loop.clock());
  aws::Caller caller(corrupting, world.credentials, world.loop.clock(), world.random,
                     world.endpoints);
  aws::S3 s3(caller);
  const auto put = world.loop.run(s3.put_object({"payloads", "k"}, "changed", "text/plain"));
  ASSERT_FALSE(put);
  EXPECT_EQ(world.region.s3().find("payloads", "k"), nullptr);
}

TEST(S3, NoticesABodyThatIsNotWhatWasStored) {
  World world;
  ASSERT_TRUE(world.put({"payloads", "k"}, "as stored"));
  test::ScriptedHttp http;
  http.answer(200, "as storeD",
              {{"x-amz-checksum-sha256", "g9Ug2P9c8AB1wNh+2cKwKJyuDFlLkPaSBuNRGrPXxyY="}});
  http.answer(200, "in parts", {{"x-amz-checksum-sha256", "AAAA-3"}});
  aws::Caller caller(http, world.credentials, world.loop.clock(), world.random, world.endpoints);
  aws::S3 s3(caller);
  const auto got = world.loop.run(s3.get_object({"payloads", "k"}));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, "ChecksumMismatch");
  EXPECT_EQ(got.error().kind, ErrorKind::kRetry);
  EXPECT_EQ(world.loop.run(s3.get_object({"payloads", "k"})).value(), "in parts")
      << "a checksum of parts' checksums says nothing about the whole";
}

TEST(S3, RefusesABodyThatIsTooLongBeforeItIsSent) {
  World world;
  const auto put = world.put({"payloads", "k"}, std::string(aws::kObjectBytesMax + 1, 'x'));
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().kind, ErrorKind::kInvalid);
  EXPECT_TRUE(world.urls.empty());
  EXPECT_TRUE(world.put({"payloads", "k"}, std::string(aws::kObjectBytesMax, 'x')));
  EXPECT_EQ(world.get({"payloads", "k"}).value().size(), aws::kObjectBytesMax);
}

TEST(S3, KnowsTheNamesOfBuckets) {
  for (const char* name : {"abc", "my-bucket.logs-2", "0abc", "a-0"}) {
    EXPECT_TRUE(aws::check_bucket_name(name)) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("ab"), std::string(64, 'a'), std::string("Bucket"),
        std::string("-abc"), std::string("abc-"), std::string("a..b"), std::string(".abc"),
        std::string("a_b"), std::string("a/b"), std::string("a b"), std::string("192.168.5.4"),
        std::string("abc\n"), std::string("b\xC3\xA9t"), std::string("abc@evil.example")}) {
    EXPECT_FALSE(aws::check_bucket_name(name)) << name;
  }
}

TEST(S3, RefusesKeysThatWouldReachAnotherObject) {
  World world;
  for (const std::string& key :
       {std::string(), std::string(1025, 'k'), std::string("../other-bucket/key"),
        std::string("a/../../b"), std::string("a/."), std::string(".."), std::string("."),
        std::string("a\r\nHost: x"), std::string("a\0b", 3), std::string("a\x7F")}) {
    EXPECT_EQ(world.get({"payloads", key}).error().kind, ErrorKind::kInvalid) << key;
    EXPECT_EQ(world.put({"payloads", key}, "x").error().kind, ErrorKind::kInvalid) << key;
    EXPECT_EQ(world.remove({"payloads", key}).error().kind, ErrorKind::kInvalid) << key;
  }
  EXPECT_TRUE(world.urls.empty());
  for (const std::string& key :
       {std::string("..."), std::string("a//b"), std::string("a..b/.c/d."), std::string("?x=1&y#z"),
        std::string("%2e%2e/k"), std::string(1024, 'k')}) {
    EXPECT_TRUE(world.put({"payloads", key}, key)) << key;
    EXPECT_EQ(world.get({"payloads", key}).value(), key);
    EXPECT_NE(world.region.s3().find("payloads", key), nullptr) << key;
  }
}

}  // namespace
