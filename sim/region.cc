#include "sim/region.h"

#include "sim/autoscaling_service.h"
#include "sim/cloudtrail_service.h"
#include "sim/cloudwatch_service.h"
#include "sim/control.h"
#include "sim/dynamodb_service.h"
#include "sim/ec2_service.h"
#include "sim/ecs_service.h"
#include "sim/elb_service.h"
#include "sim/events_service.h"
#include "sim/faults.h"
#include "sim/load_balancers_service.h"
#include "sim/logs_service.h"
#include "sim/protocol.h"
#include "sim/s3_service.h"
#include "sim/secrets_manager_service.h"
#include "sim/signature.h"
#include "sim/sns_service.h"
#include "sim/sqs_service.h"
#include "sim/ssm_service.h"
#include "sim/step_functions_service.h"
#include "sim/sts_service.h"
#include "sim/trail.h"

#include <date/date.h>

#include <utility>

namespace sim {

namespace asio = boost::asio;

namespace {

// "https://host/path?query" -> "/path?query" with a Host header.
base::HttpRequest in_origin_form(base::HttpRequest request) {
  const std::size_t scheme = request.url.find("://");
  if (scheme == std::string::npos || request.url.starts_with('/')) return request;
  const std::size_t host = scheme + 3;
  const std::size_t path = request.url.find_first_of("/?", host);
  if (!base::find_header(request.headers, "Host")) {
    request.headers.push_back({"Host", request.url.substr(host, path - host)});
  }
  std::string rest = path == std::string::npos ? "/" : request.url.substr(path);
  if (rest.starts_with('?')) rest.insert(0, "/");
  request.url = std::move(rest);
  return request;
}

std::string http_date(base::TimePoint time) {
  return date::format("%a, %d %b %Y %H:%M:%S GMT", std::chrono::floor<std::chrono::seconds>(time));
}

}  // namespace

struct Region::Impl {
  Impl(asio::any_io_executor executor, base::Clock& clock, WorldConfig config)
      : world(std::move(executor), clock, std::move(config)) {
    auto_scaling.on_notification([this](const std::string& arn, const Json& message) {
      sqs.deliver(arn, dump_json(message));
    });
  }

  asio::awaitable<base::HttpResponse> handle(base::HttpRequest request);
  asio::awaitable<base::HttpResponse> serve(base::HttpRequest request, std::string scope,
                                            Wire wire);
  asio::awaitable<ApiOutcome> carry_out(ApiCall call, Service& service);
  Service* find(const std::string& scope);

  World world;
  Ec2Service ec2{world};
  ElbService elb{world};
  AutoScalingService auto_scaling{world, ec2, elb};
  SqsService sqs{world};
  EventsService events{world, sqs};
  CloudTrailService cloudtrail{world};
  StsService sts{world};
  StepFunctionsService step_functions{world};
  S3Service s3{world};
  DynamoDbService dynamodb{world};
  CloudWatchService cloudwatch{world};
  SnsService sns{world};
  LoadBalancersService load_balancers{world, elb};
  LogsService logs{world};
  EcsService ecs{world, logs};
  SsmService ssm{world, ec2};
  SecretsManagerService secrets_manager{world};
  Trail trail{world, &ec2};
  std::map<std::string, std::map<std::string, int>> calls;  // by access key and operation
  Control control{world, auto_scaling, sqs, sts, trail};
};

Service* Region::Impl::find(const std::string& scope) {
  if (scope == "sqs") return &sqs;
  if (scope == "autoscaling") return &auto_scaling;
  if (scope == "ec2") return &ec2;
  if (scope == "cloudtrail") return &cloudtrail;
  if (scope == "elasticloadbalancing") return &load_balancers;
  if (scope == "events") return &events;
  if (scope == "sts") return &sts;
  if (scope == "states") return &step_functions;
  if (scope == "s3") return &s3;
  if (scope == "dynamodb") return &dynamodb;
  if (scope == "monitoring") return &cloudwatch;
  if (scope == "sns") return &sns;
  if (scope == "logs") return &logs;
  if (scope == "ecs") return &ecs;
  if (scope == "ssm") return &ssm;
  if (scope == "secretsmanager") return &secrets_manager;
  return nullptr;
}

asio::awaitable<base::HttpResponse> Region::Impl::handle(base::HttpRequest request) {
  request = in_origin_form(std::move(request));
  if (request.url.starts_with("/_sim/") || request.url == "/_sim") {
    co_return control.handle(request);
  }
  const auto authorization =
      parse_authorization(base::find_header(request.headers, "Authorization").value_or(""));
  const auto* parsed = std::get_if<Authorization>(&authorization);
  std::string scope = parsed != nullptr ? parsed->service : guess_service(request);
  const Wire wire = wire_of(request, scope);
  co_return co_await serve(std::move(request), std::move(scope), wire);
}

asio::awaitable<base::HttpResponse> Region::Impl::serve(base::HttpRequest request,
                                                        std::string scope, Wire wire) {
  Decoded decoded = decode_request(request, scope, wire);
  ApiCall& call = decoded.call;
  call.request_id = world.random().uuid();
  const auto finish = [&](base::HttpResponse response) {
    response.headers.push_back({"Date", http_date(world.signature_time())});
    return response;
  };
  Service* service = find(scope);
  if (service == nullptr) {
    co_return finish(encode_error(
        wire, call,
        {"InvalidAction", "The service '" + scope.substr(0, 64) + "' is not simulated.", 400, {}}));
  }
  if (!world.config().keys.empty() && !StsService::is_unsigned(call)) {
    sts.expire_due();
    const SignatureRules rules{world.config().keys, world.config().session_tokens,
                               world.config().region, world.signature_time(),
                               &world.config().expired_keys};
    // The service that the content belongs to, so that a signature for another one does not pass.
    // An S3 body is anybody's text: nothing can be told from it.
    const std::string addressed = wire == Wire::kS3 ? scope : guess_service(request);
    if (auto error = check_signature(request, addressed.empty() ? scope : addressed, wire, rules)) {
      co_return finish(encode_error(wire, call, *error));
    }
  }
  const auto authorization =
      parse_authorization(base::find_header(request.headers, "Authorization").value_or(""));
  if (const auto* parsed = std::get_if<Authorization>(&authorization)) {
    call.access_key_id = parsed->access_key_id;
  }
  if (decoded.error) co_return finish(encode_error(wire, call, *decoded.error));
  ++calls[call.access_key_id][call.service + ":" + call.operation];
  const Faults::Decision fault = world.faults().decide(call);
  if (fault.latency.count() > 0) co_await world.clock().sleep_for(fault.latency);
  if (fault.refuse) {
    const ApiOutcome refused = *fault.refuse;
    trail.record(call, refused, {});
    co_return finish(encode_outcome(wire, call, refused));
  }
  const ApiOutcome outcome = co_await carry_out(call, *service);
  if (fault.lose_response) co_return base::HttpResponse{};
  co_return finish(encode_outcome(wire, call, outcome));
}

asio::awaitable<ApiOutcome> Region::Impl::carry_out(ApiCall call, Service& service) {
  const std::vector<std::string> groups = trail.groups_of(call);
  ApiOutcome outcome = co_await service.handle(call);
  trail.record(call, outcome, groups);
  co_return outcome;
}

Region::Region(asio::any_io_executor executor, base::Clock& clock, WorldConfig config)
    : impl_(std::make_unique<Impl>(std::move(executor), clock, std::move(config))) {}

Region::~Region() = default;

asio::awaitable<base::HttpResponse> Region::handle(base::HttpRequest request) {
  return impl_->handle(std::move(request));
}

World& Region::world() { return impl_->world; }
AutoScalingService& Region::auto_scaling() { return impl_->auto_scaling; }
Ec2Service& Region::ec2() { return impl_->ec2; }
ElbService& Region::elb() { return impl_->elb; }
SqsService& Region::sqs() { return impl_->sqs; }
EventsService& Region::events() { return impl_->events; }
StepFunctionsService& Region::step_functions() { return impl_->step_functions; }
S3Service& Region::s3() { return impl_->s3; }
DynamoDbService& Region::dynamodb() { return impl_->dynamodb; }
CloudWatchService& Region::cloudwatch() { return impl_->cloudwatch; }
SnsService& Region::sns() { return impl_->sns; }
LogsService& Region::logs() { return impl_->logs; }
EcsService& Region::ecs() { return impl_->ecs; }
SsmService& Region::ssm() { return impl_->ssm; }
Faults& Region::faults() { return impl_->world.faults(); }

const std::map<std::string, int>& Region::calls(const std::string& by_access_key) const {
  return impl_->calls[by_access_key];
}

int Region::mutations(const std::string& group_name, const std::string& by_access_key) const {
  return impl_->trail.mutations(group_name, by_access_key);
}

}  // namespace sim
