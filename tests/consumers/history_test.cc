#include "consumers/recycle/history.h"

#include "consumers/recycle/journal.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace consumers::recycle {
namespace {

using Json = nlohmann::json;

base::TimePoint at(int minute) {
  return base::parse_rfc3339("2026-01-02T03:00:00Z").value() + std::chrono::minutes(minute);
}

Journal journal_of(const std::string& run, Phase phase, int started) {
  Journal journal;
  journal.run_id = run;
  journal.phase = phase;
  journal.target = "lt-1:7";
  journal.started_at = at(started);
  journal.phase_at = at(started);
  return journal;
}

aws::TrailEvent event(const std::string& name, const std::string& group, int minute,
                      const std::map<std::string, std::string>& tags) {
  Json list = Json::array();
  for (const auto& [key, value] : tags) {
    Json tag = {{"resourceId", group}, {"resourceType", "auto-scaling-group"}, {"key", key}};
    if (!value.empty()) tag["value"] = value;
    list.push_back(tag);
  }
  const Json record = {{"userIdentity", {{"arn", "arn:aws:sts::1:assumed-role/worker/x"}}},
                       {"requestParameters", {{"tags", list}}}};
  return {"id", name, at(minute), "worker", record.dump()};
}

aws::TrailEvent written(const std::string& group, int minute, const Journal& journal) {
  return event("CreateOrUpdateTags", group, minute, to_tags(journal));
}

aws::TrailEvent removed(const std::string& group, int minute) {
  return event("DeleteTags", group, minute, {{std::string(kJournalPrefix), ""}});
}

TEST(History, TellsOfARunFromItsFirstJournalToItsEnd) {
  const auto runs =
      past_runs({removed("web", 30), written("web", 20, journal_of("a", Phase::kCull, 0)),
                 written("web", 0, journal_of("a", Phase::kGrow, 0))},
                "");
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].group, "web");
  EXPECT_EQ(runs[0].run_id, "a");
  EXPECT_EQ(runs[0].phase, "cull");
  EXPECT_EQ(runs[0].target, "lt-1:7");
  EXPECT_EQ(runs[0].by, "arn:aws:sts::1:assumed-role/worker/x");
  EXPECT_EQ(runs[0].started_at, at(0));
  EXPECT_EQ(runs[0].ended_at, at(30));
  EXPECT_EQ(runs[0].result(), "done");
}

TEST(History, PutsTheNewestRunFirstAndKeepsGroupsApart) {
  std::vector<aws::TrailEvent> events = {written("web", 0, journal_of("a", Phase::kGrow, 0)),
                                         removed("web", 10),
                                         written("api", 5, journal_of("b", Phase::kSwap, 5)),
                                         written("web", 20, journal_of("c", Phase::kGrow, 20))};
  const auto runs = past_runs(events, "");
  ASSERT_EQ(runs.size(), 3U);
  EXPECT_EQ(runs[0].run_id, "c");
  EXPECT_EQ(runs[0].result(), "not ended");
  EXPECT_EQ(runs[1].run_id, "b");
  EXPECT_EQ(runs[1].result(), "not ended");  // web's end is not api's
  EXPECT_EQ(runs[2].ended_at, at(10));
  EXPECT_EQ(past_runs(events, "api").size(), 1U);
}

TEST(History, SaysWhyARunFailedAndThatOneWasCancelled) {
  Journal failed = journal_of("a", Phase::kRestore, 0);
  failed.failure = "new instances were not ready";
  Journal cancelled = journal_of("b", Phase::kRestore, 20);
  cancelled.failure = "cancelled by an operator";
  cancelled.cancelled = true;
  const auto runs = past_runs({written("web", 5, failed), removed("web", 9),
                               written("web", 25, cancelled), removed("web", 29)},
                              "web");
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].result(), "cancelled");
  EXPECT_EQ(runs[1].result(), "failed");
  EXPECT_EQ(runs[1].failure, "new instances were not ready");
}

TEST(History, ALaterPartThatIsRemovedEndsNothing) {
  const auto runs =
      past_runs({written("web", 0, journal_of("a", Phase::kGrow, 0)),
                 event("DeleteTags", "web", 5, {{std::string(kJournalPrefix) + ":2", ""}})},
                "");
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].result(), "not ended");
}

TEST(History, LeavesOutWhatIsNoJournalOrWasRefused) {
  aws::TrailEvent refused = written("web", 0, journal_of("a", Phase::kGrow, 0));
  Json record = Json::parse(refused.record);
  record["errorCode"] = "AccessDenied";
  refused.record = record.dump();
  std::vector<aws::TrailEvent> events = {
      refused, event("CreateOrUpdateTags", "web", 1, {{"autorecycle_strategy", "out-in"}}),
      event("CreateOrUpdateTags", "web", 2, {{std::string(kJournalPrefix), "v1:garbage"}}),
      removed("web", 3)};
  for (const char* garbage : {"", "null", "[]", "{\"requestParameters\":1}",
                              "{\"requestParameters\":{\"tags\":[1,{\"key\":7}]}}"}) {
    events.push_back({"id", "CreateOrUpdateTags", at(4), "x", garbage});
  }
  EXPECT_TRUE(past_runs(events, "").empty());
}

}  // namespace
}  // namespace consumers::recycle
