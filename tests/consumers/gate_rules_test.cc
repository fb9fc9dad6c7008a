#include "consumers/recycle/gates/rules.h"

#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

using Tags = std::map<std::string, std::string>;

GateDefaults defaults() {
  GateDefaults known;
  known.commands = {{"smoke", "deep"}};
  known.hooks = {{"drain"}};
  return known;
}

TEST(GateRules, AskForNothingWithoutTags) {
  const auto rules = read_gates({}, {});
  ASSERT_TRUE(rules) << rules.error().message;
  EXPECT_EQ(rules->min_age.count(), 0);
  EXPECT_FALSE(rules->http);
  EXPECT_TRUE(rules->command.empty());
  EXPECT_TRUE(rules->alarms.empty());
}

TEST(GateRules, ReadEveryTag) {
  const auto rules = read_gates({{"autorecycle_gate_min_age", "2m"},
                                 {"autorecycle_gate_http", "https:8443/health/deep"},
                                 {"autorecycle_gate_http_status", "200-204"},
                                 {"autorecycle_gate_http_request_timeout", "3s"},
                                 {"autorecycle_gate_http_timeout", "300"},
                                 {"autorecycle_gate_command", "smoke"},
                                 {"autorecycle_gate_command_run_timeout", "1m"},
                                 {"autorecycle_gate_alarms", "web-5xx + web latency"},
                                 {"autorecycle_gate_bake", "1h"}},
                                defaults());
  ASSERT_TRUE(rules) << rules.error().message;
  EXPECT_EQ(rules->min_age, std::chrono::minutes(2));
  ASSERT_TRUE(rules->http);
  EXPECT_EQ(*rules->http, (HttpGate{.tls = true,
                                    .port = 8443,
                                    .path = "/health/deep",
                                    .status_low = 200,
                                    .status_high = 204,
                                    .request_timeout = std::chrono::seconds(3)}));
  EXPECT_EQ(rules->timeout(Gate::kHttp), std::chrono::minutes(5));
  EXPECT_FALSE(rules->timeout(Gate::kAge));
  EXPECT_EQ(rules->command, "smoke");
  EXPECT_EQ(rules->command_timeout, std::chrono::minutes(1));
  EXPECT_EQ(rules->alarms, (std::vector<std::string>{"web-5xx", "web latency"}));
  EXPECT_EQ(rules->bake, std::chrono::hours(1));
}

TEST(GateRules, TakeTheConfigurationWhereTheGroupSaysNothing) {
  GateDefaults known = defaults();
  known.tags = {{"autorecycle_gate_min_age", "90s"}, {"autorecycle_gate_http", "http:80/"}};
  const auto rules = read_gates({{"autorecycle_gate_http", "off"}}, known);
  ASSERT_TRUE(rules) << rules.error().message;
  EXPECT_EQ(rules->min_age, std::chrono::seconds(90));
  EXPECT_FALSE(rules->http);
}

struct Wrong {
  const char* tag;
  const char* value;
  const char* accepted;
};

class WrongGateTag : public testing::TestWithParam<Wrong> {};

INSTANTIATE_TEST_SUITE_P(
    GateRules, WrongGateTag,
    testing::Values(Wrong{"autorecycle_gate_min_age", "soon", "90s, 5m or 2h"},
                    Wrong{"autorecycle_gate_min_age", "2d", "from 1s to 1d"},
                    Wrong{"autorecycle_gate_min_age", "-5s", "from 1s to 1d"},
                    Wrong{"autorecycle_gate_http", "8080/health", "http:PORT/PATH"},
                    Wrong{"autorecycle_gate_http", "http:0/", "http:PORT/PATH"},
                    Wrong{"autorecycle_gate_http", "http:65536/", "http:PORT/PATH"},
                    // Only the group's instances are asked: no host fits in.
                    Wrong{"autorecycle_gate_http", "http://169.254.169.254/latest",
                          "the host is always"},
                    Wrong{"autorecycle_gate_http", "http:80@evil.example/", "the host is always"},
                    Wrong{"autorecycle_gate_http", "http:80/a b", "http:PORT/PATH"},
                    Wrong{"autorecycle_gate_http", "http:80/\r\nX-Evil: 1", "http:PORT/PATH"},
                    Wrong{"autorecycle_gate_http", "file:80/etc/passwd", "http:PORT/PATH"},
                    Wrong{"autorecycle_gate_http_status", "ok", "such as 200"},
                    Wrong{"autorecycle_gate_http_status", "299-200", "200-299"},
                    Wrong{"autorecycle_gate_http_request_timeout", "2m", "from 1s to 1m"},
                    Wrong{"autorecycle_gate_http_timeout", "x", "or off"},
                    Wrong{"autorecycle_gate_command", "rm", "one of deep, smoke"},
                    Wrong{"autorecycle_gate_command", "/bin/sh", "one of deep, smoke"},
                    Wrong{"autorecycle_gate_alarms", "a++b", "joined by +"},
                    Wrong{"autorecycle_gate_bake", "0", "from 1s to 1d"},
                    Wrong{"autorecycle_hook_before_start", "https://evil.example", "one of drain"},
                    Wrong{"autorecycle_hook_failure", "ignore", "fail or continue"},
                    Wrong{"autorecycle_hook_timeout", "1h", "from 1s to 10m"}));

TEST_P(WrongGateTag, IsNamedWithItsValueAndWhatIsAccepted) {
  const auto& [tag, value, accepted] = GetParam();
  const Tags tags = {{tag, value}};
  const auto gates = read_gates(tags, defaults());
  const auto hooks = read_hooks(tags, defaults());
  ASSERT_NE(gates.has_value(), hooks.has_value());
  const std::string text = gates ? hooks.error().message : gates.error().message;
  EXPECT_NE(text.find(tag), std::string::npos) << text;
  EXPECT_NE(text.find(value), std::string::npos) << text;
  EXPECT_NE(text.find(accepted), std::string::npos) << text;
}

TEST(GateRules, NameTheOptionWhenTheConfigurationIsWrong) {
  GateDefaults known;
  known.tags = {{"autorecycle_gate_min_age", "soon"}};
  const auto rules = read_gates({}, known);
  ASSERT_FALSE(rules);
  EXPECT_NE(rules.error().message.find("option gate-min-age"), std::string::npos)
      << rules.error().message;
}

TEST(GateRules, LeaveNamesUncheckedWhereTheyAreNotKnown) {
  EXPECT_TRUE(read_gates({{"autorecycle_gate_command", "smoke"}}, {}));
  EXPECT_FALSE(read_gates({{"autorecycle_gate_command", ""}}, {}));
}

TEST(GateRules, AreAllAmongTheTagsThatAreListed) { EXPECT_EQ(gate_tags().size(), 19U); }

TEST(HookRules, ReadEveryTag) {
  const auto rules = read_hooks({{"autorecycle_hook_before_start", "drain"},
                                 {"autorecycle_hook_before_terminate", "drain"},
                                 {"autorecycle_hook_after_end", "drain"},
                                 {"autorecycle_hook_timeout", "10s"},
                                 {"autorecycle_hook_failure", "continue"}},
                                defaults());
  ASSERT_TRUE(rules) << rules.error().message;
  EXPECT_EQ(rules->before_start, "drain");
  EXPECT_EQ(rules->before_terminate, "drain");
  EXPECT_EQ(rules->after_end, "drain");
  EXPECT_EQ(rules->timeout, std::chrono::seconds(10));
  EXPECT_FALSE(rules->failure_stops);
}

}  // namespace
}  // namespace consumers::recycle
