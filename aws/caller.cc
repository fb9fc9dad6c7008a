#include "aws/caller.h"

#include "aws/error.h"
#include "base/span.h"
#include "base/traced_executor.h"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace aws {

namespace asio = boost::asio;

struct Caller::Attempt {
  int number = 1;
  std::string invocation_id;
  std::vector<base::Header> response_headers;  // of the last answer; empty if there was none
  Credentials credentials;                     // the last request was signed with them
  std::string span_id;                         // of the call; empty: no span is made of it
};

namespace {

constexpr std::string_view kUserAgent = "autorecycle";
// AWS refuses signatures that are more than five minutes off; less than this is not the reason.
constexpr base::Duration kSkewMin = std::chrono::minutes(4);
constexpr base::Duration kServerHintMax = std::chrono::seconds(5);
// A call that began longer ago is not sent again: whoever decided on it may have stood still since
// (a stopped process, a paused machine), and somebody else may have gone on.
constexpr base::Duration kRepeatedWithin = std::chrono::minutes(1);

constexpr auto kSkewCodes = std::to_array<std::string_view>(
    {"AuthFailure", "InvalidSignatureException", "RequestExpired", "RequestInTheFuture",
     "RequestTimeTooSkewed", "SignatureDoesNotMatch"});

// What AWS says of credentials that have expired or were withdrawn; EC2 has words of its own.
constexpr auto kStaleCredentialsCodes = std::to_array<std::string_view>(
    {"AuthFailure", "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId",
     "InvalidClientTokenId", "RequestExpired", "UnrecognizedClientException"});

// "Fri, 20 Nov 2026 09:44:05 GMT". Put in order for the one parser that checks its digits first.
std::optional<base::TimePoint> parse_http_date(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const auto month = kMonths.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  const auto time = base::parse_rfc3339(fmt::format(
      "{}-{:02}-{}T{}Z", text.substr(12, 4), month / 3 + 1, text.substr(5, 2), text.substr(17, 8)));
  if (!time) return std::nullopt;
  return *time;
}

// Headers that are added to those of the ApiRequest, but for a trace.
constexpr std::size_t kHeadersAdded = 8;

base::HttpRequest to_http(const ApiRequest& request, std::string endpoint) {
  base::HttpRequest http;
  http.method = request.method;
  if (!request.host_prefix.empty()) endpoint.insert(endpoint.find("://") + 3, request.host_prefix);
  http.url = std::move(endpoint) + request.path;
  http.headers.reserve(request.headers.size() + kHeadersAdded);
  http.headers.assign(request.headers.begin(), request.headers.end());
  if (!request.content_type.empty()) {
    http.headers.push_back({"Content-Type", request.content_type});
  }
  http.body = request.body;
  return http;
}

// Which trace the work on this executor belongs to, in both notations. Not signed: a proxy adds its
// own segment to them.
void add_trace(const asio::any_io_executor& executor, const std::string& span_id,
               std::vector<base::Header>& headers) {
  const base::TraceContext* found = base::trace_of(executor);
  if (found == nullptr) return;
  base::TraceContext trace = *found;
  if (!span_id.empty()) trace.parent_id = span_id;
  headers.push_back({"X-Amzn-Trace-Id", base::format_xray_header(trace)});
  std::string traceparent = base::format_traceparent(trace);
  if (traceparent.empty()) return;
  headers.push_back({"traceparent", std::move(traceparent)});
  if (!trace.trace_state.empty()) headers.push_back({"tracestate", std::move(trace.trace_state)});
}

// Attributes after OpenTelemetry's conventions for the AWS SDK.
void describe(base::ActiveSpan& span, const ApiRequest& request) {
  if (!span) return;
  span.name(request.service + "." + request.operation);
  span.add("rpc.system", "aws-api");
  span.add("rpc.service", request.service);
  span.add("rpc.method", request.operation);
}

void conclude(base::ActiveSpan& span, int attempts, const base::Error* error) {
  if (!span) return;
  if (attempts > 1) span.add("aws.attempts", std::to_string(attempts));
  if (error == nullptr) return;
  if (!error->request_id.empty()) span.add("aws.request_id", error->request_id);
  span.failed(error->code);
}

// S3 signs the path as it travels.
SigningOptions signing_options(std::string_view service) {
  const bool plain = service == "s3";
  return {.normalize_path = !plain, .encode_path = !plain};
}

// Whether sending again cannot do the work twice.
bool safe_to_repeat(const ApiRequest& request, const base::Error& error) {
  if (request.idempotent && request.repeat_when_unsure) return true;
  return error.code == "ConnectError" || error.kind == base::ErrorKind::kThrottled;
}

}  // namespace

Caller::Caller(HttpClient& http, CredentialsProvider& credentials, base::Clock& clock,
               base::Random& random, EndpointConfig endpoints, RetryPolicy retry,
               RequestObserver observer)
    : http_(http),
      credentials_(credentials),
      clock_(clock),
      random_(random),
      endpoints_(std::move(endpoints)),
      retry_policy_(retry),
      observer_(std::move(observer)) {}

base::Result<const Caller::Target*> Caller::target(const std::string& service) {
  const auto known = std::ranges::find(targets_, service, &Target::service);
  if (known != targets_.end()) return &*known;
  auto endpoint = resolve_endpoint(endpoints_, service);
  if (!endpoint) return endpoint.error();
  const SigningScope scope{endpoints_.region.value, signing_name(service)};
  return &targets_.emplace_back(service, std::move(*endpoint), scope);
}

asio::awaitable<base::Result<base::HttpResponse>> Caller::attempt_once(const ApiRequest& request,
                                                                       Attempt& attempt) {
  attempt.response_headers.clear();
  attempt.credentials = {};
  const auto target = this->target(request.service);
  if (!target) co_return target.error();
  auto credentials = co_await credentials_.get();
  if (!credentials) co_return credentials.error();
  attempt.credentials = std::move(*credentials);

  base::HttpRequest http = to_http(request, (*target)->endpoint);
  add_trace(co_await asio::this_coro::executor, attempt.span_id, http.headers);
  http.headers.push_back({"User-Agent", std::string(kUserAgent)});
  http.headers.push_back({"amz-sdk-invocation-id", attempt.invocation_id});
  http.headers.push_back(
      {"amz-sdk-request", "attempt=" + std::to_string(attempt.number) +
                              "; max=" + std::to_string(retry_policy_.attempts_max)});
  if (!attempt.credentials.access_key_id.empty()) {
    const base::TimePoint now = clock_.now() + clock_offset_;
    SigningOptions how = signing_options(request.service);
    how.keys = &signing_keys_;
    for (base::Header& header : sign(http, attempt.credentials, (*target)->scope, now, how)) {
      http.headers.push_back(std::move(header));
    }
  }

  HttpOptions options;
  options.timeout = request.timeout;
  options.fresh_connection = !request.idempotent;
  options.resend = request.repeat_when_unsure;
  options.success_headers = request.response_headers;
  auto response = co_await http_.send(std::move(http), options);
  if (!response) co_return response.error();
  if (response->status >= 200 && response->status < 300) co_return std::move(*response);
  base::Error error = error_from_response(request.service, *response);
  if (!request.answer_code.empty() && error.code == request.answer_code) {
    co_return std::move(*response);
  }
  attempt.response_headers = std::move(response->headers);
  co_return error;
}

bool Caller::renew_credentials(const base::Error& error, const Attempt& attempt) {
  return std::ranges::find(kStaleCredentialsCodes, error.code) != kStaleCredentialsCodes.end() &&
         credentials_.invalidate(attempt.credentials);
}

bool Caller::correct_clock(const base::Error& error, const Attempt& attempt) {
  if (std::ranges::find(kSkewCodes, error.code) == kSkewCodes.end()) return false;
  const auto header = base::find_header(attempt.response_headers, "date");
  const auto server_time = header ? parse_http_date(*header) : std::nullopt;
  if (!server_time) return false;
  const auto offset = std::chrono::duration_cast<base::Duration>(*server_time - clock_.now());
  if (std::chrono::abs(offset - clock_offset_) < kSkewMin) return false;
  clock_offset_ = offset;
  return true;
}

base::Duration Caller::delay_before_retry(const base::Error& error, const Attempt& attempt) {
  const base::Duration delay = retry_delay(retry_policy_, error, attempt.number, random_);
  const auto hint = base::find_header(attempt.response_headers, "x-amz-retry-after");
  long long milliseconds = 0;
  if (!hint ||
      std::from_chars(hint->data(), hint->data() + hint->size(), milliseconds).ec != std::errc()) {
    return delay;
  }
  return std::clamp(base::Duration(milliseconds), delay, delay + kServerHintMax);
}

void Caller::report(const ApiRequest& request, const base::Result<base::HttpResponse>& outcome,
                    base::SteadyPoint started) const {
  if (!observer_) return;
  // A copy: error() answers by value, and a view of it would outlive it.
  const std::string code = outcome ? "ok" : outcome.error().code;
  observer_({.service = request.service,
             .operation = request.operation,
             .code = code,
             .took = std::chrono::duration_cast<base::Duration>(clock_.steady_now() - started),
             .bytes_sent = request.body.size(),
             .bytes_received = outcome ? outcome->body.size() : 0});
}

asio::awaitable<base::Result<base::HttpResponse>> Caller::call(ApiRequest request) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  base::ActiveSpan span(base::trace_of(executor), base::ActiveSpan::Nesting::kLeaf,
                        base::Span::Kind::kClient);
  describe(span, request);
  Attempt attempt;
  attempt.span_id = span.id();
  attempt.invocation_id = random_.uuid();
  bool clock_corrected = false;
  bool credentials_renewed = false;
  int last_cost = 1;  // a success on the first try earns one token
  const base::SteadyPoint begun = clock_.steady_now();
  const auto is_too_late = [&] { return clock_.steady_now() - begun > kRepeatedWithin; };
  while (true) {
    const base::SteadyPoint started = clock_.steady_now();
    auto outcome = co_await attempt_once(request, attempt);
    report(request, outcome, started);
    if (outcome) {
      quota_.give_back(last_cost);
      conclude(span, attempt.number, nullptr);
      co_return std::move(*outcome);
    }
    const base::Error& error = outcome.error();
    if (is_too_late()) {
      conclude(span, attempt.number, &error);
      co_return error.while_doing(request.operation);
    }
    if (!clock_corrected && correct_clock(error, attempt)) {
      clock_corrected = true;
      continue;  // the request was refused, not done: no back-off, no token
    }
    if (!credentials_renewed && renew_credentials(error, attempt)) {
      credentials_renewed = true;
      continue;  // likewise
    }
    const bool again = attempt.number < retry_policy_.attempts_max && retry_at_once(error) &&
                       safe_to_repeat(request, error);
    if (!again) {
      conclude(span, attempt.number, &error);
      co_return error.while_doing(request.operation);
    }
    const bool throttled = error.kind == base::ErrorKind::kThrottled;
    const int cost = throttled ? RetryQuota::kThrottledCost : RetryQuota::kTransientCost;
    const base::Duration delay = delay_before_retry(error, attempt);
    const bool allowed = quota_.take(cost);
    if (allowed || request.long_poll) co_await clock_.sleep_for(delay);
    if (!allowed || is_too_late()) {
      conclude(span, attempt.number, &error);
      co_return error.while_doing(request.operation);
    }
    last_cost = cost;
    ++attempt.number;
  }
}

}  // namespace aws
