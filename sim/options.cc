#include "sim/options.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <vector>

namespace sim {

namespace {

constexpr const char* kDescription =
    "A simulated AWS region on a port: SQS, EventBridge, EC2 Auto Scaling, EC2 launch templates "
    "and\n"
    "instances, load balancer target health, STS and Step Functions, in their real wire "
    "protocols.\n"
    "Everything is in memory and gone at exit.";

constexpr const char* kFooter = R"(
Try it:
  autorecycle-sim --port 4580 &
  export AWS_ENDPOINT_URL=http://127.0.0.1:4580 AWS_REGION=eu-west-2
  export AWS_ACCESS_KEY_ID=AKIDSIMULATED AWS_SECRET_ACCESS_KEY=simulated-secret
  aws autoscaling describe-auto-scaling-groups
  aws --endpoint-url $AWS_ENDPOINT_URL sqs create-queue --queue-name jobs
  curl http://127.0.0.1:4580/_sim/groups

Faults while it runs:
  curl -d '{"rules":[{"kind":"throttle","service":"autoscaling","probability":0.2}]}' \
       http://127.0.0.1:4580/_sim/faults

docs/simulator.md says what is simulated, and how far.)";

struct Lag {
  const char* flag;
  const char* name;
  const char* help;
};

constexpr Lag kLags[] = {
    {"--launch-lag", "launch_lag_ms", "an instance takes this long from Pending to InService"},
    {"--reaction-lag", "reaction_lag_ms", "a group takes this long to react to a change"},
    {"--terminate-lag", "terminate_lag_ms", "an instance takes this long to terminate"},
    {"--healthy-lag", "target_healthy_lag_ms", "a registered target takes this long to be healthy"},
    {"--health-lag", "health_lag_ms", "a failed health check takes this long to be acted on"},
    {"--deregistration-delay", "deregistration_delay_ms", "a target drains this long"},
};

// "ID=SECRET" or "ID=SECRET:SESSION_TOKEN"; a secret access key has no colon in it.
std::string add_key(WorldConfig& world, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos || equals + 1 == text.size()) {
    return "expected ID=SECRET or ID=SECRET:SESSION_TOKEN";
  }
  const std::string id = text.substr(0, equals);
  const std::size_t colon = text.find(':', equals);
  world.keys[id] = text.substr(equals + 1, colon == std::string::npos ? colon : colon - equals - 1);
  if (colon != std::string::npos) world.session_tokens[id] = text.substr(colon + 1);
  return {};
}

// CLI11's range lets it through: it is neither below nor above.
std::string refuse_nan(std::string& text) {
  return text.find_first_of("nN") == std::string::npos ? "" : "expected a number, found " + text;
}

std::string refuse_bad_region(std::string& text) {
  const auto is_good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  const bool good = !text.empty() && std::ranges::all_of(text, is_good);
  return good ? "" : "expected a region's name such as eu-west-2, found \"" + text + "\"";
}

std::string refuse_bad_account(std::string& text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool good = text.size() == 12 && std::ranges::all_of(text, is_digit);
  return good ? "" : "expected twelve digits, found \"" + text + "\"";
}

}  // namespace

ParsedOptions parse_options(int argc, char** argv) {
  ParsedOptions parsed;
  Options& options = parsed.options;
  CLI::App app(kDescription, "autorecycle-sim");
  app.footer(kFooter);
  app.option_defaults()->always_capture_default();
  app.add_option("--port", options.port, "port to listen on; 0 picks a free one");
  app.add_option("--address", options.address, "address to listen on");
  app.add_option("--port-file", options.port_file,
                 "write the port here once it is open, for scripts that asked for port 0");
  app.add_option("--seed", options.world.seed, "seed of all randomness: ids, jitter, faults");
  app.add_option("--speed", options.speed, "how many times faster than real time the region runs")
      ->check(CLI::Range(1.0, 100'000.0) & CLI::Validator(refuse_nan, "", "number"));
  app.add_option("--region", options.world.region, "name of the region")
      ->check(CLI::Validator(refuse_bad_region, "", "region"));
  app.add_option("--account", options.world.account, "account id, twelve digits")
      ->check(CLI::Validator(refuse_bad_account, "", "account"));
  std::vector<std::string> keys;
  app.add_option("--key", keys,
                 "credentials to accept, ID=SECRET or ID=SECRET:SESSION_TOKEN; may be repeated "
                 "[AKIDSIMULATED=simulated-secret]");
  bool no_auth = false;
  app.add_flag("--no-auth", no_auth, "accept any credentials, and none");
  std::uint64_t chaos = 0;
  auto* chaos_option =
      app.add_option("--chaos", chaos, "start with a mixture of faults from this seed");
  std::map<std::string, std::int64_t> lags;
  for (const Lag& lag : kLags) {
    app.add_option_function<std::int64_t>(
           std::string(lag.flag) + "-ms",
           [&lags, name = lag.name](const std::int64_t& value) { lags[name] = value; }, lag.help)
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{86'400'000}))
        ->group("Lags, in milliseconds of the region's time");
  }
  app.add_flag("-v,--verbose", options.verbose, "log every call");
  try {
    app.parse(argc, argv);
    if (!keys.empty()) options.world.keys.clear();
    for (const std::string& key : keys) {
      const std::string problem = add_key(options.world, key);
      if (!problem.empty()) throw CLI::ValidationError("--key", problem);
    }
  } catch (const CLI::ParseError& error) {
    // CLI11 has a code for every mistake; ours is 2, wrong usage, as autorecycle's.
    parsed.exit_code = app.exit(error) == 0 ? 0 : 2;
    return parsed;
  }
  if (no_auth) options.world.keys.clear();
  if (chaos_option->count() > 0) options.chaos = chaos;
  // An accelerated region runs ahead of its clients' clocks; their signatures are not to blame.
  options.world.signature_time_is_real = options.speed > 1;
  for (const auto& [name, value] : lags) options.lags[name] = value;
  return parsed;
}

}  // namespace sim
