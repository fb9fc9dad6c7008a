// EC2: launch templates and their versions, instances, and the small services beside it.
#include "sim/step_functions_service.h"
#include "sim/sts_service.h"
#include "tests/sim/autoscaling_rig.h"

namespace sim {
namespace {

class Ec2 : public AutoScalingRig {
 protected:
  ApiOutcome ec2_call(const std::string& operation, Json arguments) {
    return call(ec2, operation, std::move(arguments));
  }
  std::vector<int> versions(Json wanted) {
    Json arguments = {{"LaunchTemplateName", "web"}};
    if (!wanted.is_null()) arguments["LaunchTemplateVersion"] = std::move(wanted);
    const Json answer = ec2_ok("DescribeLaunchTemplateVersions", arguments);
    std::vector<int> numbers;
    for (const auto& version : answer["launchTemplateVersionSet"]) {
      numbers.push_back(version["versionNumber"]);
    }
    return numbers;
  }
};

TEST_F(Ec2, LatestMovesWithEveryVersionAndDefaultOnlyWhenSet) {
  new_template_version();
  new_template_version();
  EXPECT_EQ(versions({"$Latest"}), (std::vector<int>{3}));
  EXPECT_EQ(versions({"$Default"}), (std::vector<int>{1}));
  EXPECT_EQ(versions({"1", "$Latest"}), (std::vector<int>{3, 1}));
  EXPECT_EQ(versions(nullptr), (std::vector<int>{3, 2, 1}));
  ec2_ok("ModifyLaunchTemplate", {{"LaunchTemplateName", "web"}, {"SetDefaultVersion", "2"}});
  EXPECT_EQ(versions({"$Default"}), (std::vector<int>{2}));
}

TEST_F(Ec2, AVersionInheritsFromItsSource) {
  ec2_ok("CreateLaunchTemplateVersion", {{"LaunchTemplateName", "web"},
                                         {"SourceVersion", "1"},
                                         {"LaunchTemplateData", {{"InstanceType", "t3.large"}}}});
  const Json answer = ec2_ok("DescribeLaunchTemplateVersions",
                             {{"LaunchTemplateName", "web"}, {"LaunchTemplateVersion", {"2"}}});
  const Json data = answer["launchTemplateVersionSet"][0]["launchTemplateData"];
  EXPECT_EQ(data["imageId"], "ami-1");
  EXPECT_EQ(data["instanceType"], "t3.large");
}

TEST_F(Ec2, NumbersOfDeletedVersionsAreNotUsedAgain) {
  new_template_version();
  ec2_ok("DeleteLaunchTemplateVersions",
         {{"LaunchTemplateName", "web"}, {"LaunchTemplateVersion", {"2"}}});
  EXPECT_EQ(versions({"$Latest"}), (std::vector<int>{1}));
  new_template_version();
  EXPECT_EQ(versions({"$Latest"}), (std::vector<int>{3}));
}

TEST_F(Ec2, NamesWhatDoesNotExistWithItsOwnCodes) {
  const auto code = [&](const std::string& operation, Json arguments) {
    const std::string text = refusal(ec2_call(operation, std::move(arguments)));
    return text.substr(0, text.find(':'));
  };
  EXPECT_EQ(code("DescribeLaunchTemplateVersions", {{"LaunchTemplateId", "lt-0123456789abcdef0"}}),
            "InvalidLaunchTemplateId.NotFound");
  EXPECT_EQ(code("DescribeLaunchTemplateVersions", {{"LaunchTemplateName", "nope"}}),
            "InvalidLaunchTemplateName.NotFoundException");
  EXPECT_EQ(code("DescribeLaunchTemplateVersions",
                 {{"LaunchTemplateName", "web"}, {"LaunchTemplateVersion", {"9"}}}),
            "InvalidLaunchTemplateId.VersionNotFound");
  EXPECT_EQ(code("CreateLaunchTemplate", {{"LaunchTemplateName", "web"}}),
            "InvalidLaunchTemplateName.AlreadyExistsException");
  EXPECT_EQ(code("DescribeInstances", {{"InstanceId", {"web"}}}), "InvalidInstanceID.Malformed");
  EXPECT_EQ(code("FlyToTheMoon", {}), "InvalidAction");
}

TEST_F(Ec2, ShowsTemplateChangesToCloudTrailUnderTheirWrappers) {
  const ApiOutcome outcome =
      ec2_call("ModifyLaunchTemplate", {{"LaunchTemplateName", "web"}, {"SetDefaultVersion", "1"}});
  const auto& answer = std::get<ApiAnswer>(outcome);
  EXPECT_EQ(answer.trail_request.value()["ModifyLaunchTemplateRequest"]["SetDefaultVersion"], 1);
  EXPECT_EQ(answer.trail_response
                .value()["ModifyLaunchTemplateResponse"]["launchTemplate"]["defaultVersionNumber"],
            1);
  const ApiOutcome created = ec2_call("CreateLaunchTemplateVersion",
                                      {{"LaunchTemplateName", "web"}, {"SourceVersion", "1"}});
  const auto& version = std::get<ApiAnswer>(created);
  EXPECT_EQ(version.trail_request.value()["CreateLaunchTemplateVersionRequest"]["SourceVersion"],
            1);
  EXPECT_EQ(version.trail_response.value()["CreateLaunchTemplateVersionResponse"]
                                          ["launchTemplateVersion"]["versionNumber"],
            2);
}

TEST_F(Ec2, OneUnknownIdRefusesTheWholeDescription) {
  given_group(0, 2, 1);
  const std::string known = ids().at(0);
  EXPECT_EQ(
      refusal(ec2_call("DescribeInstances", {{"InstanceId", {known, "i-00000000000000bad"}}})),
      "InvalidInstanceID.NotFound: The instance ID 'i-00000000000000bad' does not exist");
  const Json one = ec2_ok("DescribeInstances", {{"InstanceId", {known}}});
  const Json instance = one["reservationSet"][0]["instancesSet"][0];
  EXPECT_EQ(instance["instanceState"]["name"], "running");
  EXPECT_EQ(instance["imageId"], "ami-1");
}

TEST_F(Ec2, FiltersByStateAndGroupTag) {
  given_group(0, 3, 2);
  const Json filters = {{{"Name", "tag:aws:autoscaling:groupName"}, {"Value", {"web"}}},
                        {{"Name", "instance-state-name"}, {"Value", {"running"}}}};
  EXPECT_EQ(ec2_ok("DescribeInstances", {{"Filter", filters}})["reservationSet"].size(), 2U);
  ok(terminate(ids().at(0), true));
  loop.run_for(1min);
  EXPECT_EQ(ec2_ok("DescribeInstances", {{"Filter", filters}})["reservationSet"].size(), 1U);
}

TEST_F(Ec2, TerminatedInstancesStayDescribableForAnHour) {
  given_group(0, 2, 1);
  const std::string id = ids().at(0);
  ok(terminate(id, true));
  loop.run_for(50min);
  const Json seen = ec2_ok("DescribeInstances", {{"InstanceId", {id}}});
  EXPECT_EQ(seen["reservationSet"][0]["instancesSet"][0]["instanceState"]["name"], "terminated");
  loop.run_for(15min);
  EXPECT_NE(refusal(ec2_call("DescribeInstances", {{"InstanceId", {id}}})), "");
}

TEST_F(Ec2, ATerminatedMemberIsReplacedByItsGroup) {
  given_group(1, 2, 1);
  const std::string killed = ids().at(0);
  ec2_ok("TerminateInstances", {{"InstanceId", {killed}}});
  loop.run_for(2min);
  EXPECT_EQ(state_of(killed), "gone");
  ASSERT_EQ(ids().size(), 1U);
  EXPECT_NE(ids()[0], killed);
}

TEST_F(Ec2, RunsInstancesOncePerClientToken) {
  const Json arguments = {{"ImageId", "ami-1"}, {"MinCount", "2"}, {"ClientToken", "once"}};
  const Json first = ec2_ok("RunInstances", arguments);
  const Json again = ec2_ok("RunInstances", arguments);
  EXPECT_EQ(first["instancesSet"].size(), 2U);
  EXPECT_EQ(first["instancesSet"], again["instancesSet"]);
}

TEST_F(Ec2, StsKnowsWhoCalls) {
  StsService sts(world);
  ApiCall api_call;
  api_call.operation = "GetCallerIdentity";
  api_call.access_key_id = "AKIDOPERATOR";
  const std::string arn = "arn:aws:iam::123456789012:user/AKIDOPERATOR";
  const Json identity = ok(loop.run(sts.handle(std::move(api_call))));
  EXPECT_EQ(identity["Account"], "123456789012");
  EXPECT_EQ(identity["Arn"], arn);  // as in the events of the same caller
  EXPECT_EQ(user_arn(world.config(), "AKIDOPERATOR"), arn);
}

TEST_F(Ec2, StepFunctionsStartsAnExecutionOncePerName) {
  StepFunctionsService states(world);
  const std::string machine =
      ok(call(states, "CreateStateMachine", {{"name", "recycle"}}))["stateMachineArn"];
  const auto start = [&](const std::string& arn, const std::string& input) {
    return call(states, "StartExecution",
                {{"stateMachineArn", arn}, {"name", "run-1"}, {"input", input}});
  };
  const std::string execution = ok(start(machine, "{\"a\":1}"))["executionArn"];
  EXPECT_EQ(ok(start(machine, "{\"a\":1}"))["executionArn"], execution);
  EXPECT_TRUE(refusal(start(machine, "{\"a\":2}")).starts_with("ExecutionAlreadyExists"));
  EXPECT_TRUE(refusal(start(machine + "x", "{}")).starts_with("StateMachineDoesNotExist"));
  EXPECT_TRUE(refusal(start(machine, "not json")).starts_with("InvalidExecutionInput"));
  EXPECT_EQ(states.executions().size(), 1U);
  const Json described = ok(call(states, "DescribeExecution", {{"executionArn", execution}}));
  EXPECT_EQ(described["status"], "RUNNING");
  EXPECT_EQ(described["input"], "{\"a\":1}");
}

}  // namespace
}  // namespace sim
