#include "tests/consumers/sim_services.h"

#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

constexpr const char* kGroup = "web-asg-1";

struct Stage : test::SimServices {
  explicit Stage(std::map<std::string, std::string> tags) {
    test::GroupSpec spec;
    spec.name = kGroup;
    spec.tags = std::move(tags);
    create_group(spec);
  }
  base::Result<PlanReport> plan(PolicyOverrides overrides = {}, const char* group = kGroup) {
    return loop.run(plan_group(worker.services, config, base::GroupName(group), overrides));
  }
};

TEST(PlanGroup, PrintsTheWholePlanAndChangesNothing) {
  Stage stage(test::tags_for("out-in"));
  stage.create_template_version();
  const auto report = stage.plan();
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->group, kGroup);
  EXPECT_EQ(report->strategy, "out-in");
  EXPECT_TRUE(report->target.ends_with(":2")) << report->target;
  EXPECT_EQ(report->not_recyclable, "");
  ASSERT_FALSE(report->steps.empty());
  EXPECT_EQ(report->steps.front().operation, "CreateOrUpdateTags");
  EXPECT_EQ(report->steps.back().operation, "finished");
  EXPECT_EQ(stage.region.mutations(kGroup, test::kWorkerKey), 0);
}

TEST(PlanGroup, RefusesWhileAwsRefreshesTheInstances) {
  Stage stage(test::tags_for("out-in"));
  stage.create_template_version();
  stage.start_instance_refresh(kGroup);
  const auto report = stage.plan();
  ASSERT_TRUE(report) << report.error().to_string();
  ASSERT_EQ(report->steps.size(), 1u);
  EXPECT_EQ(report->steps.front().operation, "abort");
  EXPECT_EQ(report->steps.front().what.find("instance refresh "), 0u) << report->steps.front().what;
}

TEST(PlanGroup, SaysThatNothingIsOld) {
  Stage stage(test::tags_for("out-in"));
  const auto report = stage.plan();
  ASSERT_TRUE(report);
  ASSERT_EQ(report->steps.size(), 1U);
  EXPECT_EQ(report->steps[0].operation, "finished");
}

TEST(PlanGroup, ReplacesEverythingWhenForced) {
  Stage stage({});
  const auto report = stage.plan({.strategy = "in-out", .force = true, .dry_run = false});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->strategy, "in-out");
  EXPECT_GT(report->steps.size(), 4U);
}

TEST(PlanGroup, SaysWhyThereIsNoPlan) {
  Stage stage({});
  const auto report = stage.plan();
  ASSERT_TRUE(report);
  EXPECT_NE(report->not_recyclable.find("missing required tags"), std::string::npos);
  EXPECT_TRUE(report->steps.empty());
}

TEST(PlanGroup, NamesTheStateMachineThatWouldBeStarted) {
  auto tags = test::tags_for("mongo");
  tags["autorecycle_step_function_name"] = "own";
  Stage stage(tags);
  const auto report = stage.plan();
  ASSERT_TRUE(report) << report.error().to_string();
  ASSERT_EQ(report->steps.size(), 1U);
  EXPECT_EQ(report->steps[0].what, "StartExecution own");
}

TEST(PlanGroup, RefusesAnUnknownStrategyAndAMissingGroup) {
  Stage stage(test::tags_for("sideways"));
  const auto unknown = stage.plan();
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("sideways"), std::string::npos);
  const auto missing = stage.plan({}, "gone");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, base::ErrorKind::kNotFound);
}

}  // namespace
}  // namespace consumers::recycle
