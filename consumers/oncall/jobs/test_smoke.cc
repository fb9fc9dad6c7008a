// test-smoke: asks HTTP endpoints and compares what they answer with what is expected.
//
// Whoever sends the request chooses the URLs, and the worker's place in the network is not theirs:
// the client that it is given refuses an address that leads to the machine itself or to its
// metadata and credentials, after the name was looked up, unless the configuration allows the host
// (aws::CurlOptions::routable_only). No redirect is followed, nothing of ours is sent along, and of
// an answer only whether it fits comes back.
#include "consumers/oncall/jobs/built_in.h"
#include "consumers/oncall/jobs/params.h"

#include <fmt/format.h>

#include <utility>

namespace consumers::oncall {

namespace {

constexpr std::size_t kBodyBytesMax = 1U << 20U;

constexpr const char* kOutput = R"json({
  "type": "object",
  "properties": {
    "passed": {"type": "boolean", "description": "Every check passed"},
    "checks": {"type": "array", "description": "url, passed, status, latency_ms and the )json"
                                R"json(problem, in the order of the request"}
  }
})json";

Entry make_entry(const BuiltInConfig& config) {
  Entry entry;
  entry.name = "test-smoke";
  entry.purpose = "Checks that HTTP endpoints answer as they should: status, text, latency";
  entry.params_schema = R"json({
    "type": "object",
    "required": ["endpoints"],
    "additionalProperties": false,
    "properties": {
      "endpoints": {
        "type": "array", "minItems": 1, "maxItems": 50,
        "description": "What is asked, one after the other",
        "items": {
          "type": "object",
          "required": ["url"],
          "additionalProperties": false,
          "properties": {
            "url": {"type": "string", "pattern": "^https?://[^/?#@\\s]+([/?][^#\\s]*)?$", )json"
                        R"json("maxLength": 2048,
                    "description": "http:// or https://, without user, password or fragment"},
            "method": {"type": "string", "enum": ["GET", "HEAD"], "default": "GET",
                       "description": "HTTP method"},
            "status": {"type": "integer", "minimum": 100, "maximum": 599, "default": 200,
                       "description": "The status that is expected"},
            "body": {"type": "string", "maxLength": 1000,
                     "description": "A text that the answer's body has to hold"},
            "latency_ms": {"type": "integer", "minimum": 1, "maximum": 60000,
                           "description": "At most so many milliseconds"}
          }
        }
      },
      "timeout_ms": {"type": "integer", "minimum": 100, "maximum": 60000, "default": 10000,
                     "description": "How long one endpoint may take to answer at all"}
    }
  })json";
  entry.output_schema = kOutput;
  entry.example =
      R"({"endpoints":[{"url":"https://shop.example.com/health","body":"ok","latency_ms":800}]})";
  entry.owner = config.owner;
  entry.timeout = std::chrono::minutes(10);
  entry.safe_to_retry = true;
  return entry;
}

class TestSmokeJob final : public Job {
 public:
  TestSmokeJob(const Clients& clients, const BuiltInConfig& config)
      : http_(clients.http), clock_(clients.clock), entry_(make_entry(config)) {}

  const Entry& entry() const override { return entry_; }
  boost::asio::awaitable<Answer> run(Request request, JobLog& log) override;

 private:
  struct Check {
    std::string url;
    std::string method;
    int status = 200;
    std::string body;
    std::int64_t latency_ms = 0;  // 0: any
  };
  boost::asio::awaitable<Json> ask(Check check, base::Duration timeout);

  aws::HttpClient& http_;
  base::Clock& clock_;
  Entry entry_;
};

std::string problem_of(const base::HttpResponse& response, int status, const std::string& body) {
  if (response.status != status) {
    return fmt::format("status {}; expected {}", response.status, status);
  }
  if (!body.empty() && response.body.find(body) == std::string::npos) {
    return fmt::format("the body of {} bytes does not hold \"{}\"", response.body.size(),
                       cut(body, 100));
  }
  return {};
}

boost::asio::awaitable<Json> TestSmokeJob::ask(Check check, base::Duration timeout) {
  base::HttpRequest request;
  request.method = check.method;
  request.url = check.url;
  request.headers = {{"User-Agent", "autorecycle"}, {"Accept", "*/*"}};
  aws::HttpOptions options;
  options.timeout = timeout;
  options.body_bytes_max = kBodyBytesMax;
  const base::SteadyPoint asked = clock_.steady_now();
  const auto response = co_await http_.send(std::move(request), options);
  const auto latency =
      std::chrono::duration_cast<base::Duration>(clock_.steady_now() - asked).count();
  std::string problem;
  if (!response) {
    const base::Error error = response.error();
    problem = error.code == "AddressRefused"
                  ? "its address is the worker's own, or of its metadata: not allowed"
                  : error.to_string();
  } else {
    problem = problem_of(*response, check.status, check.body);
    if (problem.empty() && check.latency_ms > 0 && latency > check.latency_ms) {
      problem = fmt::format("{} ms; expected at most {}", latency, check.latency_ms);
    }
  }
  Json result = {{"url", check.url}, {"passed", problem.empty()}};
  result["status"] = response ? Json(response->status) : Json(nullptr);
  result["latency_ms"] = latency;
  if (!problem.empty()) result["problem"] = cut(problem, 500);
  co_return result;
}

boost::asio::awaitable<Answer> TestSmokeJob::run(Request request, JobLog& log) {
  const Params params(request.params);
  const base::Duration timeout(params.number("timeout_ms", 10'000));
  Json body = {{"passed", true}, {"checks", Json::array()}};
  for (const Json& one : params.objects("endpoints")) {
    const Params endpoint(dump(one));
    Check check;
    check.url = endpoint.text("url");
    check.method = endpoint.text("method", "GET");
    check.status = static_cast<int>(endpoint.number("status", 200));
    check.body = endpoint.text("body");
    check.latency_ms = endpoint.number("latency_ms");
    Json result = co_await ask(std::move(check), timeout);
    log.line(
        fmt::format("{}: {}", result["url"].get<std::string>(), result.value("problem", "passed")));
    if (!result["passed"].get<bool>()) body["passed"] = false;
    body["checks"].push_back(std::move(result));
  }
  co_return body["passed"].get<bool>() ? done(body) : failed_with(500, body);
}

}  // namespace

std::unique_ptr<Job> make_test_smoke(const Clients& clients, const BuiltInConfig& config) {
  return std::make_unique<TestSmokeJob>(clients, config);
}

}  // namespace consumers::oncall
