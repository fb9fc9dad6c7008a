#include "aws/credentials_chain.h"

#include "tests/aws/credentials_rig.h"

namespace {

using test::kSecret;
using test::kToken;

class CredentialsChain : public test::CredentialsRig {
 protected:
  // What each place of the chain is set up with; `places` is a bit per place, in the SDKs' order.
  void set_up(unsigned places) {
    const auto has = [places](unsigned place) { return (places & (1U << place)) != 0; };
    std::string profile = "[default]\nregion = eu-west-2\n";
    std::string shared;
    if (has(0)) {
      environment["AWS_ACCESS_KEY_ID"] = "AKIDENV";
      environment["AWS_SECRET_ACCESS_KEY"] = kSecret;
    }
    if (has(1)) {
      profile += "role_arn = arn:aws:iam::123456789012:role/x\ncredential_source = EcsContainer\n";
    }
    if (has(2)) {
      environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = write("jwt", "a.b.c\n");
      environment["AWS_ROLE_ARN"] = "arn:aws:iam::123456789012:role/web";
    }
    if (has(3)) {
      profile +=
          "sso_account_id = 123456789012\nsso_role_name = dev\nsso_region = eu-west-1\n"
          "sso_start_url = https://example.awsapps.com/start\n";
      write(".aws/sso/cache/e8be5486177c5b5392bd9aa76563515b29358e6e.json",
            R"({"accessToken":"t","expiresAt":"2026-01-02T05:00:00Z"})");
    }
    const std::string keys =
        std::string("aws_access_key_id = AKIDFILE\naws_secret_access_key = ") + kSecret + "\n";
    if (has(4)) shared = "[default]\n" + keys;
    if (has(5)) profile += "credential_process = /bin/keys\n";
    if (has(6)) profile += keys;
    if (has(7)) environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:1/x";
    if (has(8)) environment["AWS_EC2_METADATA_DISABLED"] = "false";
    config(profile);
    credentials_file(shared);
    program = aws::ProcessOutput{0, json("SessionToken"), ""};
  }
  void answer(unsigned place, unsigned places) {
    if (place == 1) {
      http.answer(200, json()).answer(200, sts_answer("AssumeRole"));
    } else if (place == 2) {
      http.answer(200, sts_answer("AssumeRoleWithWebIdentity"));
    } else if (place == 3) {
      http.answer(200, fmt::format(R"({{"roleCredentials":{{"accessKeyId":"ASIDSSO",)"
                                   R"("secretAccessKey":"{}","sessionToken":"{}",)"
                                   R"("expiration":1767326645000}}}})",
                                   kSecret, kToken));
    } else if (place == 7) {
      http.answer(200, json());
    } else if (place == 8) {
      http.answer(200, "imds-token").answer(200, "worker\n").answer(200, json());
    }
    static_cast<void>(places);
  }
};

const char* const kSources[] = {"environment",
                                "profile 'default' (assume-role ",
                                "environment (web identity ",
                                "profile 'default' (sso role dev",
                                "profile 'default'",
                                "profile 'default' (credential_process)",
                                "profile 'default'",
                                "container endpoint",
                                "instance metadata (role worker)"};
constexpr unsigned kPlaces = 9;

// Each place alone, and each with everything that comes after it.
TEST_F(CredentialsChain, TakesTheFirstPlaceOfTheSdksOrderThatIsSetUp) {
  for (unsigned place = 0; place < kPlaces; ++place) {
    for (const bool others : {false, true}) {
      environment = {{"HOME", home.string()}, {"AWS_EC2_METADATA_DISABLED", "true"}};
      unsigned places = 1U << place;
      if (others) places = ((1U << kPlaces) - 1) & ~((1U << place) - 1);
      if (place == 1) places |= 1U << 7;  // it signs with the container's
      set_up(places);
      answer(place, places);
      const std::string found = source();
      EXPECT_TRUE(found.starts_with(kSources[place])) << place << others << "\n" << found;
      EXPECT_TRUE(http.played_out()) << place;
    }
  }
}

TEST_F(CredentialsChain, AProfileThatAnOptionNamesSwitchesTheEnvironmentOff) {
  set_up(1U << 0 | 1U << 2 | 1U << 4);
  EXPECT_EQ(source(false), "environment");
  EXPECT_EQ(source(true), "profile 'default'");
  EXPECT_TRUE(http.sent().empty()) << "nor is its web identity looked at";
}

TEST_F(CredentialsChain, AwsProfileLeavesTheEnvironmentOn) {
  set_up(1U << 0 | 1U << 4);
  credentials_file(std::string("[other]\naws_access_key_id = A\naws_secret_access_key = ") +
                   kSecret);
  environment["AWS_PROFILE"] = "other";
  EXPECT_EQ(source(false), "environment");
  EXPECT_EQ(source(true), "profile 'other'");
}

TEST_F(CredentialsChain, CarriesTheWholeOfEnvironmentAndProfile) {
  environment["AWS_ACCESS_KEY_ID"] = "AKIDENV";
  environment["AWS_SECRET_ACCESS_KEY"] = kSecret;
  environment["AWS_SESSION_TOKEN"] = kToken;
  auto found = find().value();
  EXPECT_EQ(found.access_key_id, "AKIDENV");
  EXPECT_EQ(found.secret_access_key.expose(), kSecret);
  EXPECT_EQ(found.session_token.expose(), kToken);
  EXPECT_FALSE(found.expiration.has_value());
  credentials_file(
      fmt::format("[default]\naws_access_key_id = AKIDFILE\n"
                  "aws_secret_access_key = {}\naws_session_token = {}\n",
                  kSecret, kToken));
  found = find(true).value();
  EXPECT_EQ(found.access_key_id, "AKIDFILE");
  EXPECT_EQ(found.secret_access_key.expose(), kSecret);
  EXPECT_EQ(found.session_token.expose(), kToken);
}

TEST_F(CredentialsChain, NamesEverySourceAndWhatToSetWhenThereAreNone) {
  const auto error = find().error();
  EXPECT_EQ(error.kind, base::ErrorKind::kDenied);
  EXPECT_EQ(error.code, "NoCredentials");
  for (const char* part :
       {"environment", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "profile 'default'",
        ".aws/credentials", "aws_access_key_id", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "instance metadata: switched off by AWS_EC2_METADATA_DISABLED"}) {
    EXPECT_NE(error.message.find(part), std::string::npos) << part << "\n" << error.message;
  }
}

TEST_F(CredentialsChain, DoesNotFallThroughHalfSetCredentials) {
  struct Row {
    std::map<std::string, std::string> variables;
    const char* credentials;
    const char* config;
    const char* says;
  };
  const Row rows[] = {
      {{{"AWS_ACCESS_KEY_ID", "E"}}, "", "", "AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY"},
      {{{"AWS_SECRET_ACCESS_KEY", kSecret}}, "", "", "AWS_ACCESS_KEY_ID is not"},
      {{}, "[default]\naws_access_key_id = A", "", "has aws_access_key_id but no aws_secret"},
      {{},
       "",
       "[default]\naws_secret_access_key = wJalrXUtnFEMI7MDENGbPxRfiCYEXAMPLE",
       "has aws_secret_access_key but no aws_access_key_id"},
      {{}, "", "[default]\nsso_account_id = 1", "lacks sso_start_url, sso_region, sso_role_name"},
      {{}, "", "[default]\nrole_arn = arn:aws:iam::1:role/x", "neither source_profile and"},
      {{{"AWS_WEB_IDENTITY_TOKEN_FILE", "/x"}}, "", "", "but no role; set AWS_ROLE_ARN"},
      {{{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "x"}}, "", "", "does not begin with a slash"},
  };
  for (const Row& row : rows) {
    environment = row.variables;
    environment["HOME"] = home.string();
    environment.emplace("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/never");
    credentials_file(row.credentials);
    config(row.config);
    EXPECT_NE(source().find(row.says), std::string::npos) << row.says << "\n" << source();
    EXPECT_TRUE(http.sent().empty()) << row.says;
  }
}

}  // namespace
