#include "worker/otlp.h"

#include "base/log.h"
#include "worker/backoff.h"
#include "worker/version.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace worker {
namespace {

using boost::asio::awaitable;
using Json = nlohmann::ordered_json;

constexpr const char* kExporter = "otlp";
constexpr base::Duration kRetryBase{1'000};
constexpr base::Duration kRetryCap{30'000};
constexpr int kStatusError = 2;

Json attribute(std::string_view key, const std::string& value) {
  return {{"key", key}, {"value", {{"stringValue", value}}}};
}

int kind_of(base::Span::Kind kind) {
  switch (kind) {
    case base::Span::Kind::kInternal:
      return 1;
    case base::Span::Kind::kClient:
      return 3;
    case base::Span::Kind::kConsumer:
      return 5;
  }
  return 0;
}

// 64-bit numbers are texts in the JSON of protobuf.
std::string nanoseconds(base::TimePoint at) {
  return std::to_string(
      std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count());
}

Json to_json(const base::Span& span) {
  Json attributes = Json::array();
  for (const auto& [key, value] : span.attributes) attributes.push_back(attribute(key, value));
  Json json = {{"traceId", span.trace_id}, {"spanId", span.span_id}};
  if (!span.parent_id.empty()) json["parentSpanId"] = span.parent_id;
  json["name"] = span.name;
  json["kind"] = kind_of(span.kind);
  json["startTimeUnixNano"] = nanoseconds(span.begin);
  json["endTimeUnixNano"] = nanoseconds(span.end);
  if (!span.error.empty()) {
    attributes.push_back(attribute("error.type", span.error));
    json["status"] = {{"code", kStatusError}, {"message", span.error}};
  }
  json["attributes"] = std::move(attributes);
  return json;
}

// A collector may take a request and leave some of its spans out.
std::size_t rejected(const std::string& body, std::size_t spans) {
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains("partialSuccess")) return 0;
  const Json& partial = json["partialSuccess"];
  if (!partial.is_object() || !partial.contains("rejectedSpans")) return 0;
  const Json& count = partial["rejectedSpans"];
  std::size_t number = 0;
  if (count.is_number_unsigned()) number = count.get<std::size_t>();
  if (count.is_string()) number = std::strtoull(count.get<std::string>().c_str(), nullptr, 10);
  return std::min(number, spans);
}

}  // namespace

std::string otlp_document(const std::vector<base::Span>& spans) {
  Json list = Json::array();
  for (const base::Span& span : spans) list.push_back(to_json(span));
  Json resource;
  resource["attributes"] = Json::array(
      {attribute("service.name", "autorecycle"), attribute("service.version", kVersion)});
  const Json scope = {{"scope", {{"name", "autorecycle"}, {"version", kVersion}}},
                      {"spans", std::move(list)}};
  Json document;
  document["resourceSpans"] = Json::array();
  document["resourceSpans"].push_back(
      Json{{"resource", resource}, {"scopeSpans", Json::array({scope})}});
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

OtlpExporter::OtlpExporter(boost::asio::any_io_executor executor, Needs needs, OtlpConfig config)
    : needs_(needs), config_(std::move(config)), wake_(std::move(executor), needs.clock) {
  for (const char* result : {"sent", "dropped", "rejected"}) count(result, 0);
}

void OtlpExporter::count(const char* result, std::size_t spans) {
  needs_.metrics.exported(kExporter, result, spans);
}

void OtlpExporter::take(const base::Span& span) {
  if (queue_.size() >= kQueueMax || stopping_) return count("dropped", 1);
  queue_.push_back(span);
  if (queue_.size() == kBatchMax) wake_.ring();
}

void OtlpExporter::stop() {
  stopping_ = true;
  wake_.ring();
}

awaitable<void> OtlpExporter::run() {
  while (!stopping_ || !queue_.empty()) {
    if (!stopping_ && queue_.size() < kBatchMax) {
      co_await wake_.wait_until(needs_.clock.steady_now() + kEvery);
    }
    if (queue_.empty()) continue;
    const auto size = static_cast<std::ptrdiff_t>(std::min(queue_.size(), kBatchMax));
    std::vector<base::Span> batch(std::make_move_iterator(queue_.begin()),
                                  std::make_move_iterator(queue_.begin() + size));
    queue_.erase(queue_.begin(), queue_.begin() + size);
    co_await deliver(std::move(batch));
  }
}

awaitable<void> OtlpExporter::deliver(std::vector<base::Span> batch) {
  const std::string body = otlp_document(batch);
  for (int attempt = 1;; ++attempt) {
    const bool last = stopping_ || attempt == kAttemptsMax;
    const Outcome outcome = co_await post(body, batch.size());
    if (outcome == Outcome::kTaken) co_return;
    if (outcome == Outcome::kRefused || last) {
      count("dropped", batch.size());
      // At the end: whoever does not answer will not answer the next batch either.
      if (stopping_) count("dropped", queue_.size());
      if (stopping_) queue_.clear();
      co_return;
    }
    const auto delay = full_jitter(needs_.random, attempt, kRetryBase, kRetryCap, kRetryBase);
    const auto until = needs_.clock.steady_now() + delay;
    while (!stopping_ && needs_.clock.steady_now() < until) co_await wake_.wait_until(until);
  }
}

// https://opentelemetry.io/docs/specs/otlp/#failures-1
awaitable<OtlpExporter::Outcome> OtlpExporter::post(std::string body, std::size_t spans) {
  base::HttpRequest request;
  request.method = "POST";
  request.url = config_.endpoint + "/v1/traces";
  request.headers = {{"Content-Type", "application/json"}};
  for (const auto& [name, value] : config_.headers) {
    request.headers.push_back({name, value.expose()});
  }
  request.body = std::move(body);
  aws::HttpOptions options;
  options.timeout = stopping_ ? kLastTimeout : kTimeout;
  const auto answer = co_await needs_.http.send(std::move(request), options);
  const bool failed = !answer || answer->status < 200 || answer->status > 299;
  if (failed && !failing_) {
    base::log_warn("worker", "spans do not reach the collector",
                   {{"endpoint", config_.endpoint},
                    {"error", answer ? fmt::format("status {}", answer->status)
                                     : answer.error().to_string()}});
  }
  failing_ = failed;
  if (!failed) {
    const std::size_t left_out = rejected(answer->body, spans);
    count("rejected", left_out);
    count("sent", spans - left_out);
    co_return Outcome::kTaken;
  }
  if (!answer) co_return Outcome::kAgain;
  const int status = answer->status;
  const bool again = status == 429 || status == 502 || status == 503 || status == 504;
  co_return again ? Outcome::kAgain : Outcome::kRefused;
}

}  // namespace worker
