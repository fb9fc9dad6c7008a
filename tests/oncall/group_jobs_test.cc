#include "consumers/recycle/control.h"
#include "consumers/recycle/journal.h"
#include "messages/decode.h"
#include "sim/autoscaling_service.h"
#include "sim/elb_service.h"
#include "sim/sqs_service.h"
#include "tests/oncall/rig.h"

#include <algorithm>

namespace test {
namespace {

constexpr const char* kGroup = "web-asg-1";

struct Crash : std::exception {};

class GroupJobs : public OncallRig {
 protected:
  GroupJobs() { queue_ = create_queue("autorecycle-events"); }

  void create_group(const std::string& strategy = "out-in") {
    GroupSpec spec;
    spec.name = kGroup;
    spec.tags = tags_for(strategy);
    stage.create_group(spec);
  }
  // Behind a target group and a classic load balancer.
  void create_balanced_group() {
    aws::QueryCall classic{.service = "elasticloadbalancing",
                           .version = "2012-06-01",
                           .operation = "CreateLoadBalancer"};
    classic.add("LoadBalancerName", "old-lb");
    query(std::move(classic));
    aws::QueryCall group{
        .service = "autoscaling", .version = "2011-01-01", .operation = "CreateAutoScalingGroup"};
    group.add("AutoScalingGroupName", kGroup);
    group.add("LaunchTemplate.LaunchTemplateName", kTemplate);
    group.add("LaunchTemplate.Version", "$Latest");
    group.add("MinSize", 2);
    group.add("MaxSize", 8);
    group.add("DesiredCapacity", 2);
    group.add_list("AvailabilityZones.member", {"eu-west-2a"});
    group.add_list("TargetGroupARNs.member", {stage.create_target_group("web")});
    group.add_list("LoadBalancerNames.member", {"old-lb"});
    query(std::move(group));
    stage.set_tags(kGroup, tags_for("out-in"));
    loop.run_for(10min);
  }
  // A recycle whose worker dies right after it has made the group bigger.
  void begin_run() {
    stage.create_template_version();
    stage.worker.http.after = [](int, const base::HttpRequest& request) {
      if (request.body.starts_with("Action=UpdateAutoScalingGroup")) throw Crash();
    };
    EXPECT_THROW(stage.deliver(request_for(kGroup)), Crash);
    stage.worker.http.after = {};
  }
  // What is on the events queue, decoded.
  std::vector<messages::RecycleRequest> requested() {
    std::vector<messages::RecycleRequest> requests;
    const Json answer =
        call("sqs", "ReceiveMessage", {{"QueueUrl", queue_}, {"MaxNumberOfMessages", 10}});
    for (const Json& one : answer.value("Messages", Json::array())) {
      const auto message = messages::decode(one["Body"].get<std::string>());
      EXPECT_TRUE(message.has_value());
      requests.push_back(std::get<messages::RecycleRequest>(message->payload));
    }
    return requests;
  }
  void put_hook(const std::string& name, const std::string& transition) {
    aws::QueryCall call{
        .service = "autoscaling", .version = "2011-01-01", .operation = "PutLifecycleHook"};
    call.add("AutoScalingGroupName", kGroup);
    call.add("LifecycleHookName", name);
    call.add("LifecycleTransition", "autoscaling:EC2_INSTANCE_" + transition);
    call.add("HeartbeatTimeout", 3600);
    call.add("DefaultResult", "ABANDON");
    query(std::move(call));
  }
  // One more instance, which waits at the launching hook.
  std::string waiting_instance() {
    const auto set =
        loop.run(stage.operating.auto_scaling.set_desired_capacity(base::GroupName(kGroup), 5));
    EXPECT_TRUE(set.has_value());
    loop.run_for(3min);
    for (const auto& instance : stage.look(kGroup).instances) {
      if (instance.lifecycle_state == "Pending:Wait") return instance.id.value;
    }
    ADD_FAILURE() << "nobody waits";
    return {};
  }
  std::string state_of(const std::string& id) {
    for (const auto& instance : stage.look(kGroup).instances) {
      if (instance.id.value == id) return instance.lifecycle_state;
    }
    return "gone";
  }

  std::string queue_;
};

TEST_F(GroupJobs, DebugShowsDriftInstancesAndActivities) {
  create_group();
  stage.create_template_version();
  const auto outcome = run("debug-asg", {{"group", kGroup}, {"activities", 2}});
  EXPECT_EQ(outcome.status, 200) << outcome.text();
  EXPECT_EQ(outcome.body["desired"], 4);
  EXPECT_EQ(outcome.body["drift"]["old"], 4);
  EXPECT_EQ(outcome.body["recycle"]["state"], "due");
  EXPECT_TRUE(outcome.body["journal"].is_null());
  ASSERT_EQ(outcome.body["instances"].size(), 4U);
  EXPECT_EQ(outcome.body["instances"][0]["old"], true);
  EXPECT_EQ(outcome.body["instances"][0]["ready"], true);
  EXPECT_EQ(outcome.body["activities"].size(), 2U);
}

TEST_F(GroupJobs, DebugSaysWhyAnInstanceIsNotReady) {
  create_balanced_group();
  const std::string id = stage.look(kGroup).instances.at(0).id.value;
  region.elb().set_failing(id, true);
  loop.run_for(1min);
  const auto outcome = run("debug-asg", {{"group", kGroup}});
  EXPECT_EQ(outcome.status, 200) << outcome.text();
  for (const Json& instance : outcome.body["instances"]) {
    EXPECT_EQ(instance["ready"], instance["id"] != id) << instance;
    if (instance["id"] == id) {
      EXPECT_NE(instance["why"].get<std::string>().find("unhealthy"), std::string::npos);
    }
  }
}

TEST_F(GroupJobs, DebugShowsTheJournalOfARunThatWasLeftBehind) {
  create_group();
  begin_run();
  const auto outcome = run("debug-asg", {{"group", kGroup}});
  EXPECT_EQ(outcome.body["recycle"]["state"], "running") << outcome.text();
  EXPECT_EQ(outcome.body["journal"]["desired"], 4);
  EXPECT_EQ(outcome.body["journal"]["phase"], "grow");
}

TEST_F(GroupJobs, DebugOfAGroupThatIsNotThereIs404) {
  const auto outcome = run("debug-asg", {{"group", "nobody"}});
  EXPECT_EQ(outcome.status, 404) << outcome.text();
  EXPECT_TRUE(outcome.text().starts_with("Error looking at group: "));
  EXPECT_EQ(run("debug-asg", Json::object()).status, 400);
  EXPECT_EQ(run("debug-asg", {{"group", kGroup}, {"activities", 0}}).status, 400);
}

TEST_F(GroupJobs, RecycleAsksTheEventsQueueAndTheRecyclerUnderstands) {
  create_group();
  stage.create_template_version();
  const auto outcome = run("oncall-recycle-asg", {{"group", kGroup}, {"reason", "stuck"}});
  EXPECT_EQ(outcome.status, 200) << outcome.text();
  EXPECT_EQ(outcome.body["strategy"], "out-in");
  const auto asked = requested();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].group.value, kGroup);
  EXPECT_EQ(asked[0].reason, "stuck");
  EXPECT_FALSE(asked[0].force);
}

TEST_F(GroupJobs, RecyclePassesOnWhatItIsAskedFor) {
  create_balanced_group();
  stage.create_template_version();
  EXPECT_EQ(run("oncall-recycle-asg",
                {{"group", kGroup}, {"strategy", "in-out"}, {"force", true}, {"rollback_to", "1"}})
                .status,
            200);
  const auto asked = requested();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].strategy, "in-out");
  EXPECT_TRUE(asked[0].force);
  EXPECT_EQ(asked[0].rollback_to, "1");
}

TEST_F(GroupJobs, DryRunOfARecycleIsItsPlan) {
  create_group();
  stage.create_template_version();
  const auto outcome = dry_run("oncall-recycle-asg", {{"group", kGroup}});
  EXPECT_EQ(outcome.status, 200) << outcome.text();
  EXPECT_GT(outcome.body["plan"].size(), 5U);
  EXPECT_TRUE(requested().empty());
}

TEST_F(GroupJobs, RecycleRefusesWhatCannotBeRecycledBeforeItAsks) {
  create_group();
  stage.set_tags(kGroup, {{"autorecycle_recycle_on_asg_update", "false"}});
  const auto off = run("oncall-recycle-asg", {{"group", kGroup}});
  EXPECT_EQ(off.status, 409) << off.text();
  stage.set_tags(kGroup, {{"autorecycle_recycle_on_asg_update", "true"},
                          {"autorecycle_strategy", "upside-down"}});
  EXPECT_EQ(run("oncall-recycle-asg", {{"group", kGroup}}).status, 400);
  EXPECT_EQ(run("oncall-recycle-asg", {{"group", "nobody"}}).status, 404);
  EXPECT_EQ(run("oncall-recycle-asg", {{"group", kGroup}, {"strategy", "x"}}).status, 400);
  EXPECT_TRUE(requested().empty());
}

TEST_F(GroupJobs, RestoreEndsARunThatWasLeftBehindAndWaitsForTheGroup) {
  create_group();
  const auto before = stage.look(kGroup);
  begin_run();
  ASSERT_NE(stage.look(kGroup).desired_capacity, before.desired_capacity);
  // The worker that is knocked at.
  using Requests = std::vector<messages::RecycleRequest>;
  Requests asked;
  const auto worker = [](auto& rig, Requests& asked) -> boost::asio::awaitable<void> {
    co_await rig.loop.clock().sleep_for(20s);
    asked = rig.requested();
    consumers::recycle::RecycleConsumer consumer(rig.stage.operating.services, rig.stage.config);
    for (const messages::RecycleRequest& request : asked) {
      consumers::Delivery delivery;
      delivery.queue = "recycles";
      delivery.message_id = "m";
      delivery.message.payload = request;
      co_await consumer.consume(std::move(delivery));
    }
  };
  boost::asio::co_spawn(loop.executor(), worker(*this, asked),
                        [](std::exception_ptr error) { EXPECT_FALSE(error); });
  const auto outcome = run("oncall-restore-asg", {{"group", kGroup}});
  EXPECT_EQ(outcome.status, 200) << outcome.text();
  EXPECT_EQ(outcome.body["desired"], before.desired_capacity);
  EXPECT_EQ(outcome.body["max"], before.max_size);
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(outcome.body["run"], asked[0].resume_run);
}

TEST_F(GroupJobs, RestoreThatNobodyCarriesOutIs408) {
  create_group();
  begin_run();
  const auto outcome = run("oncall-restore-asg", {{"group", kGroup}, {"version_before", true}},
                           {.dry_run = false, .request_id = "r", .timeout = 2min});
  EXPECT_EQ(outcome.status, 408) << outcome.text();
  EXPECT_EQ(stage.look(kGroup).tags.at(std::string(consumers::recycle::kTagControl)),
            "cancel-restore");
}

TEST_F(GroupJobs, RestoreNeedsAJournalThatCanBeRead) {
  create_group();
  const auto nothing = run("oncall-restore-asg", {{"group", kGroup}});
  EXPECT_EQ(nothing.status, 409);
  EXPECT_NE(nothing.text().find("nothing to restore"), std::string::npos) << nothing.text();
  stage.set_tags(kGroup, {{std::string(consumers::recycle::kJournalPrefix), "scribble"}});
  EXPECT_EQ(run("oncall-restore-asg", {{"group", kGroup}}).status, 409);
  EXPECT_EQ(run("oncall-restore-asg", {{"group", "nobody"}}).status, 404);
  EXPECT_EQ(run("oncall-restore-asg", Json::object()).status, 400);
}

TEST_F(GroupJobs, DryRunOfARestoreSaysWhatTheGroupWillBe) {
  create_group();
  begin_run();
  const auto outcome = dry_run("oncall-restore-asg", {{"group", kGroup}});
  EXPECT_EQ(outcome.status, 200);
  EXPECT_NE(outcome.body["message"].get<std::string>().find("desired 4"), std::string::npos);
  const auto begun = run("oncall-restore-asg", {{"group", kGroup}, {"wait", false}});
  EXPECT_EQ(begun.status, 200) << begun.text();
}

TEST_F(GroupJobs, LifecycleLetsAnInstanceGoOnByTheOnlyHookThatFits) {
  create_group();
  put_hook("ready", "LAUNCHING");
  put_hook("drain", "TERMINATING");
  const std::string id = waiting_instance();
  const auto dry = dry_run("oncall-complete-lifecycle", {{"group", kGroup}, {"instance_id", id}});
  EXPECT_EQ(dry.body["message"], "would continue " + id + " at ready");
  EXPECT_EQ(state_of(id), "Pending:Wait");
  const auto outcome = run("oncall-complete-lifecycle", {{"group", kGroup}, {"instance_id", id}});
  EXPECT_EQ(outcome.status, 200) << outcome.text();
  EXPECT_EQ(outcome.body["hook"], "ready");
  loop.run_for(1min);
  EXPECT_EQ(state_of(id), "InService");
}

TEST_F(GroupJobs, LifecycleAbandonsOrExtends) {
  create_group();
  put_hook("ready", "LAUNCHING");
  const std::string id = waiting_instance();
  loop.run_for(50min);
  EXPECT_EQ(run("oncall-complete-lifecycle",
                {{"group", kGroup}, {"instance_id", id}, {"action", "extend"}})
                .status,
            200);
  loop.run_for(50min);
  EXPECT_EQ(state_of(id), "Pending:Wait") << "its hour began anew";
  EXPECT_EQ(run("oncall-complete-lifecycle",
                {{"group", kGroup}, {"instance_id", id}, {"action", "abandon"}})
                .status,
            200);
  loop.run_for(5min);
  EXPECT_EQ(state_of(id), "gone");
}

TEST_F(GroupJobs, LifecycleOfWhatWaitsForNothingIs409) {
  create_group();
  const std::string id = stage.look(kGroup).instances.at(0).id.value;
  const auto outcome = run("oncall-complete-lifecycle", {{"group", kGroup}, {"instance_id", id}});
  EXPECT_EQ(outcome.status, 409);
  EXPECT_NE(outcome.text().find("InService"), std::string::npos) << outcome.text();
  const Json stranger = {{"group", kGroup}, {"instance_id", "i-0123456789abcdef0"}};
  EXPECT_EQ(run("oncall-complete-lifecycle", stranger).status, 404);
  EXPECT_EQ(run("oncall-complete-lifecycle", {{"group", "x"}, {"instance_id", id}}).status, 404);
  EXPECT_EQ(
      run("oncall-complete-lifecycle", {{"group", kGroup}, {"instance_id", id}, {"action", "stop"}})
          .status,
      400);
}

TEST_F(GroupJobs, LifecycleAsksForTheHookWhereSeveralFit) {
  create_group();
  put_hook("first", "LAUNCHING");
  put_hook("second", "LAUNCHING");
  const std::string id = waiting_instance();
  const auto unclear = run("oncall-complete-lifecycle", {{"group", kGroup}, {"instance_id", id}});
  EXPECT_EQ(unclear.status, 400);
  EXPECT_NE(unclear.text().find("first, second"), std::string::npos) << unclear.text();
  const auto wrong =
      run("oncall-complete-lifecycle", {{"group", kGroup}, {"instance_id", id}, {"hook", "third"}});
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(
      run("oncall-complete-lifecycle", {{"group", kGroup}, {"instance_id", id}, {"hook", "first"}})
          .status,
      200);
}

TEST_F(GroupJobs, CommandsRunOnTheInstancesInServiceOfAGroup) {
  create_group();
  const auto outcome = run("oncall-run-command", {{"group", kGroup}, {"commands", {"echo hi"}}});
  EXPECT_EQ(outcome.status, 200) << outcome.text();
  EXPECT_EQ(outcome.body["results"].size(), 4U);
  EXPECT_EQ(run("oncall-run-command", {{"group", "nobody"}, {"commands", {"true"}}}).status, 404);
}

}  // namespace
}  // namespace test
