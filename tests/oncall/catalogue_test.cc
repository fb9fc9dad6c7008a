// What holds for every entry of the catalogue, and, once all tests have run, that every permission
// is one that some job used.
#include "consumers/oncall/entry.h"
#include "tests/oncall/rig.h"

#include <algorithm>

namespace test {
namespace {

namespace oncall = consumers::oncall;

class BuiltIn : public OncallRig {
 protected:
  oncall::Catalogue jobs = make_jobs();
};

// Asked for by AWS beside a call, not calls themselves.
const std::set<std::string> kNoCalls = {"iam:PassRole"};  // of ecs:RunTask, for the task's roles

TEST_F(BuiltIn, EntriesAreWhole) {
  EXPECT_EQ(jobs.size(), 15U);
  std::set<std::string> names;
  for (const auto& one : jobs) {
    const oncall::Entry& entry = one->entry();
    SCOPED_TRACE(entry.name);
    EXPECT_TRUE(oncall::check_job_name(entry.name).has_value());
    EXPECT_TRUE(names.insert(entry.name).second);
    EXPECT_FALSE(entry.purpose.empty());
    EXPECT_FALSE(entry.owner.empty());
    EXPECT_GE(entry.timeout, oncall::kJobTimeoutMin);
    EXPECT_LE(entry.timeout, oncall::kJobTimeoutMax);
    EXPECT_TRUE(std::ranges::is_sorted(entry.permissions));
    EXPECT_TRUE(oncall::Schema::problems(entry.params_schema).empty());
    EXPECT_TRUE(oncall::Schema::problems(entry.output_schema).empty());
    const auto schema = oncall::Schema::parse(entry.params_schema);
    ASSERT_TRUE(schema.has_value()) << schema.error().message;
    const auto example = schema->check(entry.example);
    EXPECT_TRUE(example.has_value()) << example.error().message;
    for (const auto& parameter : schema->parameters()) {
      EXPECT_FALSE(parameter.description.empty()) << parameter.name;
    }
    // What clashes names parameters that there are.
    for (std::size_t at = 0; (at = entry.clash.find('{', at)) != std::string::npos; ++at) {
      const std::string name = entry.clash.substr(at + 1, entry.clash.find('}', at) - at - 1);
      EXPECT_TRUE(std::ranges::any_of(schema->parameters(), [&](const auto& one) {
        return one.name == name;
      })) << name;
    }
  }
}

TEST_F(BuiltIn, OnlyThoseThatChangeNothingAskForNothingElse) {
  for (const auto& one : jobs) {
    const oncall::Entry& entry = one->entry();
    const bool reads_only = std::ranges::all_of(entry.permissions, [](const std::string& each) {
      const std::string call = each.substr(each.find(':') + 1);
      return call.starts_with("Describe") || call.starts_with("Get") || call.starts_with("List") ||
             call.starts_with("Filter") || call == "ReceiveMessage" ||
             call == "ChangeMessageVisibility";
    });
    EXPECT_EQ(reads_only, !entry.changes) << entry.name;
  }
}

TEST_F(BuiltIn, WhatChangesTheSameThingNeverRunsAtOnce) {
  for (const auto& one : jobs) {
    const oncall::Entry& entry = one->entry();
    // A command is its own author's business.
    if (entry.changes && entry.name != "oncall-run-command") {
      EXPECT_FALSE(entry.clash.empty()) << entry.name;
    }
  }
}

// Every job is used to what it declares, over all tests of this binary together.
class UsedPermissions : public ::testing::Environment {
 public:
  void TearDown() override {
    const auto* tests = ::testing::UnitTest::GetInstance();
    if (tests->test_to_run_count() != tests->total_test_count()) return;  // a part of them ran
    struct Everything : OncallRig {
      void TestBody() override {
        for (const auto& one : make_jobs()) {
          const oncall::Entry& entry = one->entry();
          for (const std::string& permission : entry.permissions) {
            if (kNoCalls.contains(permission)) continue;
            EXPECT_TRUE(used()[entry.name].contains(permission))
                << entry.name << " declares " << permission << ", and no test makes it call that";
          }
        }
      }
    } everything;
    everything.TestBody();
  }
};

const auto* const kAtTheEnd = ::testing::AddGlobalTestEnvironment(new UsedPermissions);

}  // namespace
}  // namespace test
