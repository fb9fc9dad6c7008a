#include "consumers/recycle/journal.h"

#include <boost/crc.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>

namespace consumers::recycle {
namespace {

using Tags = std::map<std::string, std::string>;

Journal example() {
  Journal journal;
  journal.run_id = "1f0c";
  journal.strategy = Strategy::kInOut;
  journal.phase = Phase::kSwap;
  journal.started_at = base::TimePoint(std::chrono::microseconds(1'767'323'045'123'456));
  journal.phase_at = journal.started_at + std::chrono::minutes(3);
  journal.original_min = 2;
  journal.original_max = 8;
  journal.original_desired = 4;
  journal.target = "lt-0abc:7";
  journal.suspended = {"AZRebalance"};
  journal.victim = base::InstanceId("i-0abc");
  return journal;
}

// Long enough for several parts.
Journal long_example() {
  Journal journal = example();
  journal.phase = Phase::kRestore;
  journal.failure = std::string(300, 'x') + " with spaces / slashes = 100% \xc3\xa9\n";
  return journal;
}

std::string error_of(const Tags& tags) {
  const auto journal = journal_from_tags(tags);
  EXPECT_FALSE(journal);
  EXPECT_EQ(journal.error().kind, base::ErrorKind::kInvalid);
  return journal ? "" : journal.error().message;
}

std::string any_text() { return *rc::gen::container<std::string>(rc::gen::arbitrary<char>()); }

base::TimePoint any_time() {
  return base::TimePoint(std::chrono::microseconds(*rc::gen::arbitrary<std::int64_t>()));
}

std::vector<int> any_counts() {
  return *rc::gen::container<std::vector<int>>(
      rc::gen::inRange(0, std::numeric_limits<int>::max()));
}

void any_accounts(Journal& journal) {
  const auto count = [] { return *rc::gen::inRange(0, std::numeric_limits<int>::max()); };
  journal.victim_units = count();
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    journal.protected_by_others.emplace_back("i-" + any_text());
    journal.victims.push_back({base::InstanceId(fmt::format("i-{:x}", count())), count() / 2 + 1});
  }
  journal.desired_goal = count();
  journal.scaled_out = count();
  journal.our_min = any_counts();
  journal.our_max = any_counts();
  journal.keep = count();
  journal.committed = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>()) journal.paused_at = any_time();
  journal.cancelled = *rc::gen::arbitrary<bool>();
  journal.previous = any_text();
  journal.pin = any_text();
  journal.template_before = any_text();
}

Journal any_journal() {
  Journal journal;
  journal.run_id = any_text();
  journal.strategy = *rc::gen::element(Strategy::kOutIn, Strategy::kOutInTimed, Strategy::kInOut);
  journal.phase = *rc::gen::element(Phase::kGrow, Phase::kCull, Phase::kSwap, Phase::kRestore);
  journal.started_at = any_time();
  journal.phase_at = any_time();
  const auto count = [] { return *rc::gen::inRange(0, std::numeric_limits<int>::max()); };
  journal.original_min = count();
  journal.original_max = count();
  journal.original_desired = count();
  journal.desired_before = count();
  journal.target = any_text();
  if (*rc::gen::arbitrary<bool>()) journal.force_before = any_time();
  journal.suspended = *rc::gen::container<std::vector<std::string>>(
      rc::gen::element<std::string>("AZRebalance", "Launch", "ReplaceUnhealthy"));
  journal.protected_new = *rc::gen::arbitrary<bool>();
  journal.hold = *rc::gen::arbitrary<bool>();
  journal.undo = *rc::gen::arbitrary<bool>();
  journal.victim = base::InstanceId(any_text());
  journal.failure = any_text();
  any_accounts(journal);
  return journal;
}

RC_GTEST_PROP(Journal, SurvivesTheTags, ()) {
  const Journal journal = any_journal();
  Tags tags = to_tags(journal);
  tags["Name"] = "web";
  tags["autorecycle_strategy"] = "out-in";
  const auto read = journal_from_tags(tags);
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->has_value());
  RC_ASSERT(**read == journal);
}

RC_GTEST_PROP(Journal, KeepsToWhatAwsAllowsInTagValues, ()) {
  for (const auto& [key, value] : to_tags(any_journal())) {
    RC_ASSERT(key.starts_with(kJournalPrefix));
    RC_ASSERT(value.size() <= 256U);
    RC_ASSERT(value.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789+-=._:/@") == std::string::npos);
  }
}

RC_GTEST_PROP(Journal, NoticesAnyChangedCharacter, ()) {
  Tags tags = to_tags(any_journal());
  auto tag = tags.begin();
  std::advance(tag, *rc::gen::inRange<std::size_t>(0, tags.size()));
  const auto place = *rc::gen::inRange<std::size_t>(0, tag->second.size());
  const char other = *rc::gen::element('a', 'Z', '0', '/', '=', '@');
  RC_PRE(tag->second[place] != other);
  tag->second[place] = other;
  RC_ASSERT(!journal_from_tags(tags));
}

RC_GTEST_PROP(Journal, NoticesAMissingPart, ()) {
  Journal journal = any_journal();
  journal.failure += std::string(400, 'f');
  Tags tags = to_tags(journal);
  RC_ASSERT(tags.size() > 1U);
  auto tag = tags.begin();
  std::advance(tag, *rc::gen::inRange<std::size_t>(0, tags.size()));
  tags.erase(tag);
  RC_ASSERT(!journal_from_tags(tags));
}

RC_GTEST_PROP(Journal, NeverTripsOverHostileTags, ()) {
  Tags tags;
  tags[std::string(kJournalPrefix)] = *rc::gen::oneOf(
      rc::gen::container<std::string>(rc::gen::arbitrary<char>()),
      rc::gen::container<std::string>(rc::gen::element('v', '1', ':', '/', '@', '=', 'a')));
  RC_ASSERT(!journal_from_tags(tags));
}

TEST(Journal, IsAbsentWithoutItsTags) {
  EXPECT_EQ(journal_from_tags({}).value(), std::nullopt);
  EXPECT_EQ(journal_from_tags({{"autorecycle_strategy", "out-in"}, {"Name", "x"}}).value(),
            std::nullopt);
}

TEST(Journal, FitsIntoTwoTagsWhenNothingFailed) { EXPECT_LE(to_tags(example()).size(), 2U); }

TEST(Journal, IgnoresPartsLeftOverFromALongerOne) {
  Tags tags = to_tags(long_example());
  ASSERT_GT(tags.size(), to_tags(example()).size());
  for (const auto& [key, value] : to_tags(example())) tags[key] = value;
  EXPECT_EQ(**journal_from_tags(tags), example());
}

TEST(Journal, RefusesPartsOfDifferentJournals) {
  Tags tags = to_tags(long_example());
  Journal other = long_example();
  other.original_max = 9;
  tags["autorecycle:journal:2"] = to_tags(other)["autorecycle:journal:2"];
  EXPECT_NE(error_of(tags).find("part 2 belongs to another journal"), std::string::npos);
}

TEST(Journal, RefusesAVersionFromTheFuture) {
  Tags tags = to_tags(example());
  tags["autorecycle:journal"].replace(0, 2, "v3");
  EXPECT_NE(error_of(tags).find("version v3, and this worker knows v2 only"), std::string::npos);
  EXPECT_EQ(journal_from_tags(tags).error().code, kNewerJournal);
  tags["autorecycle:journal"].replace(0, 2, "v1");
  EXPECT_NE(error_of(tags).find("version \"v1\" is not known"), std::string::npos);
  EXPECT_NE(journal_from_tags(tags).error().code, kNewerJournal);
}

TEST(Journal, RefusesALonePartThatIsNotTheFirst) {
  Tags tags = to_tags(long_example());
  tags.erase("autorecycle:journal");
  EXPECT_NE(error_of(tags).find("part 1 is missing"), std::string::npos);
}

// Both would be longer once written again than all of a group's tags can hold.
TEST(Journal, RefusesWhatItNeverWrites) {
  Tags tags = to_tags(example());
  ASSERT_EQ(tags.size(), 1U);
  std::string& value = tags["autorecycle:journal"];
  const auto text = value.find("run=");
  const auto sealed = [&](const std::string& fields) {
    boost::crc_32_type crc;
    crc.process_bytes(fields.data(), fields.size());
    return fmt::format("v2:1/1:{:08x}:{}", crc.checksum(), fields);
  };
  const std::string fields = value.substr(text);
  value = sealed(fields);
  EXPECT_EQ(**journal_from_tags(tags), example()) << "the seal of this test is right";
  value = sealed(fields + "/failure=\xff");
  EXPECT_NE(error_of(tags).find("cannot read"), std::string::npos);
  value = sealed(fields + "/failure=" + std::string(300, 'x'));
  EXPECT_NE(error_of(tags).find("longer than a tag can be"), std::string::npos);
}

TEST(Journal, ListsItsKeysOnly) {
  Tags tags = to_tags(long_example());
  const auto parts = tags.size();
  tags["autorecycle_team"] = "x";
  tags["autorecycle"] = "true";
  tags["zzz"] = "";
  EXPECT_EQ(journal_keys(tags).size(), parts);
}

}  // namespace
}  // namespace consumers::recycle
