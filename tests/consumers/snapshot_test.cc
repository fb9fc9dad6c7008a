#include "consumers/recycle/snapshot.h"

#include "tests/consumers/groups.h"

#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

aws::GroupInstance by_configuration(const std::string& name) {
  aws::GroupInstance result = instance("i-1", 0);
  result.launch_template.reset();
  result.launch_configuration_name = name;
  return result;
}

TEST(Drift, ComparesTemplateAndResolvedVersion) {
  const Snapshot snapshot = make_snapshot({});
  EXPECT_FALSE(is_old(snapshot, instance("i-1", 7), {}));
  EXPECT_TRUE(is_old(snapshot, instance("i-1", 6), {}));
  EXPECT_TRUE(is_old(snapshot, instance("i-1", 8), {}));
  aws::GroupInstance other = instance("i-1", 7);
  other.launch_template->id = "lt-0def";
  EXPECT_TRUE(is_old(snapshot, other, {}));
}

TEST(Drift, ComparesTemplatesByNameWhereAnIdIsMissing) {
  const Snapshot snapshot = make_snapshot({});
  aws::GroupInstance by_name = instance("i-1", 7);
  by_name.launch_template->id.clear();
  EXPECT_FALSE(is_old(snapshot, by_name, {}));
  by_name.launch_template->name = "db";
  EXPECT_TRUE(is_old(snapshot, by_name, {}));
  by_name.launch_template->name.clear();
  EXPECT_TRUE(is_old(snapshot, by_name, {}));
}

TEST(Drift, TakesAnInstanceOfADeletedLaunchConfigurationForOld) {
  Snapshot snapshot = make_snapshot({});
  snapshot.target = {.launch_templates = {}, .launch_configuration_name = "web-7"};
  EXPECT_FALSE(is_old(snapshot, by_configuration("web-7"), {}));
  EXPECT_TRUE(is_old(snapshot, by_configuration("web-6"), {}));
  EXPECT_TRUE(is_old(snapshot, by_configuration(""), {}));
}

TEST(Drift, SeesAMoveBetweenConfigurationAndTemplate) {
  Snapshot snapshot = make_snapshot({});
  EXPECT_TRUE(is_old(snapshot, by_configuration("web-7"), {}));
  snapshot.target = {.launch_templates = {}, .launch_configuration_name = "web-7"};
  EXPECT_TRUE(is_old(snapshot, instance("i-1", 7), {}));
}

TEST(Drift, AcceptsAnyTemplateOfAMixedPolicy) {
  Snapshot snapshot = make_snapshot({});
  aws::LaunchTemplateSpecification arm{.id = "lt-0arm", .name = "web-arm", .version = "3"};
  snapshot.target.launch_templates.push_back(arm);
  EXPECT_FALSE(is_old(snapshot, instance("i-1", 7), {}));
  aws::GroupInstance graviton = instance("i-2", 7);
  graviton.launch_template = arm;
  EXPECT_FALSE(is_old(snapshot, graviton, {}));
  graviton.launch_template->version = "2";
  EXPECT_TRUE(is_old(snapshot, graviton, {}));
}

TEST(Drift, IsForcedByLaunchTime) {
  Snapshot snapshot = make_snapshot({});
  const aws::GroupInstance current = instance("i-1", 7);
  snapshot.facts[current.id].launch_time = kNow;
  EXPECT_FALSE(is_old(snapshot, current, kNow));
  EXPECT_TRUE(is_old(snapshot, current, kNow + std::chrono::seconds(1)));
  snapshot.facts[current.id].launch_time.reset();
  EXPECT_FALSE(is_old(snapshot, current, kNow)) << "EC2 does not know it yet: it is fresh";
}

TEST(Ready, NeedsServiceHealthAndTraffic) {
  struct Case {
    const char* state;
    const char* health;
    bool serving;
    const char* why;  // empty: ready
  };
  for (const Case& one : {
           Case{"InService", "Healthy", true, ""},
           Case{"InService", "HEALTHY", true, ""},
           Case{"InService", "Unhealthy", true, "i-1 is Unhealthy"},
           Case{"InService", "", true, "i-1 is "},
           Case{"Pending:Wait", "Healthy", true, "i-1 is Pending:Wait"},
           Case{"Terminating", "Healthy", true, "i-1 is Terminating"},
           Case{"Standby", "Healthy", true, "i-1 is Standby"},
           Case{"SomethingNew", "Healthy", true, "i-1 is SomethingNew"},
           Case{"InService", "Healthy", false, "i-1: target group web: initial"},
       }) {
    Snapshot snapshot = make_snapshot({});
    aws::GroupInstance checked = instance("i-1", 7);
    checked.lifecycle_state = one.state;
    checked.health_status = one.health;
    snapshot.facts[checked.id] = {.launch_time = {},
                                  .serving = one.serving,
                                  .not_serving_because = "target group web: initial"};
    std::string why;
    EXPECT_EQ(is_ready(snapshot, checked, &why), std::string(one.why).empty()) << one.state;
    EXPECT_EQ(why, one.why);
  }
}

TEST(Lifecycle, TellsWhoIsLeavingAndWhoStandsBy) {
  for (const char* state : {"Terminating", "Terminating:Wait", "Terminating:Proceed",
                            "Terminating:Retained", "Terminated", "Detaching", "Detached"}) {
    aws::GroupInstance one = instance("i-1", 7);
    one.lifecycle_state = state;
    EXPECT_TRUE(is_leaving(one)) << state;
  }
  for (const char* state : {"Pending", "InService", "Standby", "Quarantined", "SomethingNew"}) {
    aws::GroupInstance one = instance("i-1", 7);
    one.lifecycle_state = state;
    EXPECT_FALSE(is_leaving(one)) << state;
    EXPECT_EQ(is_standby(one), one.lifecycle_state == "Standby");
  }
}

TEST(Target, IsDescribedByIdAndVersion) {
  EXPECT_EQ(make_snapshot({}).target.describe(), "lt-0abc:7");
  const Target mixed{.launch_templates = {version(7), {.id = "", .name = "arm", .version = "3"}},
                     .launch_configuration_name = ""};
  EXPECT_EQ(mixed.describe(), "lt-0abc:7,arm:3");
  const Target legacy{.launch_templates = {}, .launch_configuration_name = "web-7"};
  EXPECT_EQ(legacy.describe(), "web-7");
}

}  // namespace
}  // namespace consumers::recycle
