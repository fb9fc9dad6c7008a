#include "aws/sigv4.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace {

using aws::Credentials;
using aws::SigningScope;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

Credentials example_credentials(std::string token = {}) {
  return {.access_key_id = "AKIDEXAMPLE",
          .secret_access_key = base::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
          .session_token = base::Secret(std::move(token)),
          .expiration = {},
          .source = "test"};
}

base::TimePoint time_of(const std::string& basic) {  // "20150830T123600Z"
  return base::parse_rfc3339(basic.substr(0, 4) + "-" + basic.substr(4, 2) + "-" +
                             basic.substr(6, 5) + ":" + basic.substr(11, 2) + ":" +
                             basic.substr(13))
      .value();
}

std::string authorization(const std::vector<base::Header>& headers) {
  return std::string(base::find_header(headers, "authorization").value_or("none"));
}

base::HttpRequest get(std::string url) {
  base::HttpRequest request;
  request.url = std::move(url);
  return request;
}

// One of AWS's published cases: a signed request as text.
struct Vector {
  base::HttpRequest request;  // as it was before it was signed
  std::string authorization;
  std::string token;
  std::string amz_date;
};

std::vector<base::Header> parse_headers(std::istream& text) {
  std::vector<base::Header> headers;
  std::string line;
  while (std::getline(text, line) && !line.empty()) {
    if (line.front() == ' ') {
      // The vectors read a folded line as one more value of the header.
      headers.push_back({headers.back().name, line});
      continue;
    }
    const auto colon = line.find(':');
    headers.push_back({line.substr(0, colon), line.substr(colon + 1)});
  }
  return headers;
}

Vector parse_vector(const std::string& text) {
  std::istringstream stream(text);
  std::string line;
  std::getline(stream, line);
  Vector vector;
  const auto method_end = line.find(' ');
  const auto target_end = line.rfind(' ');
  vector.request.method = line.substr(0, method_end);
  vector.request.url =
      "https://example.amazonaws.com" + line.substr(method_end + 1, target_end - method_end - 1);
  const auto all = parse_headers(stream);
  std::getline(stream, vector.request.body, '\0');
  vector.authorization = authorization(all);
  const auto begin = vector.authorization.find("SignedHeaders=") + 14;
  const auto end = vector.authorization.find(',', begin);
  const std::string listed = ";" + vector.authorization.substr(begin, end - begin) + ";";
  for (const base::Header& header : all) {
    std::string name = header.name;
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    if (name == "x-amz-date") vector.amz_date = header.value;
    if (name == "x-amz-security-token") vector.token = header.value;
    const bool ours = name == "x-amz-date" || name == "x-amz-security-token";
    // Some files show headers that were added after signing: the list tells them apart.
    if (!ours && listed.find(";" + name + ";") != std::string::npos) {
      vector.request.headers.push_back(header);
    }
  }
  return vector;
}

TEST(SigV4, SignsEveryPublishedVectorAsAwsDoes) {
  int cases = 0;
  for (const auto& folder : std::filesystem::directory_iterator(TEST_DATA_DIR "/sigv4/aws")) {
    const std::string name = folder.path().filename().string();
    SCOPED_TRACE(name);
    const Vector vector = parse_vector(read_file(folder.path() / "header-signed-request.txt"));
    ASSERT_FALSE(vector.amz_date.empty());
    const aws::SigningOptions options{.normalize_path = !name.ends_with("-unnormalized"),
                                      .sign_all_headers = true};
    const SigningScope scope{"us-east-1", "service"};
    const auto headers = aws::sign(vector.request, example_credentials(vector.token), scope,
                                   time_of(vector.amz_date), options);
    EXPECT_EQ(authorization(headers), vector.authorization)
        << aws::signing_text(vector.request, example_credentials(vector.token), scope,
                             time_of(vector.amz_date), options)
               .canonical_request;
    EXPECT_EQ(base::find_header(headers, "x-amz-date"), vector.amz_date);
    ++cases;
  }
  EXPECT_EQ(cases, 38) << "the whole published suite, no case left out";
}

TEST(SigV4, AgreesWithBotocoreOnEveryCase) {
  const auto cases = nlohmann::json::parse(read_file(TEST_DATA_DIR "/sigv4/botocore.json"));
  for (const auto& one : cases) {
    SCOPED_TRACE(one.at("name").get<std::string>());
    base::HttpRequest request;
    request.method = one.at("method");
    request.url = one.at("url");
    for (const auto& header : one.at("headers")) request.headers.push_back({header[0], header[1]});
    for (int i = 0; i < one.at("body")[1].get<int>(); ++i) {
      request.body += one.at("body")[0].get<std::string>();
    }
    const Credentials credentials = example_credentials(one.at("token"));
    const SigningScope scope{one.at("region"), one.at("service")};
    const auto now = time_of(one.at("time"));
    EXPECT_EQ(authorization(aws::sign(request, credentials, scope, now)),
              one.at("authorization").get<std::string>())
        << aws::signing_text(request, credentials, scope, now).canonical_request;
  }
  EXPECT_GE(cases.size(), 50U);
}

TEST(SigV4, SortsParametersAfterEncoding) {
  // "." sorts before "/", but "%2F" sorts before ".".
  EXPECT_EQ(aws::canonical_query("x=a.b&x=a/b"), "x=a%2Fb&x=a.b");
  EXPECT_EQ(aws::canonical_query("b=1&a=2&a=1"), "a=1&a=2&b=1");
}

TEST(SigV4, EncodesTheQueryOnceWhetherOrNotItCameEncoded) {
  EXPECT_EQ(aws::canonical_query("a=%E1%88%B4"), aws::canonical_query("a=\xE1\x88\xB4"));
  EXPECT_EQ(aws::canonical_query("a=b+c"), "a=b%2Bc");
  EXPECT_EQ(aws::canonical_query("flag"), "flag=");
}

TEST(SigV4, EncodesThePathTwice) {
  EXPECT_EQ(aws::canonical_path("/a%2Fb"), "/a%252Fb");
  EXPECT_EQ(aws::canonical_path(""), "/");
}

TEST(SigV4, ResolvesDotsOnlyWhereAsked) {
  EXPECT_EQ(aws::canonical_path("/a/./b/../c//d/"), "/a/c/d/");
  EXPECT_EQ(aws::canonical_path("/../.."), "/");
  EXPECT_EQ(aws::canonical_path("/a/../b", {.normalize_path = false}), "/a/../b");
}

TEST(SigV4, SignsS3sPathAsItTravels) {
  const aws::SigningOptions s3{.normalize_path = false, .encode_path = false};
  EXPECT_EQ(aws::canonical_path("/bucket/a%2Fb//c%20d/", s3), "/bucket/a%2Fb//c%20d/");
  EXPECT_EQ(aws::canonical_path("", s3), "/");
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
TEST(SigV4, SignsTheExamplesOfS3sDocumentation) {
  struct Row {
    const char* method;
    const char* target;
    std::vector<base::Header> headers;
    const char* body;
    const char* signature;
  };
  const Row rows[] = {
      {"GET",
       "/test.txt",
       {{"Range", "bytes=0-9"}},
       "",
       "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
      {"PUT",
       "/test%24file.text",
       {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
       "Welcome to Amazon S3.",
       "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
      {"GET",
       "/?lifecycle",
       {},
       "",
       "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
      {"GET",
       "/?max-keys=2&prefix=J",
       {},
       "",
       "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"}};
  const Credentials credentials{
      .access_key_id = "AKIAIOSFODNN7EXAMPLE",
      .secret_access_key = base::Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
      .session_token = {},
      .expiration = {},
      .source = "test"};
  const aws::SigningOptions options{
      .normalize_path = false, .encode_path = false, .sign_all_headers = true};
  for (const Row& row : rows) {
    base::HttpRequest request =
        get(std::string("https://examplebucket.s3.amazonaws.com") + row.target);
    request.method = row.method;
    request.headers = row.headers;
    request.body = row.body;
    request.headers.push_back({"x-amz-content-sha256", aws::to_hex(aws::sha256(row.body))});
    const std::string header = authorization(
        aws::sign(request, credentials, {"us-east-1", "s3"}, time_of("20130524T000000Z"), options));
    EXPECT_TRUE(header.ends_with(row.signature)) << row.target << ": " << header;
  }
}

const base::TimePoint kNow = base::parse_rfc3339("2026-01-02T03:04:05Z").value();
const SigningScope kScope{"eu-west-2", "sqs"};

TEST(SigV4, LeavesOtherHeadersUnsigned) {
  base::HttpRequest request = get("https://example.com/");
  const auto before = authorization(aws::sign(request, example_credentials(), kScope, kNow));
  request.headers.push_back({"User-Agent", "changed by a proxy"});
  request.headers.push_back({"amz-sdk-request", "attempt=1; max=3"});
  request.headers.push_back({"X-Amzn-Trace-Id", "Root=1-5759e988-bd862e3fe1be46a994272793"});
  EXPECT_EQ(authorization(aws::sign(request, example_credentials(), kScope, kNow)), before);
  request.headers.push_back({"X-Amz-Target", "AmazonSQS.ReceiveMessage"});
  EXPECT_NE(authorization(aws::sign(request, example_credentials(), kScope, kNow)), before);
}

TEST(SigV4, DependsOnEveryInput) {
  const base::HttpRequest request = get("https://example.com/?a=1");
  const auto reference = authorization(aws::sign(request, example_credentials(), kScope, kNow));
  const auto differs = [&](const base::HttpRequest& r, const Credentials& c, const SigningScope& s,
                           base::TimePoint t) {
    return authorization(aws::sign(r, c, s, t)) != reference;
  };
  base::HttpRequest body = request;
  body.body = "x";
  base::HttpRequest method = request;
  method.method = "POST";
  Credentials secret = example_credentials();
  secret.secret_access_key = base::Secret("another");
  EXPECT_TRUE(differs(body, example_credentials(), kScope, kNow));
  EXPECT_TRUE(differs(method, example_credentials(), kScope, kNow));
  EXPECT_TRUE(differs(get("https://example.com/?a=2"), example_credentials(), kScope, kNow));
  EXPECT_TRUE(differs(get("https://example.org/?a=1"), example_credentials(), kScope, kNow));
  EXPECT_TRUE(differs(request, secret, kScope, kNow));
  EXPECT_TRUE(differs(request, example_credentials("token"), kScope, kNow));
  EXPECT_TRUE(differs(request, example_credentials(), {"eu-west-1", "sqs"}, kNow));
  EXPECT_TRUE(differs(request, example_credentials(), {"eu-west-2", "sns"}, kNow));
  EXPECT_TRUE(differs(request, example_credentials(), kScope, kNow + std::chrono::seconds(1)));
  EXPECT_FALSE(differs(request, example_credentials(), kScope, kNow));
}

TEST(SigV4, LeavesThePortOutOfHostOnlyWhereItIsTheSchemesOwn) {
  const auto host_line = [](const std::string& url) {
    const auto text = aws::signing_text(get(url), example_credentials(), kScope, kNow);
    const auto begin = text.canonical_request.find("host:");
    return text.canonical_request.substr(begin, text.canonical_request.find('\n', begin) - begin);
  };
  EXPECT_EQ(host_line("https://a.example:443/"), "host:a.example");
  EXPECT_EQ(host_line("http://a.example:80/"), "host:a.example");
  EXPECT_EQ(host_line("http://a.example:443/"), "host:a.example:443");
  EXPECT_EQ(host_line("http://localhost:4566"), "host:localhost:4566");
}

TEST(SigningKeys, ChangeNoSignatureAndAreReplacedWithTheDayAndTheCredentials) {
  const base::HttpRequest request = get("https://example.com/");
  aws::SigningKeys keys;
  aws::SigningOptions remembering;
  remembering.keys = &keys;
  Credentials other = example_credentials();
  other.secret_access_key = base::Secret("another");
  for (const auto& now : {kNow, kNow + std::chrono::hours(24), kNow}) {
    for (const Credentials& credentials : {example_credentials(), other, example_credentials()}) {
      for (const SigningScope& scope : {kScope, SigningScope{"eu-west-2", "sns"}, kScope}) {
        EXPECT_EQ(authorization(aws::sign(request, credentials, scope, now, remembering)),
                  authorization(aws::sign(request, credentials, scope, now)));
      }
    }
  }
  EXPECT_EQ(keys.size(), 2U);
}

TEST(SigningKeys, AreBounded) {
  aws::SigningKeys keys;
  for (int i = 0; i < 1000; ++i) {
    keys.find(base::Secret("s"), {"r", "service-" + std::to_string(i)}, "20260102");
    EXPECT_LE(keys.size(), 64U);
  }
}

}  // namespace
