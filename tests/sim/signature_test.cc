#include "sim/signature.h"

#include "aws/sigv4.h"
#include "tests/sim/region_rig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sim {
namespace {

using ::testing::HasSubstr;

base::TimePoint time_of(const char* text) { return base::parse_rfc3339(text).value(); }

// AWS's published suite (aws-sig-v4-test-suite, "post-x-www-form-urlencoded-parameters",
// "get-vanilla-query-order-value" and "get-vanilla"): known without anybody's signer.
TEST(Signature, AcceptsAwsPublishedVectors) {
  const std::map<std::string, std::string> keys = {
      {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}};
  const std::map<std::string, std::string> tokens;
  const SignatureRules rules{keys, tokens, "us-east-1", time_of("2015-08-30T12:36:00Z")};
  const auto vanilla = [](const std::string& url, const std::string& signature) {
    return base::HttpRequest{
        "GET",
        url,
        {{"Host", "example.amazonaws.com"},
         {"X-Amz-Date", "20150830T123600Z"},
         {"Authorization",
          "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
          "SignedHeaders=host;x-amz-date, Signature=" +
              signature}},
        ""};
  };
  const auto get = vanilla("/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  EXPECT_FALSE(check_signature(get, "service", Wire::kQuery, rules));
  const auto parameters =
      vanilla("/?Param2=value2&Param1=value1",
              "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
  EXPECT_FALSE(check_signature(parameters, "service", Wire::kQuery, rules));
  const auto wrong =
      vanilla("/?a=b", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  EXPECT_TRUE(check_signature(wrong, "service", Wire::kQuery, rules));
}

class SignedRegion : public RegionRig {
 protected:
  static WorldConfig keyed() {
    WorldConfig config;
    config.keys = {{"AKID", "secret"}, {"ASIA", "temporary"}};
    config.session_tokens = {{"ASIA", "token"}};
    return config;
  }
  SignedRegion() : RegionRig(keyed()) {}

  struct Signing {
    std::string id = "AKID";
    std::string secret = "secret";
    std::string token;
    std::string region = "eu-west-2";
    std::string service;
    base::Duration skew{0};
  };
  base::HttpRequest sign(base::HttpRequest request, const Signing& how) {
    request.url = "http://region.test" + request.url;
    const aws::Credentials credentials{.access_key_id = how.id,
                                       .secret_access_key = base::Secret(how.secret),
                                       .session_token = base::Secret(how.token),
                                       .expiration = {},
                                       .source = "test"};
    for (base::Header& header : aws::sign(request, credentials, {how.region, how.service},
                                          loop.clock().now() + how.skew)) {
      request.headers.push_back(std::move(header));
    }
    return request;
  }
  base::HttpRequest list_queues(const Signing& how) {
    return sign(json_request("AmazonSQS.ListQueues", "{}"), how);
  }
  base::HttpRequest describe_groups(const Signing& how) {
    return sign(query_request("Action=DescribeAutoScalingGroups&Version=2011-01-01&"
                              "Filters.member.1.Name=tag%3Aa+b%2Fc&Filters.member.1.Values.member.1"
                              "=%C3%A9"),
                how);
  }
  // "200" or "403 Code: message"
  std::string answer(const base::HttpRequest& request) {
    const base::HttpResponse response = send(request);
    if (response.status == 200) return "200";
    return std::to_string(response.status) + " " + response.body;
  }
};

TEST_F(SignedRegion, AcceptsWhatAnIndependentSignerSigned) {
  EXPECT_EQ(answer(list_queues({.service = "sqs"})), "200");
  EXPECT_EQ(answer(describe_groups({.service = "autoscaling"})), "200");
  EXPECT_EQ(answer(list_queues(
                {.id = "ASIA", .secret = "temporary", .token = "token", .service = "sqs"})),
            "200");
  base::HttpRequest path = query_request("Action=ListQueues&Version=2012-11-05", "/a%20b/./c//d");
  EXPECT_EQ(answer(sign(path, {.service = "sqs"})), "200");
  base::HttpRequest get{"GET",
                        "/?Version=2012-11-05&Action=ListQueues&QueueNamePrefix=%2F+x",
                        {{"Host", "region.test"}},
                        ""};
  EXPECT_EQ(answer(sign(get, {.service = "sqs"})), "200");
}

TEST_F(SignedRegion, RefusesEveryTamperedByteOfTheBody) {
  const base::HttpRequest good = describe_groups({.service = "autoscaling"});
  // Past "Action=DescribeAutoScalingGroups&Version=2011-01-01", which decides who answers.
  for (std::size_t at = 55; at < good.body.size(); ++at) {
    base::HttpRequest tampered = good;
    tampered.body[at] = static_cast<char>(tampered.body[at] ^ 1);
    EXPECT_THAT(answer(tampered), HasSubstr("SignatureDoesNotMatch")) << at;
  }
}

TEST_F(SignedRegion, RefusesChangedSignedHeadersAndPaths) {
  base::HttpRequest target = list_queues({.service = "sqs"});
  for (base::Header& header : target.headers) {
    if (header.name == "X-Amz-Target") header.value = "AmazonSQS.PurgeQueue";
  }
  EXPECT_THAT(answer(target), HasSubstr("InvalidSignatureException"));
  base::HttpRequest path = list_queues({.service = "sqs"});
  path.url += "123456789012/q";
  EXPECT_THAT(answer(path), HasSubstr("InvalidSignatureException"));
}

TEST_F(SignedRegion, SpellsEachRefusalAsTheServiceDoes) {
  const std::tuple<Signing, const char*, const char*> cases[] = {
      {{.secret = "wrong"},
       "InvalidSignatureException",
       "<Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated"},
      {{.id = "NOBODY"},
       "UnrecognizedClientException",
       "<Code>InvalidClientTokenId</Code><Message>The security token included in the request is "
       "invalid."},
      {{.token = "stray"}, "UnrecognizedClientException", "<Code>InvalidClientTokenId</Code>"},
      {{.id = "ASIA", .secret = "temporary"},
       "UnrecognizedClientException",
       "<Code>InvalidClientTokenId</Code>"},
      {{.region = "us-east-1"}, "valid region, not 'us-east-1'", "<Code>SignatureDoesNotMatch<"},
      {{.skew = -301s},
       "Signature expired: 20260102T025904Z is now earlier than 20260102T025905Z "
       "(20260102T030405Z - 5 min.)",
       "<Code>SignatureDoesNotMatch</Code><Message>Signature expired: "},
      {{.skew = 301s},
       "Signature not yet current: 20260102T030906Z is still later than "
       "20260102T030905Z (20260102T030405Z + 5 min.)",
       "<Code>SignatureDoesNotMatch</Code>"},
  };
  for (auto [how, sqs_text, query_text] : cases) {
    how.service = "sqs";
    const std::string json_answer = answer(list_queues(how));
    EXPECT_THAT(json_answer, HasSubstr(sqs_text));
    EXPECT_EQ(json_answer.substr(0, 3), "403");
    how.service = "autoscaling";
    const std::string query_answer = answer(describe_groups(how));
    EXPECT_THAT(query_answer, HasSubstr(query_text));
    EXPECT_EQ(query_answer.substr(0, 3), "403");
  }
}

TEST_F(SignedRegion, AllowsFiveMinutesOfSkewEitherWay) {
  EXPECT_EQ(answer(list_queues({.service = "sqs", .skew = 300s})), "200");
  EXPECT_EQ(answer(list_queues({.service = "sqs", .skew = -300s})), "200");
}

TEST_F(SignedRegion, KnowsEc2sOwnCodes) {
  const auto describe = [&](Signing how) {
    how.service = "ec2";
    return answer(sign(query_request("Action=DescribeInstances&Version=2016-11-15"), how));
  };
  EXPECT_EQ(describe({}), "200");
  EXPECT_THAT(describe({.secret = "wrong"}), HasSubstr("<Code>AuthFailure</Code>"));
  EXPECT_EQ(describe({.secret = "wrong"}).substr(0, 3), "401");
  EXPECT_THAT(describe({.skew = 10min}), HasSubstr("<Code>RequestExpired</Code>"));
}

TEST_F(SignedRegion, RefusesASignatureMadeForAnotherService) {
  EXPECT_THAT(answer(list_queues({.service = "autoscaling"})),
              HasSubstr("Credential should be scoped to correct service: 'sqs'."));
}

TEST_F(SignedRegion, RefusesMissingAndMalformedAuthorization) {
  base::HttpRequest none = json_request("AmazonSQS.ListQueues", "{}");
  EXPECT_THAT(answer(none), HasSubstr("MissingAuthenticationTokenException"));
  for (const char* text : {"Basic abc", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a",
                           "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c",
                           "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=, Signature=",
                           "AWS4-HMAC-SHA256 ,,,=,=,;;"}) {
    base::HttpRequest bad = query_request("Action=DescribeAutoScalingGroups&Version=2011-01-01");
    bad.headers.push_back({"Authorization", text});
    EXPECT_THAT(answer(bad), HasSubstr("<Code>IncompleteSignature</Code>")) << text;
  }
  base::HttpRequest undated = describe_groups({.service = "autoscaling"});
  std::erase_if(undated.headers,
                [](const base::Header& header) { return header.name == "X-Amz-Date"; });
  EXPECT_THAT(answer(undated), HasSubstr("requires existence of either a 'X-Amz-Date'"));
}

TEST_F(SignedRegion, RefusesATimeThatIsNoTime) {
  for (const char* text : {"20260102T0304", "20260102T03040xZ", "20260101T030est, ",
                           "20261301T030405Z", "2026-01-02T03:04", "20260102 030405Z"}) {
    base::HttpRequest garbled = describe_groups({.service = "autoscaling"});
    for (base::Header& header : garbled.headers) {
      if (header.name == "X-Amz-Date") header.value = text;
    }
    EXPECT_THAT(answer(garbled), HasSubstr("Date must be in ISO-8601 'basic format'")) << text;
  }
}

TEST_F(SignedRegion, TellsTheTimeSoThatClientsCanCorrectTheirClocks) {
  const base::HttpResponse response = send(list_queues({.service = "sqs", .skew = 1h}));
  EXPECT_EQ(base::find_header(response.headers, "Date"), "Fri, 02 Jan 2026 03:04:05 GMT");
}

}  // namespace
}  // namespace sim
