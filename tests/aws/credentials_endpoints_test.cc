// The sources that are asked over HTTP: container endpoint and instance metadata.
#include "aws/credentials_container.h"
#include "aws/credentials_instance.h"
#include "aws/instance_metadata.h"
#include "tests/aws/credentials_rig.h"

namespace {

using base::ErrorKind;
using test::kSecret;
using test::kToken;

class EndpointSources : public test::CredentialsRig {
 protected:
  void expect_error(const std::string& text) {
    const std::string found = source();
    EXPECT_NE(found.find(text), std::string::npos) << "expected: " << text << "\nfound: " << found;
  }
};

class Container : public EndpointSources {};

TEST_F(Container, AsksEcsUnderTheRelativeUri) {
  environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/uuid";
  environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://localhost/other";
  http.answer(200, json());
  const auto found = find().value();
  EXPECT_EQ(http.request(0).url, "http://169.254.170.2/v2/credentials/uuid");
  EXPECT_EQ(http.request(0).method, "GET");
  EXPECT_EQ(http.header(0, "authorization"), "");
  EXPECT_LE(http.sent()[0].options.timeout, std::chrono::seconds(2));
  EXPECT_EQ(found.access_key_id, "ASIDJSON");
  EXPECT_EQ(found.session_token.expose(), kToken);
  EXPECT_EQ(base::format_rfc3339(found.expiration.value()), test::kHourLater);
  EXPECT_EQ(found.source, "container endpoint");
}

TEST_F(Container, SendsTheTokenThatIsInTheFileNow) {
  environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1/credentials";
  environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "from-the-variable";
  http.answer(200, json()).answer(200, json()).answer(200, json());
  EXPECT_TRUE(find().has_value());
  EXPECT_EQ(http.header(0, "authorization"), "from-the-variable");
  environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = write("token", "first\n");
  const auto chain = aws::default_credentials(setup());
  EXPECT_TRUE(loop.run(chain->get()).has_value());
  write("token", "second");
  EXPECT_TRUE(loop.run(chain->get()).has_value());
  EXPECT_EQ(http.header(1, "authorization"), "first");
  EXPECT_EQ(http.header(2, "authorization"), "second");
}

TEST_F(Container, AsksOnlyHostsThatMayHaveTheToken) {
  for (const char* url :
       {"https://anywhere.example/x", "http://127.0.0.1/x", "http://127.255.1.2:80",
        "http://[::1]/", "http://localhost:8080/x", "http://169.254.170.2/x",
        "http://169.254.170.23/v1", "http://[fd00:ec2::23]/v1"}) {
    EXPECT_TRUE(aws::is_allowed_container_url(url)) << url;
  }
  for (const char* url :
       {"http://169.254.169.254/x", "http://evil.example/x", "http://127.0.0.1.evil.example/",
        "http://localhost.evil.example/", "ftp://localhost/", "localhost", "", "http://",
        "http://localhost@evil.example/", "https://", "http://169.254.170.2.nip.io/",
        "http://2130706433/", "//localhost/x"}) {
    EXPECT_FALSE(aws::is_allowed_container_url(url)) << url;
  }
  environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://evil.example/x";
  environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = kToken;
  expect_error("names the host 'evil.example'; expected https, or http with localhost");
  EXPECT_TRUE(http.sent().empty());
}

TEST_F(Container, RefusesATokenThatWouldForgeHeaders) {
  environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://localhost/x";
  environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = std::string(kToken) + "\r\nX-Evil: 1";
  expect_error("holds a line end");
  environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/nonexistent/token";
  expect_error("reading the container's authorization token: /nonexistent/token");
  EXPECT_TRUE(http.sent().empty());
}

TEST_F(Container, TriesAgainWhatMayHealAndNamesWhatDoesNot) {
  environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://localhost/secret-path";
  http.answer(500, "").fail(ErrorKind::kRetry, "Timeout").answer(200, json());
  EXPECT_TRUE(find().has_value());
  http.answer(503, "").answer(503, "").answer(503, "");
  const auto busy = find().error();
  EXPECT_EQ(busy.kind, ErrorKind::kRetry);
  EXPECT_EQ(busy.message.find("secret-path"), std::string::npos) << busy.message;
  http.fail(ErrorKind::kRetry, "ConnectError")
      .fail(ErrorKind::kRetry, "ConnectError")
      .fail(ErrorKind::kRetry, "ConnectError");
  EXPECT_EQ(find().error().code, "ConnectError");
  http.answer(403, fmt::format(R"({{"code":"AccessDenied","message":"{}"}})", kSecret));
  expect_error("the container endpoint on localhost answered 403 AccessDenied");
  http.answer(200, "<html>");
  expect_error("expected a JSON object");
  http.answer(200, R"({"AccessKeyId":"A","SecretAccessKey":"b","Expiration":"x"})");
  expect_error("expected a text Token");
  http.answer(200, R"({"AccessKeyId":"A","SecretAccessKey":"b","Token":"c"})");
  expect_error("expected a text Expiration");
  EXPECT_TRUE(http.played_out());
}

class Instance : public EndpointSources {
 protected:
  Instance() { environment.erase("AWS_EC2_METADATA_DISABLED"); }
  test::ScriptedHttp& session() { return http.answer(200, "session-token"); }
};

TEST_F(Instance, GivesTheRolesCredentialsByVersionTwo) {
  session().answer(200, "worker-role\n").answer(200, json());
  const auto found = find().value();
  EXPECT_EQ(found.access_key_id, "ASIDJSON");
  EXPECT_EQ(found.source, "instance metadata (role worker-role)");
  ASSERT_EQ(http.sent().size(), 3U);
  EXPECT_EQ(http.request(0).method, "PUT");
  EXPECT_EQ(http.request(0).url, "http://169.254.169.254/latest/api/token");
  EXPECT_EQ(http.header(0, "x-aws-ec2-metadata-token-ttl-seconds"), "21600");
  const std::string folder = "http://169.254.169.254/latest/meta-data/iam/security-credentials/";
  EXPECT_EQ(http.request(1).url, folder);
  EXPECT_EQ(http.request(2).url, folder + "worker-role");
  for (const std::size_t index : {1, 2}) {
    EXPECT_EQ(http.request(index).method, "GET");
    EXPECT_EQ(http.header(index, "x-aws-ec2-metadata-token"), "session-token");
  }
  for (const auto& sent : http.sent()) EXPECT_LE(sent.options.timeout, std::chrono::seconds(1));
}

TEST_F(Instance, IsSoonKnownToBeAbsent) {
  http.fail(ErrorKind::kRetry, "ConnectError").fail(ErrorKind::kRetry, "Timeout");
  expect_error("instance metadata: http://169.254.169.254 does not answer (Timeout)");
  EXPECT_EQ(http.sent().size(), 2U) << "two attempts of a second each";
  environment["AWS_METADATA_SERVICE_NUM_ATTEMPTS"] = "1";
  environment["AWS_METADATA_SERVICE_TIMEOUT"] = "3";
  http.fail(ErrorKind::kRetry, "Timeout");
  EXPECT_EQ(find().error().code, "NoCredentials");
  EXPECT_EQ(http.sent()[2].options.timeout, std::chrono::seconds(3));
}

TEST_F(Instance, NeverFallsBackToVersionOne) {
  for (const int status : {403, 404, 405}) {
    http.answer(status, "");
    expect_error(fmt::format("answered {} to the request for an IMDSv2 token", status));
  }
  EXPECT_EQ(http.sent().size(), 3U);
}

TEST_F(Instance, SaysThatItHasNoRoleOrThatTheRoleIsNotItsOwn) {
  session().answer(404, "");
  expect_error("knows no iam/security-credentials/");
  session().answer(200, "");
  expect_error("names no role");
  session()
      .answer(200, "role")
      .answer(200, R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume it"})");
  expect_error("answered AssumeRoleUnauthorizedAccess; does the role trust EC2?");
  session().answer(200, "role").answer(200, "<html>");
  expect_error("instance metadata of role role");
  session().answer(500, "").answer(500, "");
  EXPECT_EQ(find().error().kind, ErrorKind::kRetry);
  EXPECT_TRUE(http.played_out());
}

TEST_F(Instance, RenewsASessionThatHasExpired) {
  const auto chain = aws::default_credentials(setup());
  session().answer(200, "role").answer(200, json());
  EXPECT_TRUE(loop.run(chain->get()).has_value());
  http.answer(401, "").answer(200, "other-session").answer(200, "role").answer(200, json());
  EXPECT_TRUE(loop.run(chain->get()).has_value());
  EXPECT_EQ(http.header(5, "x-aws-ec2-metadata-token"), "other-session");
  EXPECT_EQ(http.sent().size(), 7U);
}

TEST_F(Instance, IsNotTakenForAbsentOnceItHasAnswered) {
  aws::InstanceCredentials instance(setup());
  session().answer(200, "role").answer(200, json());
  EXPECT_TRUE(loop.run(instance.find()).value().has_value());
  http.fail(ErrorKind::kRetry, "Timeout").fail(ErrorKind::kRetry, "Timeout");
  EXPECT_EQ(loop.run(instance.find()).error().kind, ErrorKind::kRetry);
  http.answer(404, "");
  EXPECT_EQ(loop.run(instance.find()).error().kind, ErrorKind::kRetry);
}

TEST_F(Instance, GoesOnWithCredentialsThatTheServiceIsLateToReplace) {
  session().answer(200, "role").answer(200, json("Token", "2026-01-02T03:00:00Z"));
  const auto found = find().value();
  EXPECT_EQ(base::format_rfc3339(found.expiration.value()), "2026-01-02T03:14:05Z");
}

TEST_F(Instance, IsAskedWhereTheSettingsSay) {
  environment["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv6";
  http.answer(404, "");
  EXPECT_FALSE(find().has_value());
  EXPECT_EQ(http.request(0).url, "http://[fd00:ec2::254]/latest/api/token");
  config("[default]\nec2_metadata_service_endpoint = http://127.0.0.1:1338/\n");
  http.answer(404, "");
  EXPECT_FALSE(find().has_value());
  EXPECT_EQ(http.request(1).url, "http://127.0.0.1:1338/latest/api/token");
  struct Row {
    const char* variable;
    const char* value;
    const char* says;
  };
  for (const Row& row :
       {Row{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "v6", "expected IPv4 or IPv6"},
        Row{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "169.254.169.254", "expected a URL"},
        Row{"AWS_METADATA_SERVICE_TIMEOUT", "0", "expected seconds from 1 to 10"},
        Row{"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "9", "expected a number from 1 to 3"}}) {
    environment = {{"HOME", home.string()}, {row.variable, row.value}};
    expect_error(std::string(row.variable) + " is '" + row.value + "'");
    expect_error(row.says);
  }
  EXPECT_EQ(http.sent().size(), 2U);
}

TEST_F(Instance, KnowsItsRegion) {
  session().answer(200, "eu-west-3");
  aws::InstanceMetadata metadata(setup());
  EXPECT_EQ(loop.run(metadata.get("placement/region")).value(), "eu-west-3");
  EXPECT_EQ(http.request(1).url, "http://169.254.169.254/latest/meta-data/placement/region");
}

}  // namespace
