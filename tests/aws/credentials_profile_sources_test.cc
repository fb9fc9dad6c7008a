// The sources that a profile leads to: roles, web identity, SSO, credential_process.
#include "tests/aws/credentials_rig.h"

namespace {

using test::kSecret;
using test::kToken;

class CredentialsSources : public test::CredentialsRig {
 protected:
  std::string parameter(std::size_t request, const std::string& key) {
    const std::string body = "&" + http.request(request).body;
    const auto at = body.find("&" + key + "=");
    if (at == std::string::npos) return "none";
    const auto from = at + key.size() + 2;
    return base::percent_decode(body.substr(from, body.find('&', from) - from), true);
  }
  void expect_error(const std::string& text) {
    const std::string found = source();
    EXPECT_NE(found.find(text), std::string::npos) << "expected: " << text << "\nfound: " << found;
  }
};

class AssumeRole : public CredentialsSources {};

TEST_F(AssumeRole, SignsWithTheSourceProfileAndSendsWhatTheProfileSays) {
  environment["AWS_PROFILE"] = "payments";
  config(
      "[profile payments]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = base\n"
      "external_id = ext\nrole_session_name = me@host\nduration_seconds = 1800\n");
  credentials_file(
      fmt::format("[base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = {}\n", kSecret));
  http.answer(200, sts_answer("AssumeRole"));
  const auto found = find().value();
  EXPECT_EQ(found.access_key_id, "ASIDROLE");
  EXPECT_EQ(found.secret_access_key.expose(), kSecret);
  EXPECT_EQ(found.session_token.expose(), kToken);
  EXPECT_EQ(base::format_rfc3339(found.expiration.value()), test::kHourLater);
  EXPECT_EQ(found.source, "profile 'payments' (assume-role arn:aws:iam::123456789012:role/x)");
  EXPECT_EQ(http.request(0).url, "https://sts.eu-west-2.amazonaws.com/");
  EXPECT_NE(http.header(0, "authorization").find("Credential=AKIDBASE/"), std::string::npos);
  EXPECT_EQ(parameter(0, "Action"), "AssumeRole");
  EXPECT_EQ(parameter(0, "RoleArn"), "arn:aws:iam::123456789012:role/x");
  EXPECT_EQ(parameter(0, "RoleSessionName"), "me@host");
  EXPECT_EQ(parameter(0, "ExternalId"), "ext");
  EXPECT_EQ(parameter(0, "DurationSeconds"), "1800");
}

TEST_F(AssumeRole, FollowsAChainOfRoles) {
  config(
      fmt::format("[default]\nrole_arn = arn:aws:iam::1:role/c\nsource_profile = b\n"
                  "[profile b]\nrole_arn = arn:aws:iam::1:role/b\nsource_profile = a\n"
                  "[profile a]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = a\n"
                  "aws_access_key_id = AKIDA\naws_secret_access_key = {}\n",
                  kSecret));
  http.answer(200, sts_answer("AssumeRole", "ASIDB")).answer(200, sts_answer("AssumeRole"));
  EXPECT_EQ(find().value().access_key_id, "ASIDROLE");
  EXPECT_EQ(parameter(0, "RoleArn"), "arn:aws:iam::1:role/b")
      << "keys of a source win over its role";
  EXPECT_NE(http.header(0, "authorization").find("Credential=AKIDA/"), std::string::npos);
  EXPECT_EQ(parameter(1, "RoleArn"), "arn:aws:iam::1:role/c");
  EXPECT_NE(http.header(1, "authorization").find("Credential=ASIDB/"), std::string::npos);
  EXPECT_EQ(http.header(1, "x-amz-security-token"), kToken);
  EXPECT_EQ(parameter(1, "RoleSessionName"), "autorecycle-1767323045");
  EXPECT_EQ(parameter(1, "ExternalId"), "none");
  EXPECT_EQ(parameter(1, "DurationSeconds"), "none");
}

TEST_F(AssumeRole, MaySignWithTheKeysBesideTheRole) {
  config(
      fmt::format("[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = default\n"
                  "aws_access_key_id = AKIDOWN\naws_secret_access_key = {}\n",
                  kSecret));
  http.answer(200, sts_answer("AssumeRole"));
  EXPECT_EQ(find().value().access_key_id, "ASIDROLE");
}

TEST_F(AssumeRole, TakesItsSourceFromTheNamedPlace) {
  config("[default]\nrole_arn = arn:aws:iam::1:role/x\ncredential_source = Environment\n");
  environment["AWS_ACCESS_KEY_ID"] = "AKIDENV";
  environment["AWS_SECRET_ACCESS_KEY"] = kSecret;
  http.answer(200, sts_answer("AssumeRole"));
  EXPECT_EQ(find(true).value().access_key_id, "ASIDROLE");
  EXPECT_NE(http.header(0, "authorization").find("Credential=AKIDENV/"), std::string::npos);
}

TEST_F(AssumeRole, RefusesWhatItCannotDoAndSaysWhatIsWrong) {
  const std::string role = "[default]\nrole_arn = arn:aws:iam::1:role/x\n";
  struct Row {
    std::string config;
    const char* says;
  };
  const Row rows[] = {
      {role + "mfa_serial = arn:aws:iam::1:mfa/me\nsource_profile = x\n", "a worker cannot ask"},
      {role + "source_profile = gone\n", "has source_profile = gone, but there is no such"},
      {role + "source_profile = default\n", "leads back to it: default -> default"},
      {role + "source_profile = b\n[profile b]\nrole_arn = arn:aws:iam::1:role/b\n"
              "source_profile = default\n",
       "leads back to it: default -> b -> default"},
      {role + "source_profile = b\n[profile b]\nregion = eu-west-1\n", "no AWS credentials found"},
      {role + "source_profile = b\ncredential_source = Environment\n", "both source_profile and"},
      {role + "credential_source = Moon\n", "credential_source = Moon; expected Environment, Ecs"},
      {role + "credential_source = Environment\n", "no AWS credentials found"},
      {role + "source_profile = b\nduration_seconds = 1h\n", "duration_seconds = 1h; expected a"},
      {role + "source_profile = b\nduration_seconds = 899\n", "expected a number from 900 to"},
      {"[default]\nrole_arn = admin\nsource_profile = b\n", "role_arn = admin; expected a role's"},
  };
  for (const Row& row : rows) {
    config(row.config);
    expect_error(row.says);
    EXPECT_TRUE(http.sent().empty()) << row.says;
  }
}

TEST_F(AssumeRole, TellsWhatStsSaysAndRetriesOnlyWhatMayHeal) {
  config("[default]\nrole_arn = arn:aws:iam::1:role/x\ncredential_source = Environment\n");
  environment["AWS_ACCESS_KEY_ID"] = "AKIDENV";
  environment["AWS_SECRET_ACCESS_KEY"] = kSecret;
  const auto error = [](const char* code) {
    return fmt::format(
        "<ErrorResponse><Error><Code>{}</Code><Message>why</Message></Error>"
        "<RequestId>r</RequestId></ErrorResponse>",
        code);
  };
  http.answer(403, error("AccessDenied"));
  const auto denied = find(true).error();
  EXPECT_EQ(denied.code, "AccessDenied");
  EXPECT_EQ(denied.kind, base::ErrorKind::kDenied);
  EXPECT_NE(denied.message.find("role/x"), std::string::npos) << denied.message;
  http.answer(500, "").answer(503, "").answer(200, sts_answer("AssumeRole"));
  EXPECT_TRUE(find(true).has_value());
  http.answer(200, "<html/>");
  EXPECT_EQ(find(true).error().code, "MalformedResponse");
  http.fail(base::ErrorKind::kRetry, "Timeout")
      .fail(base::ErrorKind::kRetry, "Timeout")
      .fail(base::ErrorKind::kRetry, "Timeout");
  EXPECT_EQ(find(true).error().kind, base::ErrorKind::kRetry);
}

class WebIdentity : public CredentialsSources {};

TEST_F(WebIdentity, SendsTheTokenThatIsInTheFileNowUnsigned) {
  environment["AWS_ROLE_ARN"] = "arn:aws:iam::123456789012:role/web";
  environment["AWS_ROLE_SESSION_NAME"] = "pod-1";
  environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = write("jwt", "first.token.x\n");
  http.answer(200, sts_answer("AssumeRoleWithWebIdentity"))
      .answer(200, sts_answer("AssumeRoleWithWebIdentity"));
  const auto chain = aws::default_credentials(setup());
  const auto found = loop.run(chain->get()).value();
  EXPECT_EQ(found.access_key_id, "ASIDROLE");
  EXPECT_EQ(found.source, "environment (web identity arn:aws:iam::123456789012:role/web)");
  EXPECT_EQ(parameter(0, "Action"), "AssumeRoleWithWebIdentity");
  EXPECT_EQ(parameter(0, "WebIdentityToken"), "first.token.x");
  EXPECT_EQ(parameter(0, "RoleSessionName"), "pod-1");
  EXPECT_EQ(http.header(0, "authorization"), "");
  write("jwt", "second.token.y");
  EXPECT_TRUE(loop.run(chain->get()).has_value());
  EXPECT_EQ(parameter(1, "WebIdentityToken"), "second.token.y");
}

TEST_F(WebIdentity, OfAProfileWorksAsASourceToo) {
  write("jwt", "p.t.x");
  config(
      "[default]\nrole_arn = arn:aws:iam::1:role/outer\nsource_profile = web\n"
      "[profile web]\nrole_arn = arn:aws:iam::1:role/web\nweb_identity_token_file = ~/jwt\n");
  http.answer(200, sts_answer("AssumeRoleWithWebIdentity", "ASIDWEB"))
      .answer(200, sts_answer("AssumeRole"));
  EXPECT_EQ(find().value().access_key_id, "ASIDROLE");
  EXPECT_EQ(parameter(0, "WebIdentityToken"), "p.t.x");
  EXPECT_NE(http.header(1, "authorization").find("Credential=ASIDWEB/"), std::string::npos);
}

TEST_F(WebIdentity, NamesTheFileThatIsMissingOrEmpty) {
  environment["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/web";
  environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/nonexistent/token";
  expect_error("reading the web identity token: /nonexistent/token: cannot be opened");
  environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = write("empty", "\n");
  expect_error("/empty: the web identity token is empty");
  environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = write("long", std::string(20'001, 'x'));
  expect_error("longer than 20000 bytes");
  environment["AWS_ROLE_ARN"] = "not-an-arn";
  expect_error("role_arn = not-an-arn");
}

class Sso : public CredentialsSources {
 protected:
  // sha1("work") and sha1("https://example.awsapps.com/start"): the CLI's file names.
  static constexpr const char* kSessionFile =
      ".aws/sso/cache/e274eeff768c6396088ec6eb091f4bf4d47ab1e0.json";
  static constexpr const char* kLegacyFile =
      ".aws/sso/cache/e8be5486177c5b5392bd9aa76563515b29358e6e.json";

  void use_session() {
    config(
        "[default]\nsso_session = work\nsso_account_id = 123456789012\nsso_role_name = dev ops\n"
        "[sso-session work]\nsso_start_url = https://example.awsapps.com/start\n"
        "sso_region = us-east-1\n");
  }
  void use_legacy() {
    config(
        "[default]\nsso_account_id = 123456789012\nsso_role_name = dev\nsso_region = us-east-1\n"
        "sso_start_url = https://example.awsapps.com/start\n");
  }
  static std::string token(const char* expires) {
    return fmt::format(R"({{"accessToken":"{}","expiresAt":"{}"}})", kToken, expires);
  }
  static std::string role_credentials() {
    return fmt::format(R"({{"roleCredentials":{{"accessKeyId":"ASIDSSO","secretAccessKey":"{}",)"
                       R"("sessionToken":"{}","expiration":1767326645000}}}})",
                       kSecret, kToken);
  }
};

TEST_F(Sso, AsksThePortalWithTheCachedTokenOfTheSession) {
  use_session();
  write(kSessionFile, token("2026-01-02T11:00:00Z"));
  http.answer(200, role_credentials());
  const auto found = find().value();
  EXPECT_EQ(found.access_key_id, "ASIDSSO");
  EXPECT_EQ(base::format_rfc3339(found.expiration.value()), test::kHourLater);
  EXPECT_EQ(found.source, "profile 'default' (sso role dev ops in account 123456789012)");
  EXPECT_EQ(http.request(0).url,
            "https://portal.sso.us-east-1.amazonaws.com/federation/credentials?"
            "account_id=123456789012&role_name=dev%20ops");
  EXPECT_EQ(http.header(0, "x-amz-sso_bearer_token"), kToken);
  EXPECT_EQ(http.header(0, "authorization"), "");
}

TEST_F(Sso, ReadsTheOlderFormAndItsOldDates) {
  use_legacy();
  write(kLegacyFile, token("2026-01-02T11:00:00UTC"));
  http.answer(200, role_credentials());
  EXPECT_EQ(find().value().access_key_id, "ASIDSSO");
}

TEST_F(Sso, SaysWhichLogInToRunWhenTheTokenIsGoneExpiredOrRefused) {
  use_session();
  expect_error("run `aws sso login --sso-session work`");
  write(kSessionFile, "{not json");
  expect_error("holds no SSO token");
  write(kSessionFile, token("2026-01-02T03:04:05Z"));
  expect_error("the SSO token expired at 2026-01-02T03:04:05Z; run `aws sso login --sso-session");
  EXPECT_TRUE(http.sent().empty());
  write(kSessionFile, token("2026-01-02T11:00:00Z"));
  http.answer(401, R"({"message":"Session token not found or invalid"})");
  expect_error("the SSO token was refused; run `aws sso login");
  use_legacy();
  expect_error("run `aws sso login --profile default`");
}

TEST_F(Sso, NamesWhatIsWrongWithTheSettingsAndTheAnswer) {
  config("[default]\nsso_session = home\nsso_account_id = 1\nsso_role_name = dev\n");
  expect_error("there is no section [sso-session home]");
  config(
      "[default]\nsso_session = work\nsso_account_id = 1\nsso_role_name = r\nsso_region = a-1\n"
      "[sso-session work]\nsso_region = b-1\nsso_start_url = https://x\n");
  expect_error("has sso_region = a-1, but [sso-session work] has b-1");
  use_session();
  write(kSessionFile, token("2026-01-02T11:00:00Z"));
  http.answer(403, "{}");
  expect_error("of role dev ops in account 123456789012 answered 403");
  http.answer(200, R"({"roleCredentials":{"accessKeyId":"A"}})");
  expect_error("expected accessKeyId, secretAccessKey, sessionToken and expiration");
  http.answer(503, "").answer(503, "").answer(503, "");
  EXPECT_EQ(find().error().kind, base::ErrorKind::kRetry);
}

class Process : public CredentialsSources {
 protected:
  Process() { config("[default]\ncredential_process = /opt/keys --for \"two words\" 'a b'\n"); }
};

TEST_F(Process, RunsTheWordsOfTheCommandAndReadsWhatItPrints) {
  program = aws::ProcessOutput{0, json("SessionToken"), "a warning"};
  const auto found = find().value();
  EXPECT_EQ(programs,
            (std::vector<std::vector<std::string>>{{"/opt/keys", "--for", "two words", "a b"}}));
  EXPECT_EQ(found.access_key_id, "ASIDJSON");
  EXPECT_EQ(found.session_token.expose(), kToken);
  EXPECT_EQ(base::format_rfc3339(found.expiration.value()), test::kHourLater);
  EXPECT_EQ(found.source, "profile 'default' (credential_process)");
  program = aws::ProcessOutput{
      0, fmt::format(R"({{"Version":1,"AccessKeyId":"L","SecretAccessKey":"{}"}})", kSecret), ""};
  EXPECT_FALSE(find().value().expiration.has_value()) << "long-term keys need no expiry";
}

TEST_F(Process, ShowsWhatWentWrongWithoutSecrets) {
  const std::string leak = fmt::format("token {} key {}\nno such\tvault", kToken, kSecret);
  program = aws::ProcessOutput{7, json("SessionToken"), leak + " for AB12cd34EF56gh78IJ90"};
  expect_error("/opt/keys ended with exit code 7: ");
  expect_error("no such vault for ***");
  program = aws::ProcessOutput{1, "", ""};
  expect_error("and said nothing");
  for (const std::string& output :
       {std::string(""), std::string("{"), std::string("[]"), fmt::format("key is {}", kSecret)}) {
    program = aws::ProcessOutput{0, output, ""};
    expect_error("/opt/keys: expected a JSON object");
  }
  program = aws::ProcessOutput{0, R"({"AccessKeyId":"A","SecretAccessKey":"b"})", ""};
  expect_error("expected \"Version\": 1, found none");
  program = aws::ProcessOutput{0, R"({"Version":2,"AccessKeyId":"A"})", ""};
  expect_error("expected \"Version\": 1, found another");
  program = aws::ProcessOutput{0, R"({"Version":1,"SecretAccessKey":"b"})", ""};
  expect_error("expected a text AccessKeyId");
  program = aws::ProcessOutput{0, json("SessionToken", "soon"), ""};
  expect_error("Expiration is 'soon'");
  program = base::Error{base::ErrorKind::kRetry, "Timeout", "/opt/keys did not end", {}};
  expect_error("Timeout: credentials from profile 'default' (credential_process): /opt/keys did");
  config("[default]\ncredential_process = /opt/keys \"open\n");
  expect_error("a \" is not closed");
}

}  // namespace
