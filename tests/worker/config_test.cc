#include "worker/config.h"

#include "worker/commands.h"
#include "worker/notifications.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace worker {
namespace {

TEST(Config, PrefersFlagThenEnvironmentThenFileThenDefault) {
  const Settings file = {{"drain-deadline", "1s"}, {"poll-wait", "2s"}, {"retry-cap", "3m"}};
  const Settings environment = {{"AUTORECYCLE_DRAIN_DEADLINE", "4s"},
                                {"AUTORECYCLE_POLL_WAIT", "5s"}};
  const Settings flags = {{"drain-deadline", "6s"}};
  const auto config = resolve_config(flags, environment, file, "x.json");
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->drain_deadline, std::chrono::seconds(6));
  EXPECT_EQ(config->poll_wait, std::chrono::seconds(5));
  EXPECT_EQ(config->retry_cap, std::chrono::minutes(3));
  EXPECT_EQ(config->retry_base, std::chrono::seconds(5));
}

TEST(Config, TakesBucketsByTheirNamesOnly) {
  const auto config = resolve_config({{"payload-buckets", "one-bucket, two.buckets"},
                                      {"payload-bucket", "three-buckets"},
                                      {"payload-threshold", "262144"}},
                                     {}, {});
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->payloads.buckets, (std::set<std::string>{"one-bucket", "two.buckets"}));
  EXPECT_EQ(config->payloads.bucket, "three-buckets");
  EXPECT_EQ(config->payloads.threshold, 262'144U);
  EXPECT_EQ(resolve_config({{"payload-bucket", "off"}}, {}, {})->payloads.bucket, "");
  for (const Settings& wrong :
       {Settings{{"payload-buckets", "One_Bucket"}}, Settings{{"payload-buckets", "a-bucket,,b-b"}},
        Settings{{"payload-bucket", "s3://bucket"}}, Settings{{"payload-bucket", ""}},
        Settings{{"payload-threshold", "0"}}, Settings{{"payload-threshold", "1048577"}},
        Settings{{"payload-threshold", "256k"}}}) {
    EXPECT_FALSE(resolve_config(wrong, {}, {})) << wrong.begin()->second;
  }
}

TEST(Config, ReadsWhereMetricsAndTracesGo) {
  const auto config =
      resolve_config({{"cloudwatch-namespace", "Autorecycle/Worker"},
                      {"cloudwatch-dimensions", "environment=production; service = oncall"},
                      {"cloudwatch-metrics", "autorecycle_recycles_total, autorecycle_jobs_total"},
                      {"cloudwatch-interval", "5m"},
                      {"xray-daemon", "127.0.0.1:2000"},
                      {"otlp-endpoint", "http://127.0.0.1:4318/"},
                      {"trace-sample", "0.05"}},
                     {{"AUTORECYCLE_OTLP_HEADERS", "x-key=a=b"}}, {});
  ASSERT_TRUE(config) << config.error().to_string();
  const TelemetryConfig& telemetry = config->telemetry;
  EXPECT_EQ(telemetry.cloudwatch.name_space, "Autorecycle/Worker");
  EXPECT_EQ(telemetry.cloudwatch.selection.dimensions,
            (std::vector<std::pair<std::string, std::string>>{{"environment", "production"},
                                                              {"service", "oncall"}}));
  EXPECT_EQ(telemetry.cloudwatch.selection.names,
            (std::set<std::string>{"autorecycle_jobs_total", "autorecycle_recycles_total"}));
  EXPECT_EQ(telemetry.cloudwatch.interval, std::chrono::minutes(5));
  EXPECT_EQ(telemetry.xray_daemon, "127.0.0.1:2000");
  EXPECT_EQ(telemetry.otlp.endpoint, "http://127.0.0.1:4318");
  ASSERT_EQ(telemetry.otlp.headers.size(), 1U);
  EXPECT_EQ(telemetry.otlp.headers[0].second, base::Secret("a=b"));
  EXPECT_DOUBLE_EQ(telemetry.trace_sample, 0.05);
  const auto none = resolve_config({}, {}, {});
  EXPECT_TRUE(none->telemetry.cloudwatch.name_space.empty());
  EXPECT_TRUE(none->telemetry.xray_daemon.empty());
  EXPECT_TRUE(none->telemetry.otlp.endpoint.empty());
}

TEST(Config, RefusesPlacesThatCannotBe) {
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"cloudwatch-namespace", "AWS/SQS"},
           {"cloudwatch-namespace", "two words"},
           {"cloudwatch-dimensions", "environment"},
           {"cloudwatch-dimensions", "=production"},
           {"cloudwatch-dimensions", ":environment=production"},
           {"cloudwatch-metrics", "recycles"},
           {"cloudwatch-interval", "30s"},
           {"xray-daemon", "localhost:2000"},
           {"otlp-endpoint", "127.0.0.1:4318"},
           {"trace-sample", "1.5"},
           {"trace-sample", "nan"},
           {"trace-sample", "some"}}) {
    const auto refused = resolve_config({{name, value}}, {}, {});
    ASSERT_FALSE(refused) << name << " " << value;
    EXPECT_NE(refused.error().message.find("--" + name), std::string::npos);
  }
}

TEST(Config, TakesEveryOptionFromEveryPlace) {
  // A value that each option accepts and that is not its default.
  const Settings values = {{"events-in-flight", "3"},
                           {"recycles-in-flight", "3"},
                           {"oncall-in-flight", "3"},
                           {"in-flight-total", "3"},
                           {"pollers", "3"},
                           {"visibility-timeout", "31s"},
                           {"poll-wait", "11s"},
                           {"retry-base", "2s"},
                           {"retry-cap", "2m"},
                           {"drain-deadline", "2s"},
                           {"startup-timeout", "2s"},
                           {"payload-threshold", "3"},
                           {"listen", "127.0.0.1:0"},
                           {"recycle-interval", "2s"},
                           {"ready-timeout", "2s"},
                           {"terminate-timeout", "2s"},
                           {"handover-after", "2h"},
                           {"force", "true"},
                           {"dry-run", "true"},
                           {"output", "json"},
                           {"log-level", "debug"},
                           {"log-format", "json"},
                           {"gate-commands", "a=/b"},
                           {"hooks", "a=https://b.example/"},
                           {"slack-webhook", "https://b.example/"},
                           {"slack-api", "https://b.example"},
                           {"pagerduty-url", "https://b.example"},
                           {"sns-topic", "arn:aws:sns:eu-west-2:123456789012:recycles"},
                           {"notify-deadline", "3s"},
                           {"sweep-interval", "2s"},
                           {"cloudwatch-dimensions", "a=b"},
                           {"cloudwatch-metrics", "autorecycle_polls_total"},
                           {"cloudwatch-interval", "2m"},
                           {"xray-daemon", "127.0.0.1:2000"},
                           {"otlp-endpoint", "https://b.example"},
                           {"otlp-headers", "a=b"},
                           {"trace-sample", "0.5"},
                           {"oncall-allow", "oncall-restart-*=alice|bob"},
                           {"oncall-scripts-at-once", "3"},
                           {"oncall-topic", "arn:aws:sns:eu-west-2:123456789012:jobs"},
                           {"oncall-attempts", "2"},
                           {"watch", "true"},
                           {"every", "2s"},
                           {"restore", "true"},
                           {"days", "3"},
                           {"json", "true"}};
  for (const OptionSpec& spec : option_specs()) {
    const auto found = values.find(spec.name);
    const std::string value = found == values.end() ? "something" : found->second;
    EXPECT_TRUE(resolve_config({{spec.name, value}}, {}, {})) << spec.name;
    EXPECT_TRUE(resolve_config({}, {{environment_name(spec.name), value}}, {})) << spec.name;
    const auto file = parse_config_file("{\"" + spec.name + "\": \"" + value + "\"}", "x.json");
    ASSERT_TRUE(file) << spec.name;
    EXPECT_TRUE(resolve_config({}, {}, *file, "x.json")) << spec.name;
  }
}

TEST(Config, NamesAreUnique) {
  std::set<std::string> names;
  for (const OptionSpec& spec : option_specs()) {
    EXPECT_TRUE(names.insert(spec.name).second) << spec.name;
  }
}

TEST(Config, SaysPlaceValueAndWhatIsAccepted) {
  struct Row {
    Settings flags;
    Settings environment;
    Settings file;
    std::string says;
  };
  const Row rows[] = {
      {{{"drain-deadline", "soon"}}, {}, {}, "--drain-deadline: \"soon\" is not accepted"},
      {{}, {{"AUTORECYCLE_POLL_WAIT", "21s"}}, {}, "AUTORECYCLE_POLL_WAIT: \"21s\" is not"},
      {{}, {}, {{"listen", "9464"}}, "x.toml: listen: \"9464\" is not accepted; expected ADDRESS"},
      {{{"listen", "300.1.1.1:0"}}, {}, {}, "--listen: \"300.1.1.1:0\" is not accepted"},
      {{{"listen", "localhost:0"}}, {}, {}, "--listen: \"localhost:0\" is not accepted"},
      {{{"listen", "[::1:0"}}, {}, {}, "--listen: \"[::1:0\" is not accepted"},
      {{{"events-in-flight", "0"}}, {}, {}, "expected a number from 1 to 100000"},
      {{{"output", "xml"}}, {}, {}, "expected json or table"},
      {{{"log-level", "loud"}}, {}, {}, "expected debug, info, warn or error"},
      {{{"visibility-timeout", "13h"}}, {}, {}, "from 5s to 12h"},
  };
  for (const Row& row : rows) {
    const auto config = resolve_config(row.flags, row.environment, row.file, "x.toml");
    ASSERT_FALSE(config) << row.says;
    EXPECT_NE(config.error().message.find(row.says), std::string::npos) << config.error().message;
  }
}

TEST(Config, RepeatsNoSecretInAnError) {
  for (const auto& [name, value] :
       {std::pair{"SLACK_WEBHOOK", "s3cr3t"}, std::pair{"SLACK_TOKEN", "s3cr3t token"},
        std::pair{"PAGERDUTY_KEY", "s3cr3t\n"}, std::pair{"HOOKS", "https://b.example/s3cr3t"}}) {
    const auto config = resolve_config({}, {{std::string("AUTORECYCLE_") + name, value}}, {});
    ASSERT_FALSE(config) << name;
    EXPECT_NE(config.error().message.find(name), std::string::npos);
    EXPECT_EQ(config.error().message.find("s3cr3t"), std::string::npos) << config.error().message;
  }
}

TEST(Config, GivesEveryGateTagAnOptionThatIsReadLikeTheTag) {
  const auto config = resolve_config({{"gate-min-age", "2m"}, {"gate-http", "http:80/"}}, {}, {});
  ASSERT_TRUE(config) << config.error().to_string();
  auto recycle = recycle_config(*config);
  ASSERT_TRUE(recycle) << recycle.error().to_string();
  const auto rules = consumers::recycle::read_gates({}, recycle->gates);
  ASSERT_TRUE(rules);
  EXPECT_EQ(rules->min_age, std::chrono::minutes(2));
  EXPECT_TRUE(rules->http);
  for (const std::string_view tag : consumers::recycle::gate_tags()) {
    std::string option(tag.substr(std::string_view("autorecycle_").size()));
    std::replace(option.begin(), option.end(), '_', '-');
    ASSERT_NE(find_option(option), nullptr) << option;
  }
  const auto wrong = recycle_config(*resolve_config({{"gate-min-age", "soon"}}, {}, {}));
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("option gate-min-age has the value \"soon\""),
            std::string::npos)
      << wrong.error().message;
}

TEST(Programs, AreKnownByTheirNames) {
  const auto config =
      resolve_config({},
                     {{"AUTORECYCLE_GATE_COMMANDS", "smoke=/opt/smoke --fast 'a; b'; db = /opt/db"},
                      {"AUTORECYCLE_HOOKS", "drain=https://b.example/x?y=z\ntell=/opt/tell"}},
                     {});
  ASSERT_TRUE(config) << config.error().to_string();
  consumers::recycle::GateDefaults defaults;
  name_programs(*config, defaults);
  EXPECT_EQ(defaults.commands, (std::set<std::string>{"db", "smoke"}));
  EXPECT_EQ(defaults.hooks, (std::set<std::string>{"drain", "tell"}));
  const auto commands = consumers::recycle::parse_commands(config->gates.commands);
  EXPECT_EQ(commands->at("smoke"), (std::vector<std::string>{"/opt/smoke", "--fast", "a; b"}));
  for (const char* wrong : {"=x", "a", "a=", "a=x;a=y", "a b=x", "off=x", "a='x"}) {
    EXPECT_FALSE(consumers::recycle::parse_commands(wrong)) << wrong;
  }
}

TEST(Config, SwitchesAQueueOffByItsName) {
  const auto config = resolve_config({{"recycles-queue", "off"}, {"oncall-queue", "jobs"}}, {}, {});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->recycles.queue, "");
  EXPECT_EQ(config->oncall.queue, "jobs");
  EXPECT_EQ(config->events.queue, "autorecycle-events");
}

TEST(Config, TreatsAnEmptyVariableAsUnset) {
  const auto config = resolve_config({}, {{"AUTORECYCLE_POLL_WAIT", ""}}, {});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->poll_wait, std::chrono::seconds(20));
}

TEST(Config, ReportsVariablesThatNameNoOption) {
  const Settings environment = {{"AUTORECYCLE_EVENT_QUEUE", "typo"},
                                {"AUTORECYCLE_EVENTS_QUEUE", "fine"},
                                {"AUTORECYCLE_CONFIG", "fine"},
                                {"HOME", "/"}};
  EXPECT_EQ(unknown_environment(environment), std::vector<std::string>{"AUTORECYCLE_EVENT_QUEUE"});
}

TEST(ConfigFile, ReadsJsonTomlAndIniAlike) {
  const char* texts[] = {
      "{\"poll-wait\": \"3s\", \"events-in-flight\": 7, \"force\": true} // comment\n",
      "poll-wait = \"3s\"\nevents-in-flight = 7\nforce = true\n# comment\n",
      "; comment\npoll-wait=3s\nevents-in-flight=7\nforce=true\n",
  };
  for (const char* text : texts) {
    const auto settings = parse_config_file(text, "config");
    ASSERT_TRUE(settings) << text << settings.error().message;
    const auto config = resolve_config({}, {}, *settings, "config");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->poll_wait, std::chrono::seconds(3)) << text;
    EXPECT_EQ(config->events.in_flight_max, 7) << text;
    EXPECT_TRUE(config->force) << text;
  }
}

TEST(ConfigFile, RefusesUnknownKeysAndNamesTheAcceptedOnes) {
  for (const char* text :
       {"{\"pol-wait\": \"3s\"}", "pol-wait = \"3s\"\n", "[worker]\npoll-wait=3s\n"}) {
    const auto settings = parse_config_file(text, "my.conf");
    ASSERT_FALSE(settings) << text;
    EXPECT_NE(settings.error().message.find("my.conf: unknown option"), std::string::npos);
    EXPECT_NE(settings.error().message.find("visibility-timeout"), std::string::npos);
  }
}

TEST(ConfigFile, RefusesWhatIsNotPlain) {
  for (const char* text : {"{\"poll-wait\": [1]}", "{\"poll-wait\": null}",
                           "{\"poll-wait\": ", "{} x", "poll-wait = [1, 2]\n"}) {
    EXPECT_FALSE(parse_config_file(text, "my.conf")) << text;
  }
  EXPECT_TRUE(parse_config_file("", "empty"));
}

TEST(Duration, ReadsUnitsAndRefusesTheRest) {
  struct Row {
    const char* text;
    std::int64_t milliseconds;  // -1: refused
  };
  const Row rows[] = {{"250ms", 250},     {"30s", 30'000},
                      {"5m", 300'000},    {"2h", 7'200'000},
                      {"1d", 86'400'000}, {"90", 90'000},
                      {"1m30s", 90'000},  {"0", 0},
                      {"", -1},           {"-1s", -1},
                      {"1x", -1},         {"s", -1},
                      {"1.5s", -1},       {"99999999999999999999s", -1},
                      {"15d", -1},        {"1s2", -1}};
  for (const Row& row : rows) {
    base::Duration duration{0};
    EXPECT_EQ(parse_duration(row.text, duration), row.milliseconds >= 0) << row.text;
    if (row.milliseconds >= 0) EXPECT_EQ(duration.count(), row.milliseconds) << row.text;
  }
}

}  // namespace
}  // namespace worker
