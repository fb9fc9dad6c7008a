#include "aws/step_functions.h"

#include "tests/aws/scripted_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace {

struct World : ScriptedWorld {
  aws::StepFunctions states{caller};
};

TEST(StepFunctions, StartsAnExecutionWithItsInputAsText) {
  World world;
  world.http.answer(200, R"({"executionArn":"arn:aws:states:x","startDate":1.0})");
  const auto arn =
      world.loop.run(world.states.start_execution("arn:machine", "run-1", R"({"a":1})"));
  EXPECT_EQ(arn.value(), "arn:aws:states:x");
  EXPECT_EQ(nlohmann::json::parse(world.http.request(0).body),
            nlohmann::json::parse(
                R"({"stateMachineArn":"arn:machine","name":"run-1","input":"{\"a\":1}"})"));
  EXPECT_EQ(world.http.header(0, "x-amz-target"), "AWSStepFunctions.StartExecution");
  EXPECT_EQ(world.http.request(0).url, "https://states.eu-west-2.amazonaws.com/");
}

TEST(StepFunctions, ReportsAMissingStateMachine) {
  World world;
  world.http.answer(400, R"({"__type":"StateMachineDoesNotExist","message":"none"})");
  const auto error = world.loop.run(world.states.start_execution("arn:machine", "n", "{}")).error();
  EXPECT_EQ(error.kind, base::ErrorKind::kNotFound);
}

TEST(StepFunctions, RejectsAnAnswerWithoutTheArn) {
  World world;
  world.http.answer(200, "{}");
  const auto error = world.loop.run(world.states.start_execution("arn:machine", "n", "{}")).error();
  EXPECT_EQ(error.code, "MalformedResponse");
}

}  // namespace
