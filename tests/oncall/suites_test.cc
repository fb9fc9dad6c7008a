#include "consumers/oncall/jobs/suites.h"

#include <gtest/gtest.h>

namespace {

using consumers::oncall::parse_suites;

TEST(Suites, ReadTasksAndCommands) {
  const auto suites = parse_suites(R"({
    "checkout": {"task_definition": "checkout-tests", "cluster": "tests", "container": "app",
      "command": ["pytest", "-q"], "environment": {"STAGE": "test"}, "launch_type": "FARGATE",
      "subnets": ["subnet-1"], "security_groups": ["sg-1"], "assign_public_ip": true,
      "junit": "s3://reports/checkout/{request_id}.xml"},
    "db": {"instance_id": "i-0abc12345678", "commands": ["./run.sh"], "junit": "output"}})");
  ASSERT_TRUE(suites.has_value()) << suites.error().message;
  ASSERT_EQ(suites->size(), 2U);
  EXPECT_EQ((*suites)[0].command, (std::vector<std::string>{"pytest", "-q"}));
  EXPECT_EQ((*suites)[0].environment.at("STAGE"), "test");
  EXPECT_TRUE((*suites)[0].assign_public_ip);
  EXPECT_EQ((*suites)[1].commands, std::vector<std::string>{"./run.sh"});
}

TEST(Suites, NameTheSuiteAndTheMemberThatIsWrong) {
  const std::pair<const char*, const char*> rows[] = {
      {"[]", "expected a JSON object"},
      {R"({"a b":{}})", "\"a b\" is no name"},
      {R"({"x":7})", "x: expected an object"},
      {R"({"x":{}})", "x.task_definition: expected either task_definition or instance_id"},
      {R"({"x":{"task_definition":"t","instance_id":"i-1","container":"c","commands":["a"]}})",
       "x.task_definition: expected either"},
      {R"({"x":{"task_definition":"t"}})", "x.container"},
      {R"({"x":{"instance_id":"i-1"}})", "x.commands"},
      {R"({"x":{"task_definition":7}})", "x.task_definition: expected a text"},
      {R"({"x":{"task_definition":"t","container":"c","command":"pytest"}})", "x.command"},
      {R"({"x":{"task_definition":"t","container":"c","environment":{"A":1}}})", "x.environment"},
      {R"({"x":{"task_definition":"t","container":"c","junit":"file"}})", "x.junit"},
      {R"({"x":{"task_definition":"t","container":"c","junit":"s3://bucket"}})", "x.junit"},
      {R"({"x":{"task_definition":"t","container":"c","comand":["a"]}})", "x.comand"},
  };
  for (const auto& [text, expected] : rows) {
    const auto suites = parse_suites(text);
    ASSERT_FALSE(suites.has_value()) << text;
    EXPECT_NE(suites.error().message.find(expected), std::string::npos) << suites.error().message;
  }
}

}  // namespace
