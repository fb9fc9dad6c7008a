#include "consumers/oncall/entry.h"

#include "consumers/oncall/page.h"
#include "consumers/oncall/replay_dlq.h"

#include <gmock/gmock.h>

namespace consumers::oncall {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Entry good() {
  Entry entry;
  entry.name = "oncall-restart-service";
  entry.purpose = "Restarts a service";
  entry.params_schema = R"({"type":"object","required":["service_name"],"properties":{
    "service_name":{"type":"string","description":"Which"},
    "cluster":{"type":"string","default":"main","description":"Where"},
    "note":{"type":"string","description":"Why"}}})";
  entry.example = R"({"service_name":"web app","note":"it's slow"})";
  entry.owner = "payments";
  entry.permissions = {"ecs:UpdateService"};
  entry.clash = "ecs/{cluster}/{service_name}";
  return entry;
}

TEST(JobName, IsOfAFamilyAndOfWords) {
  for (const char* name : {"test-a", "debug-logs", "oncall-restart-service2"}) {
    EXPECT_TRUE(check_job_name(name)) << name;
  }
  for (const char* name : {"", "test", "test-", "oncall--x", "Oncall-x", "deploy-x", "test-x_y",
                           "test-x-", "test-../x"}) {
    EXPECT_FALSE(check_job_name(name)) << name;
  }
  EXPECT_FALSE(check_job_name("test-" + std::string(60, 'x')));
  EXPECT_EQ(family_of("debug-logs"), "debug");
}

TEST(Entry, IsInOrderOrSaysWhatIsNot) {
  EXPECT_THAT(problems_of(good()), ElementsAre());
  EXPECT_THAT(problems_of(replay_dlq_entry()), ElementsAre());
  const auto broken = [](auto change) {
    Entry entry = good();
    change(entry);
    return problems_of(entry);
  };
  EXPECT_THAT(broken([](Entry& e) { e.name = "restart"; }), ElementsAre(HasSubstr("name: ")));
  EXPECT_THAT(broken([](Entry& e) { e.purpose = ""; }), ElementsAre(HasSubstr("purpose: ")));
  EXPECT_THAT(broken([](Entry& e) { e.owner = ""; }), ElementsAre(HasSubstr("owner: ")));
  EXPECT_THAT(broken([](Entry& e) { e.timeout = std::chrono::hours(12); }),
              ElementsAre(HasSubstr("timeout: ")));
  EXPECT_THAT(broken([](Entry& e) { e.permissions = {"UpdateService"}; }),
              ElementsAre(HasSubstr("permissions: found \"UpdateService\"")));
  EXPECT_THAT(broken([](Entry& e) { e.example = R"({"service_name":7})"; }),
              ElementsAre(HasSubstr("example.service_name: found 7, expected a string")));
  EXPECT_THAT(broken([](Entry& e) { e.clash = "x/{note}"; }),
              ElementsAre(HasSubstr("clash: {note}")));
  EXPECT_THAT(broken([](Entry& e) { e.params_schema = R"({"properties":{"a":{"type":"x"}}})"; }),
              ElementsAre(HasSubstr("params.properties.a.type: ")));
  EXPECT_THAT(broken([](Entry& e) { e.output_schema = R"({"tpye":"object"})"; }),
              ElementsAre(HasSubstr("output.tpye: ")));
}

TEST(Entry, NamesWhatItsRunsWouldClashOn) {
  EXPECT_EQ(clash_of(good(), R"({"cluster":"main","service_name":"web"})"), "ecs/main/web");
  Entry none = good();
  none.clash = "";
  EXPECT_EQ(clash_of(none, "{}"), "");
}

TEST(Page, ShowsAUsageThatAShellTakesAsItIs) {
  EXPECT_EQ(usage_of(good()),
            "autorecycle jobs run oncall-restart-service --param 'service_name=web app' "
            "--param 'note=it'\\''s slow'");
  const std::string page = page_of(good());
  for (const char* heading :
       {"# oncall-restart-service\n", "## Purpose\n", "## Input\n", "## Output\n", "## Usage\n"}) {
    EXPECT_THAT(page, HasSubstr(heading));
  }
  EXPECT_THAT(page, HasSubstr("| `cluster` | Where | a string | `\"main\"` |"));
}

}  // namespace
}  // namespace consumers::oncall
