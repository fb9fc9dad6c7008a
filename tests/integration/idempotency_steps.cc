// idempotency-steps TABLE: the DynamoDB store's steps, one JSON object a line on standard input,
// carried out against the endpoint and with the keys of AWS's variables; one object a line back.
//
//   {"do":"begin","key":"k","fingerprint":"f","in_progress_ms":60000,"keep_ms":3600000}
//     -> {"begun":"started","claim":0} | "completed" with "answer" | "in-progress" with "until_ms"
//        | "other-payload"
//   {"do":"renew","claim":0,"for_ms":60000} -> {"until_ms":..}
//   {"do":"complete","claim":0,"answer":"text"} -> {}
//   {"do":"abandon","claim":0} -> {}
//   errors -> {"error":"ClaimLost","message":".."}
#include "aws/caller.h"
#include "aws/curl_http_client.h"
#include "aws/environment.h"
#include "aws/json.h"
#include "aws/profile.h"
#include "base/random.h"
#include "consumers/idempotency/dynamodb_store.h"
#include "worker/io_loop.h"

#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

namespace idempotency = consumers::idempotency;
using aws::Json;

std::int64_t milliseconds(base::TimePoint time) {
  return std::chrono::floor<base::Duration>(time).time_since_epoch().count();
}

Json describe(const base::Error& error) {
  return {{"error", error.code}, {"message", error.to_string()}};
}

class Steps {
 public:
  Steps(aws::CurlHttpClient& http, aws::CredentialsProvider& credentials,
        const aws::EndpointConfig& endpoints, worker::IoLoop& loop, std::string table)
      : loop_(loop),
        caller_(http, credentials, clock_, random_, endpoints),
        store_(dynamodb_, clock_, random_, {std::move(table), "steps:"}) {}

  Json perform(const Json& step) {
    const auto what = step.at("do").get<std::string>();
    if (what == "begin") return begin(step);
    const idempotency::Claim& claim = claims_.at(step.at("claim").get<std::size_t>());
    if (what == "renew") {
      const auto until = loop_.run(store_.renew(claim, base::Duration(step.at("for_ms"))));
      return until ? Json{{"until_ms", milliseconds(*until)}} : describe(until.error());
    }
    const auto done = what == "complete"
                          ? loop_.run(store_.complete(claim, step.at("answer").get<std::string>()))
                          : loop_.run(store_.abandon(claim));
    return done ? Json::object() : describe(done.error());
  }

 private:
  Json begin(const Json& step) {
    idempotency::BeginRequest request;
    request.key = step.at("key");
    request.fingerprint = step.at("fingerprint");
    request.in_progress_for = base::Duration(step.at("in_progress_ms"));
    request.keep_for = base::Duration(step.at("keep_ms"));
    const auto begun = loop_.run(store_.begin(std::move(request)));
    if (!begun) return describe(begun.error());
    if (const auto* started = std::get_if<idempotency::Started>(&*begun)) {
      claims_.push_back(started->claim);
      return {{"begun", "started"},
              {"claim", claims_.size() - 1},
              {"until_ms", milliseconds(started->until)}};
    }
    if (const auto* completed = std::get_if<idempotency::AlreadyCompleted>(&*begun)) {
      return {{"begun", "completed"},
              {"answer", completed->answer},
              {"until_ms", milliseconds(completed->until)}};
    }
    if (const auto* in_progress = std::get_if<idempotency::InProgress>(&*begun)) {
      return {{"begun", "in-progress"}, {"until_ms", milliseconds(in_progress->until)}};
    }
    return {{"begun", "other-payload"}};
  }

  worker::IoLoop& loop_;
  base::RealClock clock_;
  base::Random random_ = base::Random::from_entropy();
  aws::Caller caller_;
  aws::DynamoDb dynamodb_{caller_};
  idempotency::DynamoDbStore store_;
  std::vector<idempotency::Claim> claims_;
};

int fail(const std::string& message) {
  std::fprintf(stderr, "idempotency-steps: %s\n", message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return fail("one argument expected: the table");
  worker::IoLoop loop;
  const aws::Environment environment = aws::process_environment();
  const auto endpoints = aws::load_endpoint_config(environment, aws::Profile{});
  if (!endpoints) return fail(endpoints.error().message);
  auto http = aws::CurlHttpClient::create(loop.executor(), aws::curl_options(environment));
  if (!http) return fail(http.error().message);
  aws::StaticCredentials credentials(
      {environment("AWS_ACCESS_KEY_ID").value_or(""),
       base::Secret(environment("AWS_SECRET_ACCESS_KEY").value_or("")), base::Secret(),
       std::nullopt, "environment"});
  Steps steps(**http, credentials, *endpoints, loop, argv[1]);
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << steps.perform(Json::parse(line)).dump() << std::endl;
  }
  return 0;
}
