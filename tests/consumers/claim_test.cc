#include "consumers/recycle/claim.h"

#include "consumers/recycle/journal.h"

#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr base::Duration kOwn{15'000};
const base::TimePoint kNow = base::parse_rfc3339("2026-07-14T10:00:00Z").value();
const base::SteadyPoint kClaimedAt{std::chrono::hours(1)};

Claim claim_of(std::string holder, int number, std::string message, base::Duration age = {}) {
  return {std::move(holder), number, kNow - age, std::move(message)};
}

// A delivery of "mine" that saw these, claimed, and sees its claim beside them.
OwnClaim claimed_beside(const std::vector<Claim>& others) {
  OwnClaim hold("mine");
  hold.see(others);
  const Claim claim = hold.next("h", kNow);
  hold.claimed(claim, kClaimedAt);
  std::vector<Claim> seen = others;
  seen.push_back(claim);
  EXPECT_EQ(hold.see(seen), OwnClaim::Sight::kFine);
  return hold;
}

TEST(Claim, SurvivesTheTags) {
  Claim claim = claim_of("9f3a1c2b4d5e", 7, "b1946ac9-2492-4d23-9b6c");
  EXPECT_EQ(claims_from_tags(to_tags(claim)), std::vector<Claim>{claim});
  claim.set_down = true;
  EXPECT_EQ(claims_from_tags(to_tags(claim)), std::vector<Claim>{claim});
}

TEST(Claim, ThatCannotBeReadIsBelowEveryOther) {
  for (const char* text : {"", "zz", "zz/-1/2026-07-14T10:00:00Z/m", "zz/1/yesterday/m",
                           "zz/99999999999/2026-07-14T10:00:00Z/m", "zz/1/2026-07-14T10:00:00Z"}) {
    const std::string key = std::string(kClaimPrefix) + text;
    const auto claims = claims_from_tags({{key, std::string(kInOffice)}});
    ASSERT_EQ(claims.size(), 1U) << text;
    EXPECT_TRUE(is_above(claim_of("a", 1, "m"), claims.front())) << text;
    OwnClaim hold("mine");
    hold.see(claims);
    EXPECT_EQ(hold.all(), std::vector<std::string>{key}) << "so that it can be removed";
  }
}

TEST(Claim, IsATagThatAwsPromisesToTakeWhateverTheMessage) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 +-=._:/@";
  OwnClaim hold(std::string(400, '#'));
  hold.claimed(hold.next("9f3a1c2b4d5e", kNow), kClaimedAt);
  for (const Claim& claim : {hold.next("9f3a1c2b4d5e", kNow), hold.set_down()}) {
    const auto tags = to_tags(claim);
    ASSERT_EQ(tags.size(), 1U);
    const auto& [key, value] = *tags.begin();
    EXPECT_LE(key.size(), 128U);
    EXPECT_EQ((key + value).find_first_not_of(kAllowed), std::string::npos) << key << value;
  }
}

TEST(Claim, IsNoJournalButGoesWithIt) {
  const auto tags = to_tags(claim_of("h", 1, "m"));
  const auto journal = journal_from_tags(tags);
  ASSERT_TRUE(journal) << journal.error().message;
  EXPECT_FALSE(*journal);
  EXPECT_EQ(journal_keys(tags).size(), tags.size());
}

TEST(Claim, OfAJournalDoesNotBreakIt) {
  Journal journal;
  journal.run_id = "run1";
  auto tags = to_tags(journal);
  tags.merge(to_tags(claim_of("h", 1, "m")));
  const auto read = journal_from_tags(tags);
  ASSERT_TRUE(read && *read);
  EXPECT_TRUE(is_same(**read, journal));
}

TEST(OwnClaim, IsSettledAtOnceWhereNobodyElseIsAndNoJournal) {
  OwnClaim hold = claimed_beside({});
  EXPECT_EQ(hold.settled_at(false, kOwn), kClaimedAt);
}

TEST(OwnClaim, WaitsForAnEarlierDeliveryOfItsMessageAsLongAsIsSaid) {
  EXPECT_EQ(claimed_beside({claim_of("a", 1, "mine")}).settled_at(true, kOwn), kClaimedAt + kOwn);
}

TEST(OwnClaim, WaitsTwoMinutesForAnotherMessageAndForAJournalWithoutClaim) {
  const auto others = kClaimedAt + OwnClaim::kOthersSettleWithin;
  EXPECT_EQ(claimed_beside({claim_of("a", 1, "other")}).settled_at(true, kOwn), others);
  EXPECT_EQ(claimed_beside({claim_of("a", 1, "other")}).settled_at(false, kOwn), others);
  EXPECT_EQ(claimed_beside({}).settled_at(true, kOwn), others);
}

TEST(OwnClaim, DoesNotWaitForLongWhereTheGroupWasSetDown) {
  OwnClaim before("other");
  before.claimed(before.next("a", kNow), kClaimedAt);
  EXPECT_EQ(claimed_beside({before.set_down()}).settled_at(true, kOwn), kClaimedAt + kOwn);
}

TEST(OwnClaim, KeepsToItsWaitWhenTheOtherIsSeenNoMore) {
  OwnClaim hold = claimed_beside({claim_of("a", 1, "other")});
  hold.settled_at(true, kOwn);
  hold.see({claim_of("h", 2, "mine")});
  EXPECT_EQ(hold.settled_at(false, kOwn), kClaimedAt + OwnClaim::kOthersSettleWithin);
}

TEST(OwnClaim, IsLostToAHigherClaimAndNotToALowerOne) {
  OwnClaim hold = claimed_beside({claim_of("a", 4, "other")});
  EXPECT_EQ(hold.see({claim_of("h", 5, "mine"), claim_of("z", 4, "other")}),
            OwnClaim::Sight::kFine);
  EXPECT_EQ(hold.see({claim_of("h", 5, "mine"), claim_of("a", 6, "other")}),
            OwnClaim::Sight::kLost);
  EXPECT_EQ(hold.see({claim_of("a", 6, "other")}), OwnClaim::Sight::kLost);
}

TEST(OwnClaim, OfTwoThatClaimAtOnceIsLostToExactlyOne) {
  OwnClaim one("one");
  OwnClaim two("two");
  const Claim first = one.next("a", kNow);
  const Claim second = two.next("b", kNow);
  one.claimed(first, kClaimedAt);
  two.claimed(second, kClaimedAt);
  EXPECT_EQ(one.see({first, second}), OwnClaim::Sight::kLost);
  EXPECT_EQ(two.see({first, second}), OwnClaim::Sight::kFine);
}

TEST(OwnClaim, IsUnseenWhileItsClaimIsNotThereOrARemovedOneStillIs) {
  OwnClaim hold = claimed_beside({claim_of("a", 1, "mine")});
  EXPECT_EQ(hold.see({claim_of("a", 1, "mine")}), OwnClaim::Sight::kUnseen);
  hold.see({claim_of("h", 2, "mine")});
  hold.removed();
  EXPECT_EQ(hold.see({claim_of("h", 2, "mine")}), OwnClaim::Sight::kUnseen);
  EXPECT_EQ(hold.see({}), OwnClaim::Sight::kFine);
}

TEST(OwnClaim, LetsAnotherMessageWorkForItsTermOnly) {
  const auto in_office = [](const Claim& claim) {
    OwnClaim hold("mine");
    hold.see({claim});
    return hold.in_office(kNow) != nullptr;
  };
  EXPECT_TRUE(in_office(claim_of("a", 1, "other")));
  EXPECT_TRUE(in_office(claim_of("a", 1, "other", OwnClaim::kTermOfOffice - seconds(1))));
  EXPECT_FALSE(in_office(claim_of("a", 1, "other", OwnClaim::kTermOfOffice)));
  EXPECT_FALSE(in_office(claim_of("a", 1, "mine")));
  Claim set_down = claim_of("a", 1, "other");
  set_down.set_down = true;
  EXPECT_FALSE(in_office(set_down));
}

}  // namespace
}  // namespace consumers::recycle
