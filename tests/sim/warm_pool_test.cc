// Warm pools: their size, what a scale-out takes from them, and what the API shows.
#include "tests/sim/autoscaling_rig.h"

namespace sim {
namespace {

class WarmPools : public AutoScalingRig {
 protected:
  Json pool() { return as_ok("DescribeWarmPool", {{"AutoScalingGroupName", "web"}}); }
  void put(Json more = Json::object()) {
    Json arguments = {{"AutoScalingGroupName", "web"}};
    arguments.update(more);
    as_ok("PutWarmPool", arguments);
    loop.run_for(30s);
  }
};

TEST_F(WarmPools, HoldsMaxMinusDesiredUnlessLimited) {
  given_group(1, 6, 2);
  put();
  EXPECT_EQ(pool()["Instances"].size(), 4U);
  put({{"MaxGroupPreparedCapacity", 3}});
  EXPECT_EQ(pool()["Instances"].size(), 1U);
  put({{"MaxGroupPreparedCapacity", 0}, {"MinSize", 2}});
  EXPECT_EQ(pool()["Instances"].size(), 2U);
}

TEST_F(WarmPools, GrowsWhenMaxIsRaised) {
  given_group(1, 4, 2);
  put();
  as_ok("UpdateAutoScalingGroup", {{"AutoScalingGroupName", "web"}, {"MaxSize", 8}});
  loop.run_for(30s);
  EXPECT_EQ(pool()["Instances"].size(), 6U);
}

TEST_F(WarmPools, AScaleOutTakesWarmInstancesWhateverTheirVersion) {
  given_group(1, 3, 2);
  put();
  const std::string warm = pool()["Instances"][0]["InstanceId"];
  EXPECT_EQ(pool()["Instances"][0]["LifecycleState"], "Warmed:Stopped");
  new_template_version();
  set_desired(3);
  loop.run_for(30s);
  const auto members = instances();
  const auto taken = std::find_if(members.begin(), members.end(),
                                  [&](const Json& one) { return one["InstanceId"] == warm; });
  ASSERT_NE(taken, members.end());
  EXPECT_EQ((*taken)["LifecycleState"], "InService");
  EXPECT_EQ((*taken)["LaunchTemplate"]["Version"], "1");
  EXPECT_TRUE(pool()["Instances"].empty());
}

TEST_F(WarmPools, IsShownOnTheGroupAndDoesNotCount) {
  given_group(1, 4, 2);
  EXPECT_FALSE(group().contains("WarmPoolConfiguration"));
  put();
  EXPECT_EQ(group()["WarmPoolConfiguration"]["PoolState"], "Stopped");
  EXPECT_EQ(group()["WarmPoolSize"], 2);
  EXPECT_EQ(instances().size(), 2U);
}

TEST_F(WarmPools, IsDeletedWithItsInstancesOnlyByForce) {
  given_group(1, 4, 2);
  put();
  EXPECT_TRUE(refusal(as("DeleteWarmPool", {{"AutoScalingGroupName", "web"}}))
                  .starts_with("ResourceInUse"));
  as_ok("DeleteWarmPool", {{"AutoScalingGroupName", "web"}, {"ForceDelete", "true"}});
  EXPECT_TRUE(pool()["Instances"].empty());
  EXPECT_FALSE(group().contains("WarmPoolConfiguration"));
}

}  // namespace
}  // namespace sim
