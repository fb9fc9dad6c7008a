#include "consumers/recycle/status.h"

#include "consumers/recycle/control.h"
#include "consumers/recycle/journal.h"
#include "tests/consumers/sim_services.h"

#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

using State = GroupStatus::State;

struct Fixture : test::SimServices {
  base::Result<std::vector<GroupStatus>> ask(const std::vector<std::string>& names = {}) {
    std::vector<base::GroupName> groups;
    for (const std::string& name : names) groups.emplace_back(name);
    Observer eyes(worker.services);
    return loop.run(read_status(worker.services, config, eyes, std::move(groups)));
  }
  GroupStatus only(const std::vector<std::string>& names = {}) {
    const auto found = ask(names);
    if (!found) throw std::runtime_error(found.error().to_string());
    if (found->size() != 1) throw std::runtime_error("not one group");
    return found->front();
  }
  // A run in its first phase, as a worker has left it.
  Journal begin(const std::string& group) {
    Journal journal;
    journal.run_id = "run1";
    journal.target = "lt-1:2";
    journal.started_at = loop.clock().now() - std::chrono::minutes(5);
    journal.phase_at = journal.started_at;
    journal.original_min = 2;
    journal.original_max = 8;
    journal.original_desired = 4;
    set_tags(group, to_tags(journal));
    return journal;
  }
};

TEST(Status, SaysNothingOfGroupsWithNothingToDo) {
  Fixture aws;
  aws.create_group({.name = "web", .tags = test::tags_for("out-in")});
  aws.create_group({.name = "untagged"});
  EXPECT_TRUE(aws.ask()->empty());
  const GroupStatus idle = aws.only({"web"});
  EXPECT_EQ(idle.state, State::kIdle);
  EXPECT_EQ(idle.old_instances, 0);
  EXPECT_EQ(idle.new_instances, 4);
}

TEST(Status, ShowsARunWithItsCountsAndItsDeadline) {
  Fixture aws;
  aws.create_group({.name = "web", .tags = test::tags_for("out-in")});
  aws.create_template_version();
  const Journal journal = aws.begin("web");
  const GroupStatus run = aws.only();
  EXPECT_EQ(run.state, State::kRunning);
  EXPECT_EQ(run.phase, "grow");
  EXPECT_EQ(run.run_id, "run1");
  EXPECT_EQ(run.old_instances, 4);
  EXPECT_EQ(run.new_instances, 0);
  EXPECT_EQ(run.started_at, journal.started_at);
  EXPECT_EQ(run.deadline, journal.phase_at + aws.config.ready_timeout);
  EXPECT_NE(run.step.find("next: "), std::string::npos) << run.step;
  EXPECT_TRUE(is_run(run));
}

TEST(Status, TellsAPausedRunFromOneThatIsCancelled) {
  Fixture aws;
  aws.create_group({.name = "web", .tags = test::tags_for("out-in")});
  aws.create_template_version();
  aws.begin("web");
  aws.set_tags("web", {{std::string(kTagControl), "pause"}});
  EXPECT_EQ(aws.only().state, State::kPaused);
  aws.set_tags("web", {{std::string(kTagControl), "cancel-restore"}});
  EXPECT_EQ(aws.only().state, State::kCancelling);
}

TEST(Status, ShowsWhatIsDueAndWhatWaitsForItsWindow) {
  Fixture aws;
  aws.create_group({.name = "web", .tags = test::tags_for("out-in")});
  auto tags = test::tags_for("out-in-timed");
  tags[std::string(kTagWindow)] = "04:00:00, 05:00:00";  // it is shortly after three
  tags[std::string(kTagTimeZone)] = "Etc/UTC";
  aws.create_group({.name = "timed", .tags = tags});
  aws.create_template_version();
  const auto found = aws.ask();
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ((*found)[0].group, "timed");
  EXPECT_EQ((*found)[0].state, State::kWaiting);
  EXPECT_EQ(base::format_rfc3339(*(*found)[0].until), "2026-01-02T04:00:00Z");
  EXPECT_EQ((*found)[1].state, State::kDue);
  EXPECT_EQ((*found)[1].old_instances, 4);
}

TEST(Status, PromisesNoTimeForWhatPeopleDecide) {
  Fixture aws;
  auto tags = test::tags_for("out-in");
  tags[std::string(kTagControl)] = "pause";
  aws.create_group({.name = "web", .tags = tags});
  aws.create_template_version();
  const GroupStatus held = aws.only();
  EXPECT_EQ(held.state, State::kWaiting);
  EXPECT_NE(held.step.find("paused"), std::string::npos) << held.step;
  EXPECT_FALSE(held.until.has_value());
}

TEST(Status, NamesTheTagTheValueAndWhatIsAccepted) {
  Fixture aws;
  aws.create_group({.name = "web", .tags = test::tags_for("typo")});
  const GroupStatus refused = aws.only();
  EXPECT_EQ(refused.state, State::kRefused);
  for (const char* part : {"autorecycle_strategy", "typo", "out-in-timed"}) {
    EXPECT_NE(refused.step.find(part), std::string::npos) << refused.step;
  }
}

TEST(Status, ShowsAJournalThatCannotBeRead) {
  Fixture aws;
  aws.create_group({.name = "web", .tags = test::tags_for("out-in")});
  aws.set_tags("web", {{std::string(kJournalPrefix), "v9:1/1:0:x"}});
  const GroupStatus broken = aws.only();
  EXPECT_EQ(broken.state, State::kBroken);
  EXPECT_NE(broken.step.find("v9"), std::string::npos);
}

TEST(Status, RefusesANameThatDoesNotExist) {
  Fixture aws;
  const auto found = aws.ask({"nowhere"});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, base::ErrorKind::kNotFound);
  EXPECT_NE(found.error().message.find("nowhere"), std::string::npos);
}

TEST(Status, ChangesNothing) {
  Fixture aws;
  aws.create_group({.name = "web", .tags = test::tags_for("out-in")});
  aws.create_template_version();
  aws.begin("web");
  aws.record_mutations();
  aws.only();
  EXPECT_TRUE(aws.mutations.empty());
}

}  // namespace
}  // namespace consumers::recycle
