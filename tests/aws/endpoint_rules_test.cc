#include "aws/endpoint_rules.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

namespace {

// Written by tests/endpoints_from_botocore.py from the rule sets that AWS publishes.
TEST(EndpointRules, GiveWhatAwssOwnRuleSetsGive) {
  std::ifstream file(TEST_DATA_DIR "/endpoints/expected.txt");
  ASSERT_TRUE(file);
  std::set<std::string> services;
  int rows = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    aws::EndpointQuestion question;
    std::string expected;
    words >> question.service >> question.region >> question.fips >> question.dual_stack >>
        expected;
    ASSERT_FALSE(words.fail()) << line;
    const auto url = aws::aws_endpoint(question);
    if (expected.starts_with("refused:")) {
      EXPECT_FALSE(url.has_value()) << line << "\n" << url.value();
    } else {
      EXPECT_TRUE(url.has_value() && *url == expected) << line << "\n" << (url ? *url : "refused");
    }
    services.insert(question.service);
    ++rows;
  }
  EXPECT_EQ(rows, 864);
  for (const aws::ServiceName& service : aws::service_names()) {
    EXPECT_TRUE(services.contains(std::string(service.name))) << service.name;
  }
}

TEST(EndpointRules, TakeAnUnknownRegionForACommercialOne) {
  EXPECT_EQ(aws::aws_endpoint({"sqs", "xx-new-1", false, false}).value(),
            "https://sqs.xx-new-1.amazonaws.com");
}

TEST(EndpointRules, RefuseWhatCannotBeARegionOrIsNoService) {
  for (const char* region : {"", "EU-WEST-2", "eu.west.2", "eu-west-2/x", "a@b"}) {
    EXPECT_EQ(aws::aws_endpoint({"sqs", region, false, false}).error().kind,
              base::ErrorKind::kInvalid)
        << region;
  }
  const auto error = aws::aws_endpoint({"no-service", "eu-west-2", false, false}).error();
  EXPECT_NE(error.message.find("'no-service'"), std::string::npos) << error.message;
}

}  // namespace
