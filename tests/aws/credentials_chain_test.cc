#include "aws/credentials_chain.h"

#include "sim/virtual_loop.h"

#include <gtest/gtest.h>

namespace {

base::Result<aws::Credentials> find(std::map<std::string, std::string> variables,
                                    std::map<std::string, std::string> settings) {
  aws::Profile profile;
  profile.name = "prod";
  profile.settings = std::move(settings);
  profile.where = "/a/config and /a/credentials";
  const auto chain =
      aws::default_credentials(aws::map_environment(std::move(variables)), std::move(profile));
  sim::VirtualLoop loop;
  return loop.run(chain->get());
}

const std::map<std::string, std::string> kEnvironment = {
    {"AWS_ACCESS_KEY_ID", "E"}, {"AWS_SECRET_ACCESS_KEY", "es"}, {"AWS_SESSION_TOKEN", "et"}};
const std::map<std::string, std::string> kProfile = {
    {"aws_access_key_id", "P"}, {"aws_secret_access_key", "ps"}, {"aws_session_token", "pt"}};

TEST(CredentialsChain, TakesTheEnvironmentBeforeTheProfile) {
  const auto found = find(kEnvironment, kProfile).value();
  EXPECT_EQ(found.access_key_id, "E");
  EXPECT_EQ(found.secret_access_key.expose(), "es");
  EXPECT_EQ(found.session_token.expose(), "et");
  EXPECT_EQ(found.source, "environment");
}

TEST(CredentialsChain, FallsBackToTheProfile) {
  const auto found = find({}, kProfile).value();
  EXPECT_EQ(found.access_key_id, "P");
  EXPECT_EQ(found.secret_access_key.expose(), "ps");
  EXPECT_EQ(found.session_token.expose(), "pt");
  EXPECT_EQ(found.source, "profile 'prod'");
}

TEST(CredentialsChain, NamesEverySourceAndWhatToSetWhenThereAreNone) {
  const auto error = find({}, {}).error();
  EXPECT_EQ(error.kind, base::ErrorKind::kDenied);
  EXPECT_EQ(error.code, "NoCredentials");
  for (const char* part : {"environment", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                           "profile 'prod'", "/a/credentials", "aws_access_key_id"}) {
    EXPECT_NE(error.message.find(part), std::string::npos) << part << "\n" << error.message;
  }
}

TEST(CredentialsChain, DoesNotFallThroughHalfSetCredentials) {
  const auto no_secret = find({{"AWS_ACCESS_KEY_ID", "E"}}, kProfile).error();
  EXPECT_EQ(no_secret.kind, base::ErrorKind::kDenied);
  EXPECT_EQ(
      no_secret.message,
      "credentials from environment: AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not");
  const auto no_key = find({}, {{"aws_secret_access_key", "ps"}}).error();
  EXPECT_EQ(no_key.kind, base::ErrorKind::kDenied);
  EXPECT_EQ(no_key.message.find("ps "), std::string::npos);
}

}  // namespace
