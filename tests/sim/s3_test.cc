#include "aws/sigv4.h"
#include "sim/s3_rest.h"
#include "sim/s3_service.h"
#include "tests/sim/region_rig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

base::HttpRequest s3_request(std::string method, std::string url, std::string body = {},
                             std::vector<base::Header> headers = {}) {
  headers.push_back({"Host", "s3.test"});
  return {std::move(method), std::move(url), std::move(headers), std::move(body)};
}

class S3Region : public RegionRig {
 protected:
  S3Region() { region.s3().create("payloads"); }

  // "200" or "404 NoSuchKey"
  std::string answer(const base::HttpRequest& request) {
    const auto response = send(request);
    const auto code = response.body.find("<Code>");
    if (code == std::string::npos) return std::to_string(response.status);
    const auto begin = code + 6;
    return std::to_string(response.status) + " " +
           response.body.substr(begin, response.body.find('<', begin) - begin);
  }
  void put(const std::string& key, const std::string& body = "x") {
    ASSERT_EQ(answer(s3_request("PUT", "/payloads/" + base::percent_encode(key, true), body)),
              "200");
  }
  std::string get(const std::string& url) { return send(s3_request("GET", url)).body; }
};

TEST_F(S3Region, KeepsWhatIsPutUntilItIsDeleted) {
  const auto put = send(s3_request("PUT", "/payloads/a%2Fb%20c", "hello",
                                   {{"Content-Type", "text/plain"}, {"x-amz-meta-k", "v"}}));
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(base::find_header(put.headers, "etag"), "\"5d41402abc4b2a76b9719d911017c592\"");
  const auto got = send(s3_request("GET", "/payloads/a/b%20c"));
  EXPECT_EQ(got.body, "hello");
  EXPECT_EQ(base::find_header(got.headers, "content-type"), "text/plain");
  EXPECT_EQ(base::find_header(got.headers, "x-amz-meta-k"), "v");
  EXPECT_EQ(base::find_header(got.headers, "last-modified"), "Fri, 02 Jan 2026 03:04:05 GMT");
  EXPECT_EQ(answer(s3_request("HEAD", "/payloads/a/b%20c")), "200");
  EXPECT_EQ(answer(s3_request("DELETE", "/payloads/a/b%20c")), "204");
  EXPECT_EQ(answer(s3_request("GET", "/payloads/a/b%20c")), "404 NoSuchKey");
  EXPECT_EQ(answer(s3_request("HEAD", "/payloads/a/b%20c")), "404 NoSuchKey");
  EXPECT_EQ(answer(s3_request("DELETE", "/payloads/a/b%20c")), "204");
}

TEST_F(S3Region, FindsTheBucketInThePathOrInTheHost) {
  put("k", "found");
  for (const char* host : {"payloads.s3.eu-west-2.amazonaws.com", "payloads.s3.localhost:4566",
                           "payloads.localhost:4566"}) {
    base::HttpRequest request{"GET", "/k", {{"Host", host}}, ""};
    request.headers.push_back(
        {"Authorization",
         "AWS4-HMAC-SHA256 Credential=A/20260102/eu-west-2/s3/aws4_request, SignedHeaders=host, "
         "Signature=0"});
    EXPECT_EQ(send(request).body, "found") << host;
  }
}

TEST_F(S3Region, MakesAndRemovesBuckets) {
  EXPECT_EQ(answer(s3_request("HEAD", "/another")), "404 NoSuchBucket");
  EXPECT_EQ(answer(s3_request("PUT", "/another/k", "x")), "404 NoSuchBucket");
  EXPECT_EQ(answer(s3_request("PUT", "/another")), "200");
  EXPECT_EQ(answer(s3_request("PUT", "/another")), "409 BucketAlreadyOwnedByYou");
  EXPECT_EQ(answer(s3_request("HEAD", "/another")), "200");
  EXPECT_THAT(get("/"), HasSubstr("<Bucket><Name>another</Name>"));
  EXPECT_THAT(get("/another?location"), HasSubstr(">eu-west-2</LocationConstraint>"));
  EXPECT_EQ(answer(s3_request("PUT", "/another/k", "x")), "200");
  EXPECT_EQ(answer(s3_request("DELETE", "/another")), "409 BucketNotEmpty");
  EXPECT_EQ(answer(s3_request("DELETE", "/another/k")), "204");
  EXPECT_EQ(answer(s3_request("DELETE", "/another")), "204");
  EXPECT_EQ(answer(s3_request("PUT", "/No_Name")), "400 InvalidBucketName");
}

TEST_F(S3Region, ListsInPagesInGroupsAndFromAPrefix) {
  for (const char* key : {"a/1", "a/2", "b", "c/1", "c d&"}) put(key);
  const std::string all = get("/payloads?list-type=2");
  EXPECT_THAT(all, HasSubstr("<KeyCount>5</KeyCount>"));
  EXPECT_THAT(all, HasSubstr("<IsTruncated>false</IsTruncated>"));
  EXPECT_THAT(all, HasSubstr("<Key>c d&amp;</Key>"));
  EXPECT_THAT(get("/payloads?list-type=2&encoding-type=url"), HasSubstr("<Key>c%20d%26</Key>"));
  const std::string groups = get("/payloads?list-type=2&delimiter=/");
  EXPECT_THAT(groups, HasSubstr("<KeyCount>4</KeyCount>"));
  EXPECT_THAT(groups, HasSubstr("<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>"));
  EXPECT_THAT(groups, Not(HasSubstr("<Key>a/1</Key>")));
  EXPECT_THAT(get("/payloads?list-type=2&prefix=a/"), HasSubstr("<KeyCount>2</KeyCount>"));
  // Every key exactly once over pages of two, with and without groups.
  for (const std::string delimiter : {"", "&delimiter=/"}) {
    std::string token;
    int pages = 0;
    int found = 0;
    for (; pages < 10; ++pages) {
      const std::string page =
          get("/payloads?list-type=2&max-keys=2" + delimiter +
              (token.empty() ? "" : "&continuation-token=" + base::percent_encode(token)));
      for (const char* mark : {"<Contents>", "<CommonPrefixes>"}) {
        for (auto at = page.find(mark); at != std::string::npos; at = page.find(mark, at + 1)) {
          ++found;
        }
      }
      const std::string tag = "<NextContinuationToken>";
      const auto next = page.find(tag);
      if (next == std::string::npos) break;
      token = page.substr(next + tag.size(), page.find('<', next + 1) - next - tag.size());
    }
    EXPECT_EQ(found, delimiter.empty() ? 5 : 4);
    EXPECT_EQ(pages, delimiter.empty() ? 2 : 1);
  }
}

TEST_F(S3Region, ComparesTheBodyWithWhatTheSenderSaysOfIt) {
  const auto put_with = [&](const char* name, const char* value) {
    return answer(s3_request("PUT", "/payloads/k", "hello", {{name, value}}));
  };
  EXPECT_EQ(put_with("Content-MD5", "XUFAKrxLKna5cZ2REBfFkg=="), "200");
  EXPECT_EQ(put_with("Content-MD5", "XUFAKrxLKna5cZ2REBfFkA=="), "400 BadDigest");
  EXPECT_EQ(put_with("Content-MD5", "nonsense"), "400 InvalidDigest");
  EXPECT_EQ(put_with("x-amz-checksum-sha256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="),
            "200");
  EXPECT_EQ(put_with("x-amz-checksum-sha256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCA="),
            "400 BadDigest");
  EXPECT_EQ(put_with("x-amz-checksum-crc32", "NhCmhg=="), "200");
  EXPECT_EQ(put_with("x-amz-checksum-crc32", "NhCmhA=="), "400 BadDigest");
}

TEST_F(S3Region, GivesTheChecksumBackToWhoAsksForIt) {
  send(s3_request("PUT", "/payloads/k", "hello", {{"x-amz-checksum-crc32", "NhCmhg=="}}));
  const auto plain = send(s3_request("GET", "/payloads/k"));
  EXPECT_EQ(base::find_header(plain.headers, "x-amz-checksum-crc32"), std::nullopt);
  const auto asked =
      send(s3_request("GET", "/payloads/k", "", {{"x-amz-checksum-mode", "ENABLED"}}));
  EXPECT_EQ(base::find_header(asked.headers, "x-amz-checksum-crc32"), "NhCmhg==");
}

TEST_F(S3Region, PutsChunkedUploadsTogether) {
  const auto upload = [&](const std::string& body, const char* length) {
    return answer(s3_request("PUT", "/payloads/k", body,
                             {{"x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"},
                              {"x-amz-decoded-content-length", length},
                              {"Content-Encoding", "aws-chunked"},
                              {"x-amz-trailer", "x-amz-checksum-crc32"}}));
  };
  EXPECT_EQ(upload("3\r\nhel\r\n2;chunk-signature=abc\r\nlo\r\n0\r\n"
                   "x-amz-checksum-crc32:NhCmhg==\r\n\r\n",
                   "5"),
            "200");
  EXPECT_EQ(get("/payloads/k"), "hello");
  EXPECT_EQ(upload("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhA==\r\n\r\n", "5"),
            "400 BadDigest");
  for (const char* broken :
       {"", "5\r\nhell", "5\r\nhello\r\n", "6\r\nhello\r\n0\r\n\r\n", "z\r\nhello\r\n0\r\n\r\n",
        "ffffffffffffffff\r\nhello\r\n0\r\n\r\n", "5hello0", "\r\n"}) {
    EXPECT_EQ(upload(broken, "5"), "400 IncompleteBody") << broken;
  }
  EXPECT_EQ(upload("5\r\nhello\r\n0\r\n\r\n", "6"), "400 IncompleteBody");
}

TEST_F(S3Region, RefusesWhatItDoesNotSimulate) {
  put("k");
  for (const auto& [method, url] :
       {std::pair{"GET", "/payloads/k?acl"}, std::pair{"PUT", "/payloads/k?tagging"},
        std::pair{"POST", "/payloads/k?uploads"}, std::pair{"PUT", "/payloads/k?uploadId=1"},
        std::pair{"GET", "/payloads"}, std::pair{"POST", "/payloads?delete"},
        std::pair{"PATCH", "/payloads/k"}, std::pair{"PUT", "/"}}) {
    EXPECT_EQ(answer(s3_request(method, url)), "501 NotImplemented") << method << " " << url;
  }
  EXPECT_EQ(answer(s3_request("PUT", "/payloads/k2", "", {{"x-amz-copy-source", "/payloads/k"}})),
            "501 NotImplemented");
}

TEST_F(S3Region, HasFaultsLikeEveryService) {
  put("k");
  const auto burst = [&](FaultKind kind, int status) {
    FaultRule rule;
    rule.kind = kind;
    rule.service = "s3";
    rule.operation = "GetObject";
    rule.status = status;
    rule.count = 1;
    region.faults().add(rule);
    return answer(s3_request("GET", "/payloads/k"));
  };
  EXPECT_EQ(burst(FaultKind::kThrottle, 500), "503 SlowDown");
  EXPECT_EQ(burst(FaultKind::kError, 500), "500 InternalError");
  EXPECT_EQ(burst(FaultKind::kError, 503), "503 ServiceUnavailable");
  EXPECT_EQ(burst(FaultKind::kLost, 500), "0");
  EXPECT_EQ(answer(s3_request("GET", "/payloads/k")), "200");
}

class SignedS3 : public RegionRig {
 protected:
  static WorldConfig keyed() {
    WorldConfig config;
    config.keys = {{"AKID", "secret"}};
    return config;
  }
  SignedS3() : RegionRig(keyed()) { region.s3().create("payloads"); }

  struct Signing {
    std::string id = "AKID";
    std::string secret = "secret";
    std::string region = "eu-west-2";
    std::string service = "s3";
    std::string hash;  // empty: the body's
    base::Duration skew{0};
  };
  base::HttpRequest put(const Signing& how, const std::string& path = "/payloads/k") {
    base::HttpRequest request{"PUT", "http://s3.test" + path, {{"Host", "s3.test"}}, "hello"};
    const std::string hash = how.hash.empty() ? aws::to_hex(aws::sha256(request.body)) : how.hash;
    request.headers.push_back({"x-amz-content-sha256", hash});
    const aws::Credentials credentials{.access_key_id = how.id,
                                       .secret_access_key = base::Secret(how.secret),
                                       .session_token = {},
                                       .expiration = {},
                                       .source = "test"};
    for (base::Header& header :
         aws::sign(request, credentials, {how.region, how.service}, loop.clock().now() + how.skew,
                   {.normalize_path = false, .encode_path = false})) {
      request.headers.push_back(std::move(header));
    }
    return request;
  }
  std::string answer(const base::HttpRequest& request) {
    const auto response = send(request);
    const auto code = response.body.find("<Code>");
    if (response.status == 200) return "200";
    return std::to_string(response.status) + " " +
           response.body.substr(code + 6, response.body.find("</Code>") - code - 6);
  }
};

TEST_F(SignedS3, AcceptsWhatAnIndependentSignerSigned) {
  EXPECT_EQ(answer(put({})), "200");
  EXPECT_EQ(answer(put({}, "/payloads/a//./../%20%2B~%C3%A9%281%29")), "200");
  EXPECT_EQ(answer(put({.hash = "UNSIGNED-PAYLOAD"})), "200");
}

TEST_F(SignedS3, SpellsEachRefusalAsS3Does) {
  EXPECT_EQ(answer(put({.id = "AKIDX"})), "403 InvalidAccessKeyId");
  EXPECT_EQ(answer(put({.secret = "wrong"})), "403 SignatureDoesNotMatch");
  EXPECT_EQ(answer(put({.region = "eu-west-1"})), "400 AuthorizationHeaderMalformed");
  EXPECT_EQ(answer(put({.skew = 14min})), "200");
  EXPECT_EQ(answer(put({.skew = -16min})), "403 RequestTimeTooSkewed");
  EXPECT_EQ(answer(put({.hash = "nonsense"})), "400 InvalidArgument");
  EXPECT_EQ(answer(put({.hash = std::string(64, 'a')})), "400 XAmzContentSHA256Mismatch");
  EXPECT_THAT(answer({"GET", "/payloads/k", {{"Host", "payloads.s3.eu-west-2.amazonaws.com"}}, ""}),
              "403 AccessDenied");
}

TEST_F(SignedS3, RefusesAChangedBodyHashAndPath) {
  base::HttpRequest body = put({});
  body.body[0] = 'H';
  EXPECT_EQ(answer(body), "400 XAmzContentSHA256Mismatch");
  base::HttpRequest hash = put({});
  hash.body = "other";
  for (base::Header& header : hash.headers) {
    if (header.name == "x-amz-content-sha256") header.value = "UNSIGNED-PAYLOAD";
  }
  EXPECT_EQ(answer(hash), "403 SignatureDoesNotMatch");
  base::HttpRequest path = put({});
  path.url += "2";
  EXPECT_EQ(answer(path), "403 SignatureDoesNotMatch");
  base::HttpRequest method = put({});
  method.method = "DELETE";
  EXPECT_EQ(answer(method), "403 SignatureDoesNotMatch");
}

TEST_F(SignedS3, IsNotTalkedIntoAnotherServiceByABody) {
  base::HttpRequest request = put({}, "/payloads/k");
  request.body = "Action=ListQueues&Version=2012-11-05";
  for (base::Header& header : request.headers) {
    if (header.name == "x-amz-content-sha256")
      header.value = aws::to_hex(aws::sha256(request.body));
  }
  EXPECT_EQ(answer(request), "403 SignatureDoesNotMatch") << "not of a credential for SQS";
}

}  // namespace
}  // namespace sim
