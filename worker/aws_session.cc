#include "worker/aws_session.h"

#include "aws/credentials_chain.h"
#include "aws/curl_http_client.h"
#include "aws/environment.h"
#include "aws/profile.h"

namespace worker {

struct AwsSession::Impl {
  std::unique_ptr<aws::CurlHttpClient> poll_http;
  std::unique_ptr<aws::CurlHttpClient> http;
  std::unique_ptr<aws::CredentialsProvider> credentials;
  base::Clock& clock;
  base::Random& random;
  std::string sqs_endpoint;
  aws::Caller poll_caller;
  aws::Caller caller;
  aws::Sqs polls{poll_caller};
  aws::Sqs sqs{caller};
  aws::AutoScaling auto_scaling{caller};
  aws::Ec2 ec2{caller};
  aws::Elb elb{caller};
  aws::StepFunctions step_functions{caller};
  aws::Sts sts{caller};

  Impl(std::unique_ptr<aws::CurlHttpClient> for_polls, std::unique_ptr<aws::CurlHttpClient> other,
       std::unique_ptr<aws::CredentialsProvider> provider, base::Clock& the_clock,
       base::Random& the_random, const aws::EndpointConfig& endpoints, std::string endpoint,
       const aws::RequestObserver& observer)
      : poll_http(std::move(for_polls)),
        http(std::move(other)),
        credentials(std::move(provider)),
        clock(the_clock),
        random(the_random),
        sqs_endpoint(std::move(endpoint)),
        poll_caller(*poll_http, *credentials, clock, random, endpoints, {}, observer),
        caller(*http, *credentials, clock, random, endpoints, {}, observer) {}
};

AwsSession::AwsSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AwsSession::~AwsSession() = default;

boost::asio::awaitable<base::Result<std::unique_ptr<AwsSession>>> AwsSession::open(
    boost::asio::any_io_executor executor, base::Clock& clock, base::Random& random, Config config,
    aws::RequestObserver observer) {
  const aws::Environment process = aws::process_environment();
  const aws::Environment environment =
      [process, profile = config.profile](const std::string& name) -> std::optional<std::string> {
    if (name == "AWS_PROFILE" && !profile.empty()) return profile;
    return process(name);
  };
  auto profile = aws::load_profile(environment);
  if (!profile) co_return profile.error();
  auto endpoints =
      aws::load_endpoint_config(environment, *profile, config.region, config.endpoint_url);
  if (!endpoints) co_return endpoints.error();
  auto endpoint = aws::resolve_endpoint(*endpoints, "sqs");
  if (!endpoint) co_return endpoint.error();
  const auto options = aws::curl_options(environment);
  auto for_polls = aws::CurlHttpClient::create(executor, options);
  if (!for_polls) co_return for_polls.error();
  auto other = aws::CurlHttpClient::create(executor, options);
  if (!other) co_return other.error();
  auto impl = std::make_unique<Impl>(std::move(*for_polls), std::move(*other),
                                     aws::default_credentials(environment, std::move(*profile)),
                                     clock, random, *endpoints, std::move(*endpoint), observer);
  co_return std::unique_ptr<AwsSession>(new AwsSession(std::move(impl)));
}

aws::Sqs& AwsSession::polls() { return impl_->polls; }
aws::Sqs& AwsSession::sqs() { return impl_->sqs; }
const std::string& AwsSession::sqs_endpoint() const { return impl_->sqs_endpoint; }

consumers::recycle::Services AwsSession::services() {
  return {impl_->auto_scaling, impl_->ec2,   impl_->elb,   impl_->step_functions,
          impl_->sts,          impl_->clock, impl_->random};
}

}  // namespace worker
