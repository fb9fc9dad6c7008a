#include "aws/endpoint.h"

#include "aws/profile.h"

#include <gtest/gtest.h>

namespace {

using aws::map_environment;

aws::EndpointConfig config_of(std::map<std::string, std::string> variables,
                              aws::Profile profile = {}) {
  variables.emplace("AWS_REGION", "eu-west-2");
  const auto config = aws::load_endpoint_config(map_environment(std::move(variables)), profile);
  EXPECT_TRUE(config.has_value()) << (config ? "" : config.error().message);
  return config.value();
}

std::string error_of(std::map<std::string, std::string> variables) {
  const auto config = aws::load_endpoint_config(map_environment(std::move(variables)), {});
  return config ? "no error" : config.error().message;
}

TEST(Endpoint, IsAwsOwnNameWithoutConfiguration) {
  struct Row {
    const char* region;
    const char* service;
    const char* url;
  };
  for (const Row& row : {
           Row{"eu-west-2", "sqs", "https://sqs.eu-west-2.amazonaws.com"},
           Row{"eu-west-2", "autoscaling", "https://autoscaling.eu-west-2.amazonaws.com"},
           Row{"us-gov-west-1", "ec2", "https://ec2.us-gov-west-1.amazonaws.com"},
           Row{"cn-north-1", "sts", "https://sts.cn-north-1.amazonaws.com.cn"},
           Row{"eu-west-2", "states", "https://states.eu-west-2.amazonaws.com"},
           Row{"eu-west-2", "s3", "https://s3.eu-west-2.amazonaws.com"},
           Row{"eu-west-2", "elasticloadbalancing",
               "https://elasticloadbalancing.eu-west-2.amazonaws.com"},
           Row{"eu-west-2", "elasticloadbalancingv2",
               "https://elasticloadbalancing.eu-west-2.amazonaws.com"},
       }) {
    EXPECT_EQ(aws::resolve_endpoint({base::Region(row.region), {}, {}}, row.service).value(),
              row.url);
  }
}

TEST(Endpoint, OfAServiceWinsOverTheGeneralOne) {
  const std::pair<const char*, const char*> rows[] = {
      {"AWS_ENDPOINT_URL_SQS", "sqs"},
      {"AWS_ENDPOINT_URL_AUTO_SCALING", "autoscaling"},
      {"AWS_ENDPOINT_URL_EC2", "ec2"},
      {"AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING", "elasticloadbalancing"},
      {"AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2", "elasticloadbalancingv2"},
      {"AWS_ENDPOINT_URL_STS", "sts"},
      {"AWS_ENDPOINT_URL_SFN", "states"},
      {"AWS_ENDPOINT_URL_S3", "s3"}};
  for (const auto& [variable, service] : rows) {
    const auto config =
        config_of({{"AWS_ENDPOINT_URL", "http://general:1"}, {variable, "http://own:2/"}});
    for (const auto& [other_variable, other] : rows) {
      EXPECT_EQ(aws::resolve_endpoint(config, other).value(),
                std::string(other) == service ? "http://own:2" : "http://general:1")
          << variable;
    }
  }
}

TEST(Endpoint, ComesFromTheProfileOnlyWhenTheEnvironmentHasNone) {
  aws::Profile profile;
  profile.settings["endpoint_url"] = "http://profile:1";
  profile.service_endpoints["sqs"] = "http://profile-sqs:2";
  const auto from_profile = config_of({}, profile);
  EXPECT_EQ(aws::resolve_endpoint(from_profile, "sqs").value(), "http://profile-sqs:2");
  EXPECT_EQ(aws::resolve_endpoint(from_profile, "ec2").value(), "http://profile:1");
  const auto mixed = config_of({{"AWS_ENDPOINT_URL", "http://environment:3"}}, profile);
  EXPECT_EQ(aws::resolve_endpoint(mixed, "sqs").value(), "http://environment:3");
}

// Every subset of the five places where an endpoint can be set: the first of the SDKs' order wins.
TEST(Endpoint, OfTheFirstPlaceInTheSdksOrderWins) {
  const char* const urls[] = {"http://option:1", "http://variable-sqs:2", "http://variable:3",
                              "http://profile-sqs:4", "http://profile:5"};
  for (unsigned places = 0; places < 32; ++places) {
    const auto set = [&](unsigned place) {
      return (places & (1U << place)) != 0 ? std::string(urls[place]) : std::string();
    };
    aws::Profile profile;
    profile.settings["endpoint_url"] = set(4);
    if (!set(3).empty()) profile.service_endpoints["sqs"] = set(3);
    const auto config = aws::load_endpoint_config(map_environment({{"AWS_REGION", "eu-west-2"},
                                                                   {"AWS_ENDPOINT_URL_SQS", set(1)},
                                                                   {"AWS_ENDPOINT_URL", set(2)}}),
                                                  profile, "", set(0));
    std::string expected = "https://sqs.eu-west-2.amazonaws.com";
    for (unsigned place = 5; place-- > 0;) {
      if (!set(place).empty()) expected = set(place);
    }
    EXPECT_EQ(aws::resolve_endpoint(config.value(), "sqs").value(), expected) << places;
  }
}

TEST(Endpoint, IsForFipsOrDualStackWhenTheEnvironmentOrTheProfileAsks) {
  aws::Profile profile;
  profile.settings["use_fips_endpoint"] = "true";
  profile.settings["use_dualstack_endpoint"] = "True";
  const auto both = config_of({}, profile);
  EXPECT_EQ(aws::resolve_endpoint(both, "sqs").value(), "https://sqs-fips.eu-west-2.api.aws");
  const auto dual = config_of({{"AWS_USE_FIPS_ENDPOINT", "false"}}, profile);
  EXPECT_EQ(aws::resolve_endpoint(dual, "sqs").value(), "https://sqs.eu-west-2.api.aws");
  const auto fips = config_of({{"AWS_USE_FIPS_ENDPOINT", "TRUE"}});
  EXPECT_EQ(aws::resolve_endpoint(fips, "sts").value(), "https://sts-fips.eu-west-2.amazonaws.com");
}

TEST(Endpoint, SwitchesThatAreNeitherTrueNorFalseAreRefused) {
  for (const char* variable : {"AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
                               "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"}) {
    EXPECT_EQ(error_of({{"AWS_REGION", "eu-west-2"}, {variable, "yes"}}),
              std::string(variable) + " is 'yes'; expected true or false");
  }
}

TEST(Endpoint, ThatIsConfiguredIsNeverTakenForAFipsOne) {
  for (const char* variable : {"AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"}) {
    const auto config =
        config_of({{variable, "true"}, {"AWS_ENDPOINT_URL_SQS", "http://localhost:4566"}});
    const auto refused = aws::resolve_endpoint(config, "sqs");
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, base::ErrorKind::kInvalid);
    EXPECT_NE(refused.error().message.find(variable), std::string::npos) << refused.error().message;
    EXPECT_TRUE(aws::resolve_endpoint(config, "ec2").has_value());
  }
}

TEST(Endpoint, ConfigurationCanBeIgnoredAsAWhole) {
  const auto config = config_of({{"AWS_ENDPOINT_URL", "http://general:1"},
                                 {"AWS_ENDPOINT_URL_SQS", "http://own:2"},
                                 {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}});
  EXPECT_EQ(aws::resolve_endpoint(config, "sqs").value(), "https://sqs.eu-west-2.amazonaws.com");
}

TEST(Endpoint, OfTheCommandLineWinsOverEverything) {
  const auto config =
      aws::load_endpoint_config(
          map_environment({{"AWS_REGION", "eu-west-2"}, {"AWS_ENDPOINT_URL_SQS", "http://own:2"}}),
          {}, "us-east-1", "http://option:3")
          .value();
  EXPECT_EQ(config.region.value, "us-east-1");
  EXPECT_EQ(aws::resolve_endpoint(config, "sqs").value(), "http://option:3");
}

TEST(Endpoint, ErrorsNameTheVariableAndWhatIsExpected) {
  const std::map<std::string, std::string> good = {{"AWS_REGION", "eu-west-2"}};
  for (const char* url : {"localhost:4566", "ftp://a", "http://", "http://:80", "http://a:b",
                          "http://a?x=1", "http://a b", "https://a:123456"}) {
    auto variables = good;
    variables["AWS_ENDPOINT_URL_SQS"] = url;
    EXPECT_TRUE(error_of(variables).starts_with("AWS_ENDPOINT_URL_SQS is '" + std::string(url)))
        << error_of(variables);
    EXPECT_NE(error_of(variables).find("expected a URL such as"), std::string::npos);
  }
  auto secret = good;
  secret["AWS_ENDPOINT_URL"] = "http://user:hunter2@host";
  EXPECT_EQ(error_of(secret).find("hunter2"), std::string::npos) << error_of(secret);
}

TEST(Region, IsSearchedInTheSdksOrder) {
  aws::Profile profile;
  profile.settings["region"] = "eu-west-3";
  const auto region = [&](std::map<std::string, std::string> variables) {
    return aws::load_endpoint_config(map_environment(std::move(variables)), profile)
        .value()
        .region.value;
  };
  EXPECT_EQ(region({{"AWS_REGION", "eu-west-1"}, {"AWS_DEFAULT_REGION", "eu-west-2"}}),
            "eu-west-1");
  EXPECT_EQ(region({{"AWS_DEFAULT_REGION", "eu-west-2"}}), "eu-west-2");
  EXPECT_EQ(region({}), "eu-west-3");
}

TEST(Region, MissingOrWrongIsExplained) {
  EXPECT_TRUE(error_of({}).starts_with("no region: set AWS_REGION")) << error_of({});
  EXPECT_TRUE(error_of({{"AWS_REGION", "evil.example/"}}).starts_with("AWS_REGION is 'evil"))
      << error_of({{"AWS_REGION", "evil.example/"}});
}

}  // namespace
