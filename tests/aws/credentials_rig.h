// CredentialsRig: sources and the whole chain over scripted HTTP, a made-up environment, files of
// their own and programs that are functions, under virtual time (2026-01-02T03:04:05Z).
#pragma once

#include "aws/credentials_chain.h"
#include "sim/virtual_loop.h"
#include "tests/support/scripted_http.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace test {

inline constexpr const char* kSecret = "wJalrXUtnFEMI7MDENGbPxRfiCYEXAMPLE";
inline constexpr const char* kToken = "FwoGZXIvYXdzEXAMPLE123token";
inline constexpr const char* kHourLater = "2026-01-02T04:04:05Z";

class CredentialsRig : public ::testing::Test {
 protected:
  CredentialsRig() {
    home = std::filesystem::path(testing::TempDir()) /
           fmt::format("credentials-{}-{}",
                       testing::UnitTest::GetInstance()->current_test_info()->name(), ::getpid());
    std::filesystem::remove_all(home);
    std::filesystem::create_directories(home / ".aws/sso/cache");
    environment["HOME"] = home.string();
    environment["AWS_EC2_METADATA_DISABLED"] = "true";
  }
  ~CredentialsRig() override { std::filesystem::remove_all(home); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(home / name) << text;
    return (home / name).string();
  }
  void config(const std::string& text) { write(".aws/config", text); }
  void credentials_file(const std::string& text) { write(".aws/credentials", text); }

  // From the files and the environment as they are now.
  aws::SharedSetup setup(bool profile_only = false) {
    const auto variables = aws::map_environment(environment);
    auto shared = aws::load_shared_config(variables);
    auto profile = shared.value().profile_of(variables);
    programs.clear();
    aws::ProcessRunner run = [this](std::vector<std::string> words) {
      programs.push_back(std::move(words));
      return answer(program);
    };
    return std::make_shared<aws::CredentialsSetup>(
        aws::CredentialsSetup{http, loop.clock(), random, std::move(run), variables,
                              std::move(*shared), std::move(profile.value()), profile_only,
                              aws::EndpointConfig{base::Region("eu-west-2"), "", {}}});
  }
  base::Result<aws::Credentials> find(bool profile_only = false) {
    const auto chain = aws::default_credentials(setup(profile_only));
    auto found = loop.run(chain->get());
    if (!found) expect_no_secret(found.error().to_string());
    return found;
  }
  // Where they came from, or the error's code and message.
  std::string source(bool profile_only = false) {
    const auto found = find(profile_only);
    return found ? found->source : found.error().code + ": " + found.error().message;
  }
  static void expect_no_secret(const std::string& text) {
    for (const char* secret : {kSecret, kToken}) {
      EXPECT_EQ(text.find(secret), std::string::npos) << text;
    }
  }
  std::string elapsed() {
    const auto passed = loop.clock().steady_now() - base::SteadyPoint{};
    return fmt::format("{} ms", std::chrono::duration_cast<base::Duration>(passed).count());
  }

  static std::string json(const std::string& token = "Token",
                          const std::string& expiration = kHourLater) {
    return fmt::format(
        R"({{"Version":1,"Code":"Success","AccessKeyId":"ASIDJSON","SecretAccessKey":"{}",)"
        R"("{}":"{}","Expiration":"{}"}})",
        kSecret, token, kToken, expiration);
  }
  static std::string sts_answer(const std::string& operation, const std::string& key = "ASIDROLE") {
    return fmt::format(
        "<{0}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{0}Result><Credentials>"
        "<AccessKeyId>{1}</AccessKeyId><SecretAccessKey>{2}</SecretAccessKey><SessionToken>{3}"
        "</SessionToken><Expiration>{4}</Expiration></Credentials></{0}Result></{0}Response>",
        operation, key, kSecret, kToken, kHourLater);
  }

  std::filesystem::path home;
  sim::VirtualLoop loop;
  ScriptedHttp http;
  base::Random random{3};
  std::map<std::string, std::string> environment;
  base::Result<aws::ProcessOutput> program = aws::ProcessOutput{};
  std::vector<std::vector<std::string>> programs;

 private:
  static boost::asio::awaitable<base::Result<aws::ProcessOutput>> answer(
      base::Result<aws::ProcessOutput> with) {
    co_return with;
  }
};

}  // namespace test
