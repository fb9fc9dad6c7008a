// AwsSession: the AWS clients of one thread, wired for production.
#pragma once

#include "aws/caller.h"
#include "aws/cloudtrail.h"
#include "aws/cloudwatch.h"
#include "aws/dynamodb.h"
#include "aws/ecs.h"
#include "aws/instance_power.h"
#include "aws/lifecycle_hooks.h"
#include "aws/load_balancers.h"
#include "aws/logs.h"
#include "aws/s3.h"
#include "aws/secrets_manager.h"
#include "aws/sqs.h"
#include "aws/ssm.h"
#include "aws/sts.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "consumers/recycle/consumer.h"
#include "worker/config.h"
#include "worker/notifications.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

namespace worker {

class Metrics;

class AwsSession {
 public:
  // Region, endpoint, profile and credentials from the configuration, AWS's variables and files;
  // the region of an EC2 instance from its metadata if nothing else says one. --profile switches
  // the credentials of the environment off; AWS_PROFILE does not. Errors: kInvalid naming the
  // variable or file. References outlive the session.
  static boost::asio::awaitable<base::Result<std::unique_ptr<AwsSession>>> open(
      boost::asio::any_io_executor executor, base::Clock& clock, base::Random& random,
      Config config, aws::RequestObserver observer = {});
  ~AwsSession();

  aws::Sqs& polls();  // on connections of its own
  aws::Sqs& sqs();
  aws::S3& s3();
  aws::DynamoDb& dynamodb();
  aws::Ecs& ecs();
  aws::InstancePower& power();
  aws::LifecycleHooks& hooks();
  aws::LoadBalancers& load_balancers();
  aws::Logs& logs();
  aws::Ssm& ssm();
  aws::SecretsManager& secrets_manager();
  aws::HttpClient& jobs_http();  // for URLs that a request names: routable addresses only
  consumers::recycle::Services services();
  NotifyClients notify_clients();
  const std::string& sqs_endpoint() const;
  aws::CredentialsProvider& credentials();
  aws::Sts& sts();
  aws::CloudTrail& cloudtrail();
  aws::CloudWatch& cloudwatch();
  // What is left of the retry quotas, and how far AWS's clock is from ours.
  void show(Metrics& metrics) const;
  const aws::EndpointConfig& endpoints() const;

 private:
  struct Impl;
  explicit AwsSession(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace worker
