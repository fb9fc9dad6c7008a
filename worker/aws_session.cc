#include "worker/aws_session.h"

#include "aws/credentials_cache.h"
#include "aws/credentials_chain.h"
#include "aws/curl_http_client.h"
#include "aws/environment.h"
#include "aws/instance_metadata.h"
#include "aws/profile.h"
#include "worker/metrics.h"
#include "worker/poller.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace worker {

struct AwsSession::Impl {
  std::unique_ptr<aws::CurlHttpClient> poll_http;
  std::unique_ptr<aws::CurlHttpClient> http;
  std::unique_ptr<aws::CurlHttpClient> outside_http;  // gates, hooks, notifications
  std::unique_ptr<aws::CurlHttpClient> jobs_http;     // what requests for jobs name
  std::unique_ptr<aws::CredentialsProvider> credentials;
  base::Clock& clock;
  base::Random& random;
  std::string sqs_endpoint;
  aws::Caller poll_caller;
  aws::Caller caller;
  aws::Sqs polls{poll_caller};
  aws::Sqs sqs{caller};
  aws::S3 s3{caller};
  aws::DynamoDb dynamodb{caller};
  aws::Ecs ecs{caller};
  aws::InstancePower power{caller};
  aws::LifecycleHooks hooks{caller};
  aws::LoadBalancers load_balancers{caller};
  aws::Logs logs{caller};
  aws::Ssm ssm{caller};
  aws::SecretsManager secrets_manager{caller};
  aws::AutoScaling auto_scaling{caller};
  aws::Ec2 ec2{caller};
  aws::Elb elb{caller};
  aws::StepFunctions step_functions{caller};
  aws::Sts sts{caller};
  aws::CloudWatch cloudwatch{caller};
  aws::Sns sns{caller};
  aws::Events events{caller};
  consumers::recycle::AlarmBook alarms{cloudwatch, clock};
  consumers::recycle::Outside outside{
      alarms, *outside_http, [this](std::vector<std::string> words, aws::ProcessLimits limits) {
        return aws::run_process(clock, std::move(words), std::move(limits));
      }};
  aws::CloudTrail cloudtrail{caller};

  Impl(std::unique_ptr<aws::CurlHttpClient> for_polls, std::unique_ptr<aws::CurlHttpClient> other,
       std::unique_ptr<aws::CurlHttpClient> for_outside,
       std::unique_ptr<aws::CurlHttpClient> for_jobs,
       std::unique_ptr<aws::CredentialsProvider> provider, base::Clock& the_clock,
       base::Random& the_random, const aws::EndpointConfig& endpoints, std::string endpoint,
       const aws::RequestObserver& observer)
      : poll_http(std::move(for_polls)),
        http(std::move(other)),
        outside_http(std::move(for_outside)),
        jobs_http(std::move(for_jobs)),
        credentials(std::move(provider)),
        clock(the_clock),
        random(the_random),
        sqs_endpoint(std::move(endpoint)),
        poll_caller(*poll_http, *credentials, clock, random, endpoints, kPollRetry, observer),
        caller(*http, *credentials, clock, random, endpoints, {}, observer) {}
};

AwsSession::AwsSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AwsSession::~AwsSession() = default;

namespace {

using boost::asio::awaitable;

// AWS's variables with --profile in the place of AWS_PROFILE.
aws::Environment environment_of(const Config& config) {
  return [process = aws::process_environment(),
          profile = config.profile](const std::string& name) -> std::optional<std::string> {
    if (name == "AWS_PROFILE" && !profile.empty()) return profile;
    return process(name);
  };
}

// Where nothing says the region, an instance knows its own.
awaitable<base::Result<aws::EndpointConfig>> find_endpoints(aws::SharedSetup setup, Config config) {
  const auto load = [&](const std::string& region) {
    return aws::load_endpoint_config(setup->environment, setup->profile, region,
                                     config.endpoint_url);
  };
  const bool said =
      !aws::configured_region(setup->environment, setup->profile, config.region).empty();
  if (said) co_return load(config.region);
  aws::InstanceMetadata metadata(setup);
  const auto region = co_await metadata.get("placement/region");
  if (region && *region) co_return load(**region);
  base::Error error = load({}).error();
  error.message +=
      fmt::format(" (instance metadata: {})", region ? metadata.absent() : region.error().message);
  co_return error;
}

}  // namespace

awaitable<base::Result<std::unique_ptr<AwsSession>>> AwsSession::open(
    boost::asio::any_io_executor executor, base::Clock& clock, base::Random& random, Config config,
    aws::RequestObserver observer) {
  const aws::Environment environment = environment_of(config);
  auto shared = aws::load_shared_config(environment);
  if (!shared) co_return shared.error();
  auto profile = shared->profile_of(environment);
  if (!profile) co_return profile.error();
  const auto options = aws::curl_options(environment);
  auto for_polls = aws::CurlHttpClient::create(executor, options);
  if (!for_polls) co_return for_polls.error();
  auto other = aws::CurlHttpClient::create(executor, options);
  if (!other) co_return other.error();

  // AWS_CA_BUNDLE says who vouches for AWS; the rest of the world is another matter.
  aws::CurlOptions outside_options;
  outside_options.ca_bundle = config.notify.ca_bundle;
  auto outside = aws::CurlHttpClient::create(executor, outside_options);
  if (!outside) co_return outside.error();

  outside_options.routable_only = true;
  auto for_jobs = aws::CurlHttpClient::create(executor, outside_options);
  if (!for_jobs) co_return for_jobs.error();

  aws::ProcessRunner run = [&clock](std::vector<std::string> words) {
    return aws::run_process(clock, std::move(words), {});
  };
  const auto setup = std::make_shared<aws::CredentialsSetup>(
      aws::CredentialsSetup{**other, clock, random, std::move(run), environment, std::move(*shared),
                            std::move(*profile), !config.profile.empty(), aws::EndpointConfig{}});
  auto endpoints = co_await find_endpoints(setup, config);
  if (!endpoints) co_return endpoints.error();
  auto endpoint = aws::resolve_endpoint(*endpoints, "sqs");
  if (!endpoint) co_return endpoint.error();
  setup->endpoints = *endpoints;
  auto credentials = std::make_unique<aws::CachedCredentials>(executor, clock, random,
                                                              aws::default_credentials(setup));
  auto impl = std::make_unique<Impl>(std::move(*for_polls), std::move(*other), std::move(*outside),
                                     std::move(*for_jobs), std::move(credentials), clock, random,
                                     *endpoints, std::move(*endpoint), observer);
  add_programs(config, impl->outside);
  co_return std::unique_ptr<AwsSession>(new AwsSession(std::move(impl)));
}

aws::Sqs& AwsSession::polls() { return impl_->polls; }
aws::Sqs& AwsSession::sqs() { return impl_->sqs; }
aws::S3& AwsSession::s3() { return impl_->s3; }
aws::DynamoDb& AwsSession::dynamodb() { return impl_->dynamodb; }
aws::Ecs& AwsSession::ecs() { return impl_->ecs; }
aws::InstancePower& AwsSession::power() { return impl_->power; }
aws::LifecycleHooks& AwsSession::hooks() { return impl_->hooks; }
aws::LoadBalancers& AwsSession::load_balancers() { return impl_->load_balancers; }
aws::Logs& AwsSession::logs() { return impl_->logs; }
aws::Ssm& AwsSession::ssm() { return impl_->ssm; }
aws::SecretsManager& AwsSession::secrets_manager() { return impl_->secrets_manager; }
aws::HttpClient& AwsSession::jobs_http() { return *impl_->jobs_http; }
const std::string& AwsSession::sqs_endpoint() const { return impl_->sqs_endpoint; }
aws::CredentialsProvider& AwsSession::credentials() { return *impl_->credentials; }
aws::CloudTrail& AwsSession::cloudtrail() { return impl_->cloudtrail; }
aws::CloudWatch& AwsSession::cloudwatch() { return impl_->cloudwatch; }
void AwsSession::show(Metrics& metrics) const {
  metrics.retry_tokens("polls", impl_->poll_caller.quota().tokens());
  metrics.retry_tokens("others", impl_->caller.quota().tokens());
  metrics.clock_skew(impl_->caller.clock_offset());
}
aws::Sts& AwsSession::sts() { return impl_->sts; }
const aws::EndpointConfig& AwsSession::endpoints() const { return impl_->caller.endpoints(); }

consumers::recycle::Services AwsSession::services() {
  return {impl_->auto_scaling, impl_->ec2,   impl_->elb,    impl_->step_functions,
          impl_->sts,          impl_->clock, impl_->random, &impl_->outside};
}

NotifyClients AwsSession::notify_clients() {
  return {*impl_->outside_http, impl_->sns, impl_->events};
}

}  // namespace worker
