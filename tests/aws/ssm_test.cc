#include "aws/ssm.h"

#include "aws/secrets_manager.h"
#include "tests/aws/scripted_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace {

using nlohmann::json;

struct World : ScriptedWorld {
  aws::Ssm ssm{caller};
  aws::SecretsManager secrets{caller};
  json sent(std::size_t index) { return json::parse(http.request(index).body); }
};

aws::SendCommandOptions command() {
  aws::SendCommandOptions options;
  options.instances = {base::InstanceId("i-1"), base::InstanceId("i-2")};
  options.parameters = {{"commands", {"uptime"}}, {"executionTimeout", {"60"}}};
  options.comment = "by alice";
  return options;
}

TEST(Ssm, SendsACommandToItsInstances) {
  World world;
  world.http.answer(200, R"({"Command":{"CommandId":"c-1","Status":"Pending"}})");
  EXPECT_EQ(world.loop.run(world.ssm.send_command(command())).value(), "c-1");
  EXPECT_EQ(world.sent(0), json::parse(R"({"DocumentName":"AWS-RunShellScript",
    "InstanceIds":["i-1","i-2"],"TimeoutSeconds":60,"Comment":"by alice",
    "Parameters":{"commands":["uptime"],"executionTimeout":["60"]}})"));
  EXPECT_EQ(world.http.header(0, "x-amz-target"), "AmazonSSM.SendCommand");
}

TEST(Ssm, NeverSendsACommandTwice) {
  World world;
  world.http.fail(base::ErrorKind::kRetry, "Timeout");
  EXPECT_EQ(world.loop.run(world.ssm.send_command(command())).error().code, "Timeout");
  EXPECT_EQ(world.http.sent().size(), 1U);
  world.http.answer(200, "{}");  // taken, but which is it?
  EXPECT_FALSE(world.loop.run(world.ssm.send_command(command())).error().is_transient());
}

TEST(Ssm, ReadsWhatACommandSaidAndHowItEnded) {
  World world;
  world.http.answer(200, R"({"Status":"Failed","StatusDetails":"Failed","ResponseCode":3,
    "StandardOutputContent":"out","StandardErrorContent":"err"})");
  world.http.answer(200, R"({"Status":"Pending","StatusDetails":"Pending"})");
  world.http.answer(400, R"({"__type":"InvocationDoesNotExist","message":""})");
  const auto get = [&] {
    return world.loop.run(world.ssm.get_command_invocation("c-1", base::InstanceId("i-1")));
  };
  const auto ended = get().value();
  EXPECT_EQ(ended.status, "Failed");
  EXPECT_EQ(ended.response_code, 3);
  EXPECT_EQ(ended.output, "out");
  EXPECT_EQ(ended.error_output, "err");
  EXPECT_EQ(get().value().response_code, -1);
  EXPECT_EQ(get().error().kind, base::ErrorKind::kNotFound);
}

TEST(Ssm, CancelsOnTheInstancesThatItNames) {
  World world;
  world.http.answer(200, "{}");
  EXPECT_TRUE(
      world.loop.run(world.ssm.cancel_command("c-1", {base::InstanceId("i-1")})).has_value());
  EXPECT_EQ(world.sent(0), json::parse(R"({"CommandId":"c-1","InstanceIds":["i-1"]})"));
}

TEST(Ssm, DecryptsParametersAndKnowsMissingOnes) {
  World world;
  world.http.answer(200, R"({"Parameter":{"Name":"/a","Type":"SecureString","Value":"s3cret"}})");
  world.http.answer(400, R"({"__type":"ParameterNotFound"})");
  EXPECT_EQ(world.loop.run(world.ssm.get_parameter("/a")).value().expose(), "s3cret");
  EXPECT_EQ(world.sent(0), json::parse(R"({"Name":"/a","WithDecryption":true})"));
  EXPECT_EQ(world.loop.run(world.ssm.get_parameter("/b")).error().kind, base::ErrorKind::kNotFound);
}

TEST(SecretsManager, GivesTheTextOfASecretAndRefusesBytes) {
  World world;
  world.http.answer(200, R"({"Name":"db","SecretString":"{\"password\":\"x\"}"})");
  world.http.answer(200, R"({"Name":"db","SecretBinary":"AAEC"})");
  world.http.answer(400, R"({"__type":"ResourceNotFoundException","Message":"can't find it"})");
  EXPECT_EQ(world.loop.run(world.secrets.get_secret_value("db")).value().expose(),
            R"({"password":"x"})");
  EXPECT_EQ(world.http.header(0, "x-amz-target"), "secretsmanager.GetSecretValue");
  EXPECT_EQ(world.loop.run(world.secrets.get_secret_value("db")).error().kind,
            base::ErrorKind::kInvalid);
  EXPECT_EQ(world.loop.run(world.secrets.get_secret_value("db")).error().kind,
            base::ErrorKind::kNotFound);
}

}  // namespace
