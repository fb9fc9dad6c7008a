#include "aws/profile.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace {

aws::IniFile ini(std::string_view text) {
  const auto file = aws::parse_ini(text, "test");
  EXPECT_TRUE(file.has_value()) << (file ? "" : file.error().message);
  return file ? *file : aws::IniFile{};
}

std::string problem(std::string_view text) {
  const auto file = aws::parse_ini(text, "test");
  return file ? "none" : file.error().message;
}

TEST(Ini, ReadsSectionsKeysAndComments) {
  const auto file =
      ini("\xEF\xBB\xBF# a comment\n"
          "; another\n"
          "\n"
          "[default]\r\n"
          "Region = eu-west-2   # London\r\n"
          "aws_secret_access_key=a#b;c==\n"
          "[ profile   two ]  ; odd blanks\n"
          "region=\n");
  EXPECT_EQ(file.at("default").at("region").text, "eu-west-2");
  EXPECT_EQ(file.at("default").at("aws_secret_access_key").text, "a#b;c==");
  EXPECT_TRUE(file.at("profile two").at("region").text.empty());
}

TEST(Ini, ReadsNestedSettings) {
  const auto file =
      ini("[services local]\n"
          "sqs =\n"
          "  endpoint_url = http://localhost:1\n"
          "\tother = x\n"
          "ec2 =\n"
          "  endpoint_url = http://localhost:2\n");
  EXPECT_EQ(file.at("services local").at("sqs").nested.at("endpoint_url"), "http://localhost:1");
  EXPECT_EQ(file.at("services local").at("sqs").nested.at("other"), "x");
  EXPECT_EQ(file.at("services local").at("ec2").nested.at("endpoint_url"), "http://localhost:2");
}

TEST(Ini, LaterSettingsWinAndSectionsMerge) {
  const auto file = ini("[a]\nx=1\ny=1\n[b]\nx=9\n[a]\nx=2\n");
  EXPECT_EQ(file.at("a").at("x").text, "2");
  EXPECT_EQ(file.at("a").at("y").text, "1");
}

TEST(Ini, ErrorsNameTheLineAndNeverShowIt) {
  EXPECT_EQ(problem("\nx = 1\n"), "test:2: expected a section such as [default] first");
  EXPECT_EQ(problem("[a\n"), "test:1: expected ] at the end of the section's name");
  EXPECT_EQ(problem("[ ]\n"), "test:1: expected a name between [ and ]");
  EXPECT_EQ(problem("[a]\nsecret-without-equals\n"), "test:2: expected key = value");
  EXPECT_EQ(problem("[a]\n= 1\n"), "test:2: expected a key before =");
}

const char* const kConfig =
    "[default]\nregion = eu-west-1\n"
    "[profile prod]\nregion = eu-west-2\naws_access_key_id = FROMCONFIG\nservices = local\n"
    "[services local]\nsqs =\n  endpoint_url = http://localhost:1\n";
const char* const kCredentials = "[prod]\naws_access_key_id = FROMCREDENTIALS\n";

TEST(Profile, TakesTheCredentialsFileBeforeTheConfigFile) {
  const auto profile = aws::make_profile("prod", true, ini(kConfig), ini(kCredentials)).value();
  EXPECT_EQ(profile.get("aws_access_key_id"), "FROMCREDENTIALS");
  EXPECT_EQ(profile.get("region"), "eu-west-2");
  EXPECT_EQ(profile.service_endpoints.at("sqs"), "http://localhost:1");
}

TEST(Profile, DefaultMayBeMissingButANamedOneMayNot) {
  EXPECT_TRUE(aws::make_profile("default", false, {}, {}).has_value());
  const auto missing = aws::make_profile("stage", true, ini(kConfig), ini(kCredentials));
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().message,
            "profile 'stage' (AWS_PROFILE) does not exist; profiles found: default, prod");
}

TEST(Profile, MissingServicesSectionIsAnError) {
  const auto profile = aws::make_profile("a", true, ini("[profile a]\nservices = gone\n"), {});
  ASSERT_FALSE(profile.has_value());
  EXPECT_NE(profile.error().message.find("[services gone]"), std::string::npos);
}

class ProfileFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "profile-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    home_ = pattern;
    std::filesystem::create_directory(home_ / ".aws");
  }
  void TearDown() override { std::filesystem::remove_all(home_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(home_ / name, std::ios::binary) << text;
  }
  base::Result<aws::Profile> load(std::map<std::string, std::string> variables = {}) const {
    variables["HOME"] = home_.string();
    return aws::load_profile(aws::map_environment(std::move(variables)));
  }

  std::filesystem::path home_;
};

TEST_F(ProfileFiles, AreFoundUnderHome) {
  write(".aws/config", kConfig);
  write(".aws/credentials", kCredentials);
  EXPECT_EQ(load().value().get("region"), "eu-west-1");
  EXPECT_EQ(load({{"AWS_PROFILE", "prod"}}).value().get("aws_access_key_id"), "FROMCREDENTIALS");
  EXPECT_EQ(load({{"AWS_DEFAULT_PROFILE", "prod"}}).value().name, "prod");
}

TEST_F(ProfileFiles, CanBeNamedByVariables) {
  write("elsewhere", "[default]\nregion = us-east-1\n");
  const auto profile = load({{"AWS_CONFIG_FILE", (home_ / "elsewhere").string()}});
  EXPECT_EQ(profile.value().get("region"), "us-east-1");
  write("tilde", "[default]\nregion = us-east-2\n");
  EXPECT_EQ(load({{"AWS_CONFIG_FILE", "~/tilde"}}).value().get("region"), "us-east-2");
}

TEST_F(ProfileFiles, MayAllBeMissing) { EXPECT_TRUE(load().value().settings.empty()); }

TEST_F(ProfileFiles, AreRefusedWhenAbsurdlyLong) {
  write(".aws/config", std::string((1U << 20U) + 1, '#'));
  ASSERT_FALSE(load().has_value());
  EXPECT_NE(load().error().message.find("longer than"), std::string::npos);
}

}  // namespace
