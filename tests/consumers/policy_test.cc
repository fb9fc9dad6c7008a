#include "consumers/recycle/policy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

using Tags = std::map<std::string, std::string>;

const Tags kRecyclable = {{"autorecycle_recycle_on_asg_update", "true"},
                          {"autorecycle_strategy", "out-in"}};

Tags with(Tags tags, const std::string& key, const std::string& value) {
  tags[key] = value;
  return tags;
}

Policy policy_of(const Tags& tags, const PolicyOverrides& overrides = {},
                 const WindowRule& window = {}) {
  const auto read = read_policy("payments-asg-2019", tags, overrides, window);
  EXPECT_TRUE(read) << read.error().to_string();
  EXPECT_TRUE(std::holds_alternative<Policy>(*read)) << std::get<NotRecyclable>(*read).reason;
  return std::get<Policy>(*read);
}

std::string refusal(const Tags& tags, const PolicyOverrides& overrides = {}) {
  const auto read = read_policy("payments-asg-2019", tags, overrides, WindowRule{});
  EXPECT_TRUE(read && std::holds_alternative<NotRecyclable>(*read));
  return std::get<NotRecyclable>(*read).reason;
}

std::string error_of(const Tags& tags, const PolicyOverrides& overrides = {}) {
  const auto read = read_policy("payments-asg-2019", tags, overrides, WindowRule{});
  EXPECT_FALSE(read);
  EXPECT_EQ(read.error().kind, base::ErrorKind::kInvalid);
  return read.error().message;
}

TEST(Policy, NamesTheMissingRequiredTags) {
  EXPECT_EQ(refusal({}),
            "The component payments is not recycleable - missing required tags "
            "[autorecycle_recycle_on_asg_update, autorecycle_strategy]");
  EXPECT_EQ(refusal({{"autorecycle_strategy", "out-in"}}),
            "The component payments is not recycleable - missing required tags "
            "[autorecycle_recycle_on_asg_update]");
  EXPECT_EQ(refusal({{"autorecycle_recycle_on_asg_update", "true"}}),
            "The component payments is not recycleable - missing required tags "
            "[autorecycle_strategy]");
}

TEST(Policy, IsSwitchedOnByTrueInAnyCaseOnly) {
  for (const char* on : {"true", "True", "TRUE", "tRuE"}) {
    policy_of(with(kRecyclable, "autorecycle_recycle_on_asg_update", on));
  }
  for (const char* off : {"false", "", "yes", "1", " true", "true ", "truetrue", "tru"}) {
    EXPECT_NE(refusal(with(kRecyclable, "autorecycle_recycle_on_asg_update", off))
                  .find("is not recycleable - autorecycle_recycle_on_asg_update"),
              std::string::npos);
  }
}

TEST(Policy, ReadsEveryTag) {
  const Policy policy = policy_of({{"autorecycle_recycle_on_asg_update", "true"},
                                   {"autorecycle_strategy", "in-out"},
                                   {"autorecycle_override_component_name", "payments-sftp"},
                                   {"autorecycle_slack_monitoring_channel", "team-alerts"},
                                   {"autorecycle_notify_pager_duty", "True"},
                                   {"autorecycle_team", "Telemetry"},
                                   {"autorecycle_step_function_name", "step-func"},
                                   {"autorecycle_dry_run", "true"}});
  EXPECT_EQ(policy.strategy, Strategy::kInOut);
  EXPECT_EQ(policy.strategy_name, "in-out");
  EXPECT_EQ(policy.component, "payments-sftp");
  EXPECT_EQ(policy.slack_monitoring_channel, "team-alerts");
  EXPECT_TRUE(policy.notify_pager_duty);
  EXPECT_TRUE(policy.has_notify_pager_duty);
  EXPECT_EQ(policy.team, "Telemetry");
  EXPECT_EQ(policy.step_function_name, "step-func");
  EXPECT_TRUE(policy.dry_run);
  EXPECT_TRUE(policy.has_dry_run);
}

TEST(Policy, TellsAnAbsentTagFromAFalseOne) {
  EXPECT_FALSE(policy_of(kRecyclable).has_dry_run);
  const Policy policy = policy_of(with(kRecyclable, "autorecycle_dry_run", "nonsense"));
  EXPECT_TRUE(policy.has_dry_run);
  EXPECT_FALSE(policy.dry_run);
}

TEST(Policy, RefusesAnUnknownStrategyByTagValueAndChoice) {
  for (const char* strategy : {"out_in", "OUT-IN", "", "mongo", "in-out "}) {
    const std::string error = error_of(with(kRecyclable, "autorecycle_strategy", strategy));
    EXPECT_NE(error.find("autorecycle_strategy"), std::string::npos);
    EXPECT_NE(error.find("\"" + std::string(strategy) + "\""), std::string::npos);
    EXPECT_NE(error.find("out-in, out-in-timed, in-out"), std::string::npos);
  }
}

TEST(Policy, LeavesAnyStrategyToAStateMachineOfTheUsersOwn) {
  const Policy policy = policy_of(with(with(kRecyclable, "autorecycle_strategy", "mongo"),
                                       "autorecycle_step_function_name", "mongo-recycler"));
  EXPECT_EQ(policy.strategy_name, "mongo");
}

TEST(Policy, LetsARequestOverrideTheStrategy) {
  EXPECT_EQ(policy_of(kRecyclable, {.strategy = "in-out"}).strategy, Strategy::kInOut);
  EXPECT_EQ(
      policy_of({{"autorecycle_recycle_on_asg_update", "true"}}, {.strategy = "in-out"}).strategy,
      Strategy::kInOut);
  const std::string error = error_of(kRecyclable, {.strategy = "in-in"});
  EXPECT_NE(error.find("request"), std::string::npos) << error;
  EXPECT_NE(error.find("in-in"), std::string::npos);
}

TEST(Policy, LetsForceBypassTheSwitchButNotTheStrategy) {
  policy_of(with(kRecyclable, "autorecycle_recycle_on_asg_update", "false"), {.force = true});
  policy_of({{"autorecycle_strategy", "out-in"}}, {.force = true});
  policy_of({}, {.strategy = "out-in", .force = true});
  EXPECT_NE(refusal({}, {.force = true}).find("[autorecycle_strategy]"), std::string::npos);
}

TEST(Policy, ReadsTheWindowOfATimedGroup) {
  const Tags tags = {{"autorecycle_recycle_on_asg_update", "true"},
                     {"autorecycle_strategy", "out-in-timed"},
                     {"autorecycle_recycle_window", "22:00:00-05:30:00"},
                     {"autorecycle_exclude_window", "23:00:00-23:30:00 + 01:00:00-01:10:00"},
                     {"autorecycle_time_zone", "America/New_York"}};
  const Policy policy = policy_of(tags);
  ASSERT_TRUE(policy.window.allowed);
  EXPECT_EQ(policy.window.allowed->start, std::chrono::hours(22));
  EXPECT_EQ(policy.window.excluded.size(), 2U);
  EXPECT_EQ(policy.window.zone, "America/New_York");
}

TEST(Policy, TakesWhatTheTagsLeaveOutFromTheDefaultWindow) {
  WindowRule fallback;
  fallback.allowed = TimeRange{.start = std::chrono::hours(1), .end = std::chrono::hours(2)};
  fallback.zone = "UTC";
  const Tags timed = with(kRecyclable, "autorecycle_strategy", "out-in-timed");
  const Policy policy = policy_of(timed, {}, fallback);
  ASSERT_TRUE(policy.window.allowed);
  EXPECT_EQ(policy.window.allowed->start, std::chrono::hours(1));
  EXPECT_EQ(policy.window.zone, "UTC");
  EXPECT_FALSE(policy_of(kRecyclable, {}, fallback).window.allowed);
}

TEST(Policy, NamesTheWindowTagThatIsWrong) {
  const Tags timed = with(kRecyclable, "autorecycle_strategy", "out-in-timed");
  struct Case {
    const char* tag;
    const char* value;
  };
  for (const Case& one : {Case{"autorecycle_recycle_window", "10.00.00"},
                          Case{"autorecycle_exclude_window", "10:00:00"},
                          Case{"autorecycle_time_zone", "Mars/Olympus"}}) {
    const std::string error = error_of(with(timed, one.tag, one.value));
    EXPECT_NE(error.find(one.tag), std::string::npos) << error;
    EXPECT_NE(error.find(one.value), std::string::npos) << error;
  }
}

TEST(Policy, BlamesTheWindowThatNeverOpensAndNotItsZone) {
  Tags tags = with(kRecyclable, "autorecycle_strategy", "out-in-timed");
  tags["autorecycle_recycle_window"] = "10:00:00-11:00:00";
  tags["autorecycle_exclude_window"] = "09:00:00-12:00:00";
  tags["autorecycle_time_zone"] = "America/New_York";
  const std::string error = error_of(tags);
  EXPECT_NE(error.find("never opens"), std::string::npos) << error;
  EXPECT_EQ(error.find("autorecycle_time_zone"), std::string::npos) << error;
}

TEST(Policy, ReadsWhatIsOursAndNamesWhatIsWrong) {
  const Tags timed = with(kRecyclable, "autorecycle_strategy", "out-in-timed");
  EXPECT_EQ(policy_of(with(timed, "autorecycle_max_size_limit", "12")).max_size_limit, 12);
  EXPECT_EQ(policy_of(with(timed, "autorecycle_standby_instances", "include")).standby,
            SetAside::kInclude);
  EXPECT_EQ(policy_of(with(timed, "autorecycle_protected_instances", "skip")).protected_instances,
            SetAside::kSkip);
  EXPECT_EQ(policy_of(with(timed, "autorecycle_window_closes", "restore")).window_closes,
            WindowCloses::kRestore);
  EXPECT_TRUE(
      policy_of(with(timed, "autorecycle_rollback_on_failure", "true")).rollback_on_failure);
  EXPECT_EQ(policy_of(timed, {.rollback_to = "6"}).rollback_to, "6");
  struct Case {
    const char* tag;
    const char* value;
    const char* accepted;
  };
  for (const Case& one : {Case{"autorecycle_max_size_limit", "many", "a number from 1 to 1000000"},
                          Case{"autorecycle_max_size_limit", "0", "a number from 1 to 1000000"},
                          Case{"autorecycle_standby_instances", "ignore", "wait, skip, include"},
                          Case{"autorecycle_protected_instances", "", "wait, skip, include"},
                          Case{"autorecycle_window_closes", "stop", "finish, pause, restore"},
                          Case{"autorecycle_rollback_on_failure", "yes", "true, false"}}) {
    EXPECT_NE(error_of(with(timed, one.tag, one.value))
                  .find(fmt::format("tag {} has the value \"{}\": expected", one.tag, one.value)),
              std::string::npos)
        << error_of(with(timed, one.tag, one.value));
    EXPECT_NE(error_of(with(timed, one.tag, one.value)).find(one.accepted), std::string::npos);
  }
  EXPECT_NE(error_of(timed, {.rollback_to = "$Latest"}).find("rollback_to"), std::string::npos);
}

TEST(Component, IsTheTextBeforeTheFirstAsg) {
  EXPECT_EQ(component_of("test-protected-mdtp-asg-2019"), "test-protected-mdtp");
  EXPECT_EQ(component_of("a-asg-b-asg-c"), "a");
  EXPECT_EQ(component_of("web"), "web");
  EXPECT_EQ(component_of("web-asg"), "web-asg");
  EXPECT_EQ(component_of(""), "");
}

}  // namespace
}  // namespace consumers::recycle
