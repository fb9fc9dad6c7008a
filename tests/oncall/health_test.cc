#include "sim/elb_service.h"
#include "tests/oncall/rig.h"

namespace test {
namespace {

class Health : public OncallRig {
 protected:
  // A target group "web" with two instances, one of which fails its checks.
  Health() {
    arn = stage.create_target_group("web");
    for (std::string* id : {&well, &sick}) {
      *id = run_instance();
      aws::QueryCall call{.service = "elasticloadbalancing",
                          .version = "2015-12-01",
                          .operation = "RegisterTargets"};
      call.add("TargetGroupArn", arn);
      call.add("Targets.member.1.Id", *id);
      query(std::move(call));
    }
    region.elb().set_failing(sick, true);
    loop.run_for(1min);
  }
  void expect_one_of_two(const Outcome& outcome) {
    EXPECT_EQ(outcome.status, 200) << outcome.text();
    EXPECT_EQ(outcome.body["healthy"], false);
    EXPECT_EQ(outcome.body["message"], "1 of 2 targets in 1 pools are healthy");
    ASSERT_EQ(outcome.body["pools"].size(), 1U);
    const Json& pool = outcome.body["pools"][0];
    EXPECT_EQ(pool["name"], "web");
    EXPECT_EQ(pool["healthy"], 1);
    ASSERT_EQ(pool["targets"].size(), 2U);
    EXPECT_EQ(pool["targets"][0]["id"], sick) << "those that are not well come first";
    EXPECT_EQ(pool["targets"][0]["state"], "unhealthy");
    EXPECT_EQ(pool["targets"][0]["reason"], "Target.FailedHealthChecks");
    EXPECT_EQ(pool["targets"][0]["description"], "Health checks failed");
    EXPECT_EQ(pool["targets"][0]["port"], 80);
    EXPECT_EQ(pool["targets"][1]["id"], well);
  }

  std::string arn;
  std::string well;
  std::string sick;
};

TEST_F(Health, OfATargetGroupByNameOrArn) {
  expect_one_of_two(run("oncall-check-health", {{"target_group", "web"}}));
  expect_one_of_two(run("oncall-check-health", {{"target_group", arn}}));
}

TEST_F(Health, OfEverythingBehindALoadBalancer) {
  aws::QueryCall create{.service = "elasticloadbalancing",
                        .version = "2015-12-01",
                        .operation = "CreateLoadBalancer"};
  create.add("Name", "front");
  const aws::XmlAnswer made = query(std::move(create));
  const std::string balancer =
      made.result().list("LoadBalancers", "member").at(0).text("LoadBalancerArn");
  aws::QueryCall listen{
      .service = "elasticloadbalancing", .version = "2015-12-01", .operation = "CreateListener"};
  listen.add("LoadBalancerArn", balancer);
  listen.add("DefaultActions.member.1.Type", "forward");
  listen.add("DefaultActions.member.1.TargetGroupArn", arn);
  query(std::move(listen));
  stage.create_target_group("other");  // behind nobody
  expect_one_of_two(run("oncall-check-health", {{"load_balancer", "front"}}));
  expect_one_of_two(run("oncall-check-health", {{"load_balancer", balancer}}));
  EXPECT_EQ(run("oncall-check-health", {{"load_balancer", "back"}}).status, 404);
}

TEST_F(Health, OfAnEcsServiceAndOfAGroup) {
  define_task("web", "");
  create_service(
      1, "web",
      {{"loadBalancers",
        Json::array(
            {{{"targetGroupArn", arn}, {"containerName", "app"}, {"containerPort", 80}}})}});
  expect_one_of_two(run("oncall-check-health", {{"service_name", "web"}}));
  GroupSpec spec;
  spec.name = "idle";
  spec.min_size = 0;
  spec.desired = 0;
  spec.target_groups = {arn};
  stage.create_group(spec);
  expect_one_of_two(run("oncall-check-health", {{"group", "idle"}}));
  EXPECT_EQ(run("oncall-check-health", {{"service_name", "api"}}).status, 404);
  EXPECT_EQ(run("oncall-check-health", {{"group", "nobody"}}).status, 404);
}

TEST_F(Health, OfAClassicLoadBalancer) {
  aws::QueryCall create{.service = "elasticloadbalancing",
                        .version = "2012-06-01",
                        .operation = "CreateLoadBalancer"};
  create.add("LoadBalancerName", "old");
  query(std::move(create));
  const auto empty = run("oncall-check-health", {{"classic_load_balancer", "old"}});
  EXPECT_EQ(empty.status, 200) << empty.text();
  EXPECT_EQ(empty.body["healthy"], false) << "nobody is not healthy";
  aws::QueryCall add{.service = "elasticloadbalancing",
                     .version = "2012-06-01",
                     .operation = "RegisterInstancesWithLoadBalancer"};
  add.add("LoadBalancerName", "old");
  add.add("Instances.member.1.InstanceId", well);
  query(std::move(add));
  loop.run_for(1min);
  const auto outcome = run("oncall-check-health", {{"classic_load_balancer", "old"}});
  EXPECT_EQ(outcome.body["healthy"], true) << outcome.text();
  EXPECT_EQ(run("oncall-check-health", {{"classic_load_balancer", "none"}}).status, 404);
}

TEST_F(Health, AsksForOneThingAtATime) {
  EXPECT_EQ(run("oncall-check-health", Json::object()).status, 400);
  EXPECT_EQ(run("oncall-check-health", {{"target_group", "web"}, {"group", "g"}}).status, 400);
  EXPECT_EQ(run("oncall-check-health", {{"target_group", "none"}}).status, 404);
}

}  // namespace
}  // namespace test
