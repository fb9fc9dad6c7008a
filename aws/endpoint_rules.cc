#include "aws/endpoint_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace aws {

namespace {

// Names of the SDKs' service-specific endpoints:
// https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html
constexpr auto kServices = std::to_array<ServiceName>({
    {"sqs", "SQS", "sqs", "sqs", "sqs"},
    {"cloudtrail", "CLOUDTRAIL", "cloudtrail", "cloudtrail", "cloudtrail"},
    {"dynamodb", "DYNAMODB", "dynamodb", "dynamodb", "dynamodb"},
    {"s3", "S3", "s3", "s3", "s3"},
    {"autoscaling", "AUTO_SCALING", "auto_scaling", "autoscaling", "autoscaling"},
    {"ec2", "EC2", "ec2", "ec2", "ec2"},
    {"elasticloadbalancing", "ELASTIC_LOAD_BALANCING", "elastic_load_balancing",
     "elasticloadbalancing", "elasticloadbalancing"},
    {"elasticloadbalancingv2", "ELASTIC_LOAD_BALANCING_V2", "elastic_load_balancing_v2",
     "elasticloadbalancing", "elasticloadbalancing"},
    {"sts", "STS", "sts", "sts", "sts"},
    {"states", "SFN", "sfn", "states", "states"},
    {"monitoring", "CLOUDWATCH", "cloudwatch", "monitoring", "monitoring"},
    {"sns", "SNS", "sns", "sns", "sns"},
    {"events", "EVENTBRIDGE", "eventbridge", "events", "events"},
    {"ecs", "ECS", "ecs", "ecs", "ecs"},
    {"logs", "CLOUDWATCH_LOGS", "cloudwatch_logs", "logs", "logs"},
    {"secretsmanager", "SECRETS_MANAGER", "secrets_manager", "secretsmanager", "secretsmanager"},
    {"ssm", "SSM", "ssm", "ssm", "ssm"},
    {"sso", "SSO", "sso", "portal.sso", "awsssoportal"},
});

struct Partition {
  std::string_view name;
  std::string_view region_prefix;
  std::string_view suffix;
  std::string_view dual_stack_suffix;
};

constexpr auto kPartitions = std::to_array<Partition>({
    {"aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"aws-us-gov", "us-gov-", "amazonaws.com", "api.aws"},
    {"aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
    {"aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
    {"aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"aws-iso-f", "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
    {"aws-eusc", "eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"aws", "", "amazonaws.com", "api.aws"},
});

const Partition& partition_of(std::string_view region) {
  return *std::ranges::find_if(kPartitions, [region](const Partition& partition) {
    return region.starts_with(partition.region_prefix);
  });
}

// S3 says "dualstack" inside the name, under the ordinary suffix.
base::Result<std::string> s3_endpoint(const EndpointQuestion& question,
                                      const Partition& partition) {
  if (question.fips && partition.name == "aws-cn") {
    return base::invalid(fmt::format("S3 has no FIPS endpoint in {}", question.region));
  }
  return fmt::format("https://s3{}{}.{}.{}", question.fips ? "-fips" : "",
                     question.dual_stack ? ".dualstack" : "", question.region, partition.suffix);
}

// Where the answer differs from what was asked for: in GovCloud the plain names are FIPS endpoints
// themselves; the rules of Step Functions, EventBridge, CloudWatch, ECS and Secrets Manager are
// their own.
bool says_fips(const EndpointQuestion& question, const Partition& partition) {
  if (partition.name != "aws-us-gov") return question.fips;
  if (question.service == "ecs" || question.service == "secretsmanager") return question.fips;
  if (question.service == "events" || question.service == "monitoring") return false;
  if (question.service == "states") {
    if (question.dual_stack) return true;
    return question.fips && question.region != "us-gov-west-1";
  }
  return question.fips && question.dual_stack;
}

// In these partitions the one name of Secrets Manager speaks both.
bool says_dual_stack(const EndpointQuestion& question, const Partition& partition) {
  if (question.service != "secretsmanager") return question.dual_stack;
  if (partition.name == "aws" || partition.name == "aws-us-gov") return false;
  return question.dual_stack && (question.fips || partition.name != "aws-cn");
}

}  // namespace

std::span<const ServiceName> service_names() { return kServices; }

const ServiceName* find_service(std::string_view name) {
  const auto row = std::ranges::find(kServices, name, &ServiceName::name);
  return row == kServices.end() ? nullptr : &*row;
}

base::Result<std::string> aws_endpoint(const EndpointQuestion& question) {
  const ServiceName* service = find_service(question.service);
  if (service == nullptr) {
    return base::invalid(fmt::format("no endpoint for service '{}'", question.service));
  }
  if (!is_region(question.region)) {
    return base::invalid(fmt::format("region '{}' is not a region's name, such as eu-west-2",
                                     question.region.substr(0, 64)));
  }
  const Partition& partition = partition_of(question.region);
  if (service->name == "s3") return s3_endpoint(question, partition);
  return fmt::format(
      "https://{}{}.{}.{}", service->host, says_fips(question, partition) ? "-fips" : "",
      question.region,
      says_dual_stack(question, partition) ? partition.dual_stack_suffix : partition.suffix);
}

bool is_region(std::string_view region) {
  return !region.empty() && region.size() <= 32 && std::ranges::all_of(region, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace aws
