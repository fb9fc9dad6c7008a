#include "aws/caller.h"

#include "base/traced_executor.h"
#include "sim/virtual_loop.h"
#include "tests/support/scripted_http.h"

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace {

using base::ErrorKind;
using std::chrono::milliseconds;

aws::ApiRequest a_request() {
  aws::ApiRequest request;
  request.service = "sqs";
  request.operation = "GetQueueUrl";
  request.content_type = "application/x-amz-json-1.0";
  request.headers = {{"X-Amz-Target", "AmazonSQS.GetQueueUrl"}};
  request.body = R"({"QueueName":"q"})";
  return request;
}

// A Caller over a script under virtual time, which starts at 2026-01-02T03:04:05Z.
struct World {
  sim::VirtualLoop loop;
  test::ScriptedHttp http;
  aws::StaticCredentials credentials{{.access_key_id = "AKID",
                                      .secret_access_key = base::Secret("s"),
                                      .session_token = {},
                                      .expiration = {},
                                      .source = "test"}};
  base::Random random{42};
  std::vector<std::string> observed;
  aws::Caller caller{
      http,
      credentials,
      loop.clock(),
      random,
      {base::Region("eu-west-2"), "", {}},
      {},
      [this](const aws::RequestReport& report) {
        observed.push_back(fmt::format("{}.{}={}", report.service, report.operation, report.code));
      }};

  base::Result<base::HttpResponse> call(aws::ApiRequest request = a_request()) {
    return loop.run(caller.call(std::move(request)));
  }
  base::Duration elapsed() const {
    return std::chrono::duration_cast<base::Duration>(
        const_cast<World*>(this)->loop.clock().steady_now() - base::SteadyPoint{});
  }
};

const char* const kThrottled = R"({"__type":"ThrottlingException","message":"slow"})";

TEST(Caller, SendsASignedPostToTheServicesEndpoint) {
  World world;
  world.http.answer(200, "{}");
  ASSERT_TRUE(world.call().has_value());
  const base::HttpRequest& sent = world.http.request(0);
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.url, "https://sqs.eu-west-2.amazonaws.com/");
  EXPECT_EQ(sent.body, R"({"QueueName":"q"})");
  EXPECT_EQ(world.http.header(0, "x-amz-date"), "20260102T030405Z");
  EXPECT_EQ(world.http.header(0, "amz-sdk-request"), "attempt=1; max=3");
  EXPECT_EQ(world.http.header(0, "amz-sdk-invocation-id").size(), 36U);
  EXPECT_NE(world.http.header(0, "authorization")
                .find("Credential=AKID/20260102/eu-west-2/sqs/aws4_request, "
                      "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "),
            std::string::npos)
      << world.http.header(0, "authorization");
  EXPECT_EQ(world.observed, std::vector<std::string>{"sqs.GetQueueUrl=ok"});
}

TEST(Caller, SendsTheMethodAndThePathThatAreAskedFor) {
  World world;
  world.http.answer(200, "");
  aws::ApiRequest request;
  request.service = "s3";
  request.operation = "GetObject";
  request.method = "GET";
  request.path = "/a%20key?versionId=1";
  request.host_prefix = "bucket.";
  ASSERT_TRUE(world.call(std::move(request)).has_value());
  EXPECT_EQ(world.http.request(0).method, "GET");
  EXPECT_EQ(world.http.request(0).url,
            "https://bucket.s3.eu-west-2.amazonaws.com/a%20key?versionId=1");
  EXPECT_EQ(base::find_header(world.http.request(0).headers, "content-type"), std::nullopt);
}

TEST(Caller, SendsTheTraceOfItsExecutorOnEveryAttempt) {
  World world;
  world.http.answer(500, "oops").answer(200, "{}");
  auto trace = base::parse_traceparent("00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01",
                                       "congo=t61rcWkgMzE");
  const auto executor = base::traced(world.loop.executor(),
                                     std::make_shared<const base::TraceContext>(std::move(*trace)));
  std::optional<bool> ok;
  boost::asio::co_spawn(executor, world.caller.call(a_request()),
                        [&](std::exception_ptr, base::Result<base::HttpResponse> response) {
                          ok = response.has_value();
                        });
  world.loop.run();
  ASSERT_EQ(ok, true);
  for (std::size_t attempt : {0U, 1U}) {
    EXPECT_EQ(world.http.header(attempt, "x-amzn-trace-id"),
              "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1");
    EXPECT_EQ(world.http.header(attempt, "traceparent"),
              "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01");
    EXPECT_EQ(world.http.header(attempt, "tracestate"), "congo=t61rcWkgMzE");
    EXPECT_EQ(world.http.header(attempt, "authorization").find("trace"), std::string::npos)
        << "a proxy may add to them, so they are not signed";
  }
}

TEST(Caller, SendsNoTraceWhereThereIsNone) {
  World world;
  world.http.answer(200, "{}");
  ASSERT_TRUE(world.call().has_value());
  for (const char* name : {"x-amzn-trace-id", "traceparent", "tracestate"}) {
    EXPECT_EQ(base::find_header(world.http.request(0).headers, name), std::nullopt) << name;
  }
}

TEST(Caller, TellsObserversTheWholeOfALongErrorCode) {
  World world;
  world.http.answer(400, R"({"__type":"com.amazonaws.sqs#ReceiptHandleIsInvalidForOnce"})");
  ASSERT_FALSE(world.call().has_value());
  EXPECT_EQ(world.observed,
            std::vector<std::string>{"sqs.GetQueueUrl=ReceiptHandleIsInvalidForOnce"});
}

TEST(Caller, RetriesTransientErrorsWithOneInvocationId) {
  World world;
  world.http.answer(500, "oops").fail(ErrorKind::kRetry, "NetworkError").answer(200, "{}");
  ASSERT_TRUE(world.call().has_value());
  ASSERT_EQ(world.http.sent().size(), 3U);
  EXPECT_EQ(world.http.header(0, "amz-sdk-invocation-id"),
            world.http.header(2, "amz-sdk-invocation-id"));
  EXPECT_EQ(world.http.header(2, "amz-sdk-request"), "attempt=3; max=3");
  EXPECT_EQ(world.observed,
            (std::vector<std::string>{"sqs.GetQueueUrl=Http500", "sqs.GetQueueUrl=NetworkError",
                                      "sqs.GetQueueUrl=ok"}));
  EXPECT_LE(world.elapsed(), milliseconds(150));
}

TEST(Caller, GivesUpAfterTheLastAttemptWithItsError) {
  World world;
  world.http.answer(400, kThrottled).answer(400, kThrottled).answer(503, "busy");
  const auto error = world.call().error();
  EXPECT_EQ(error.kind, ErrorKind::kRetry);
  EXPECT_EQ(error.code, "Http503");
  EXPECT_TRUE(error.message.starts_with("GetQueueUrl: ")) << error.message;
  EXPECT_TRUE(world.http.played_out());
  EXPECT_LE(world.elapsed(), milliseconds(1000 + 2000));
  EXPECT_GT(world.elapsed(), milliseconds(0));
}

TEST(Caller, DoesNotRetryWhatCannotHeal) {
  for (const char* body :
       {R"({"__type":"ValidationError"})", R"({"__type":"AccessDenied"})",
        R"({"__type":"QueueDoesNotExist"})", R"({"__type":"ScalingActivityInProgress"})",
        R"({"__type":"ExpiredToken"})"}) {
    World world;
    world.http.answer(400, body);
    EXPECT_FALSE(world.call().has_value());
    EXPECT_EQ(world.http.sent().size(), 1U) << body;
  }
}

TEST(Caller, CredentialsThatExpiredOrAreMissingAreDenied) {
  World world;
  world.http.answer(403, R"({"__type":"ExpiredTokenException","message":"expired"})")
      .answer(403, R"({"__type":"UnrecognizedClientException","message":"who"})");
  EXPECT_EQ(world.call().error().kind, ErrorKind::kDenied);
  EXPECT_EQ(world.call().error().kind, ErrorKind::kDenied);
}

// Gives the next key of a list each time the last one is refused.
class RenewableCredentials final : public aws::CredentialsProvider {
 public:
  boost::asio::awaitable<base::Result<aws::Credentials>> get() override {
    co_return aws::Credentials{.access_key_id = "AKID" + std::to_string(number_),
                               .secret_access_key = base::Secret("s"),
                               .session_token = {},
                               .expiration = {},
                               .source = "test"};
  }
  bool invalidate(const aws::Credentials& refused) override {
    refused_.push_back(refused.access_key_id);
    ++number_;
    return true;
  }
  const std::vector<std::string>& refused() const { return refused_; }

 private:
  int number_ = 1;
  std::vector<std::string> refused_;
};

TEST(Caller, SignsAgainOnceWithFreshCredentialsWhenTheOldOnesAreRefused) {
  for (const char* code :
       {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId",
        "UnrecognizedClientException", "InvalidAccessKeyId", "RequestExpired", "AuthFailure"}) {
    const std::string refusal = std::string(R"({"__type":")") + code + R"("})";
    World world;
    RenewableCredentials credentials;
    aws::Caller caller(world.http, credentials, world.loop.clock(), world.random,
                       {base::Region("eu-west-2"), "", {}});
    aws::ApiRequest request = a_request();
    request.idempotent = false;
    world.http.answer(403, refusal).answer(200, "{}").answer(403, refusal).answer(403, refusal);
    EXPECT_TRUE(world.loop.run(caller.call(request)).has_value()) << code;
    EXPECT_EQ(credentials.refused(), std::vector<std::string>{"AKID1"}) << code;
    EXPECT_NE(world.http.header(1, "authorization").find("Credential=AKID2/"), std::string::npos);
    EXPECT_EQ(world.elapsed(), milliseconds(0)) << code;
    EXPECT_EQ(caller.quota().tokens(), aws::RetryQuota::kCapacity) << code;
    EXPECT_EQ(world.loop.run(caller.call(request)).error().code, code);
    EXPECT_EQ(world.http.sent().size(), 4U) << "once a call, not for ever";
  }
}

TEST(Caller, KeepsItsCredentialsWhenTheyAreNotToBlame) {
  for (const char* code : {"AccessDenied", "SignatureDoesNotMatch", "QueueDoesNotExist"}) {
    World world;
    RenewableCredentials credentials;
    aws::Caller caller(world.http, credentials, world.loop.clock(), world.random,
                       {base::Region("eu-west-2"), "", {}});
    world.http.answer(403, std::string(R"({"__type":")") + code + R"("})");
    EXPECT_FALSE(world.loop.run(caller.call(a_request())).has_value());
    EXPECT_TRUE(credentials.refused().empty()) << code;
  }
}

TEST(Caller, SendsAnonymousRequestsUnsigned) {
  World world;
  world.http.answer(200, "{}");
  aws::StaticCredentials anonymous{{}};
  aws::Caller caller(world.http, anonymous, world.loop.clock(), world.random,
                     {base::Region("eu-west-2"), "", {}});
  ASSERT_TRUE(world.loop.run(caller.call(a_request())).has_value());
  EXPECT_EQ(world.http.header(0, "authorization"), "");
  EXPECT_EQ(world.http.header(0, "x-amz-date"), "");
}

TEST(Caller, StopsRetryingWhenTheQuotaIsSpentAndRecoversWithSuccesses) {
  World world;
  world.http.otherwise(500, "down");
  for (int i = 0; i < 40; ++i) EXPECT_FALSE(world.call().has_value());
  // 35 retries fit into 500 tokens at 14 each; after that every call is a single attempt.
  EXPECT_EQ(world.http.sent().size(), 40U + 500 / 14);
  EXPECT_LT(world.caller.quota().tokens(), 14);
  world.http.otherwise(200, "{}");
  const int before = world.caller.quota().tokens();
  EXPECT_TRUE(world.call().has_value());
  EXPECT_EQ(world.caller.quota().tokens(), before + 1);
}

TEST(Caller, SuccessAfterARetryGivesBackWhatTheRetryCost) {
  World world;
  world.http.answer(400, kThrottled).answer(200, "{}");
  ASSERT_TRUE(world.call().has_value());
  EXPECT_EQ(world.caller.quota().tokens(), aws::RetryQuota::kCapacity);
}

TEST(Caller, LongPollsBackOffEvenWithoutQuota) {
  World world;
  world.http.otherwise(400, kThrottled);
  while (world.caller.quota().tokens() >= aws::RetryQuota::kThrottledCost) world.call();
  const auto plain_start = world.elapsed();
  world.call();
  EXPECT_EQ(world.elapsed(), plain_start);
  aws::ApiRequest poll = a_request();
  poll.long_poll = true;
  const std::size_t sent = world.http.sent().size();
  for (int i = 0; i < 10; ++i) world.call(poll);
  EXPECT_EQ(world.http.sent().size(), sent + 10) << "sleeps, but does not retry";
  EXPECT_GT(world.elapsed(), plain_start + milliseconds(1000));
  EXPECT_LE(world.elapsed(), plain_start + milliseconds(10'000));
}

TEST(Caller, FollowsTheServersRetryAfterWithinFiveSeconds) {
  const auto waited = [](const char* hint) {
    World world;
    world.http.answer(503, "", {{"x-amz-retry-after", hint}}).answer(200, "{}");
    EXPECT_TRUE(world.call().has_value());
    return world.elapsed();
  };
  EXPECT_EQ(waited("1500"), milliseconds(1500));
  EXPECT_LE(waited("0"), milliseconds(50));
  EXPECT_LE(waited("nonsense"), milliseconds(50));
  EXPECT_GE(waited("60000"), milliseconds(5000));
  EXPECT_LE(waited("60000"), milliseconds(5050));
}

TEST(Caller, NeverRepeatsACallThatIsNotIdempotentOnceItMayHaveArrived) {
  aws::ApiRequest request = a_request();
  request.idempotent = false;
  for (const char* code : {"Timeout", "NetworkError"}) {
    World world;
    world.http.fail(ErrorKind::kRetry, code);
    EXPECT_EQ(world.call(request).error().code, code);
    EXPECT_EQ(world.http.sent().size(), 1U);
    EXPECT_TRUE(world.http.sent()[0].options.fresh_connection);
  }
  World server_error;
  server_error.http.answer(500, "");
  EXPECT_FALSE(server_error.call(request).has_value());
  World refused;
  refused.http.fail(ErrorKind::kRetry, "ConnectError").answer(400, kThrottled).answer(200, "{}");
  EXPECT_TRUE(refused.call(request).has_value());
}

TEST(Caller, SignsAgainOnceWithTheServersClock) {
  const char* const skewed = R"({"__type":"RequestTimeTooSkewed","message":"skewed"})";
  const std::vector<base::Header> date = {{"Date", "Fri, 02 Jan 2026 05:04:05 GMT"}};
  World world;
  world.http.answer(403, skewed, date).answer(200, "{}").answer(200, "{}");
  ASSERT_TRUE(world.call().has_value());
  EXPECT_EQ(world.http.header(0, "x-amz-date"), "20260102T030405Z");
  EXPECT_EQ(world.http.header(1, "x-amz-date"), "20260102T050405Z");
  EXPECT_EQ(world.elapsed(), milliseconds(0));
  EXPECT_EQ(world.caller.quota().tokens(), aws::RetryQuota::kCapacity);
  ASSERT_TRUE(world.call().has_value());
  EXPECT_EQ(world.http.header(2, "x-amz-date"), "20260102T050405Z") << "the offset is kept";

  World twice;
  twice.http.answer(403, skewed, date).answer(403, skewed, date);
  EXPECT_EQ(twice.call().error().code, "RequestTimeTooSkewed");
  EXPECT_EQ(twice.http.sent().size(), 2U);
}

TEST(Caller, DoesNotBlameTheClockWhenItIsRight) {
  World world;
  world.http.answer(403, R"({"__type":"SignatureDoesNotMatch"})",
                    {{"Date", "Fri, 02 Jan 2026 03:04:07 GMT"}});
  EXPECT_EQ(world.call().error().kind, ErrorKind::kDenied);
  EXPECT_EQ(world.http.sent().size(), 1U);
}

TEST(Caller, LeavesItsClockAloneWhenTheServersIsGarbled) {
  for (const char* text : {"", "Fri, 02 Jan 2026", "Fri, 02 Jan 2026 05:04:xx GMT",
                           "Fri, 02 Foo 2026 05:04:05 GMT", "Fri, 32 Jan 2026 05:04:05 GMT",
                           "Fri, 02 anF 2026 05:04:05 GMT", "Fri, 02 Jan 2026 05:04:05 BST"}) {
    World world;
    world.http.answer(403, R"({"__type":"SignatureDoesNotMatch"})", {{"Date", text}});
    EXPECT_EQ(world.call().error().kind, ErrorKind::kDenied) << text;
    EXPECT_EQ(world.http.sent().size(), 1U) << text;
  }
}

TEST(Caller, ReportsAMissingRegionWithoutSendingAnything) {
  World world;
  aws::Caller caller(world.http, world.credentials, world.loop.clock(), world.random, {});
  const auto error = world.loop.run(caller.call(a_request())).error();
  EXPECT_EQ(error.kind, ErrorKind::kInvalid);
  EXPECT_TRUE(world.http.sent().empty());
}

TEST(Caller, SignsElbV2UnderItsSharedName) {
  World world;
  world.http.answer(200, "<x/>");
  aws::ApiRequest request = a_request();
  request.service = "elasticloadbalancingv2";
  ASSERT_TRUE(world.call(request).has_value());
  EXPECT_EQ(world.http.request(0).url, "https://elasticloadbalancing.eu-west-2.amazonaws.com/");
  EXPECT_NE(world.http.header(0, "authorization").find("/eu-west-2/elasticloadbalancing/"),
            std::string::npos);
}

}  // namespace
