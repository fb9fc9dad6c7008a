// Claim: which delivery may change a group, kept on the group in tags of their own beside the
// journal (docs/decisions/0013).
//
// AWS compares nothing before it writes, so each delivery writes a key that is its alone, and then
// looks: of two that claim at the same time at least one sees the other. The claim with the highest
// number holds the group; whoever sees one above its own changes nothing any more. Who claims a
// group that another delivery has worked on waits until what that one had begun has been carried
// out. Who finds neither a claim nor a journal there goes on at once.
#pragma once

#include "base/clock.h"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace consumers::recycle {

// "autorecycle:journal:claim:9f3a1c2b4d5e/2/2026-07-14T10:00:00.000Z/SQS-MESSAGE-ID". Under the
// journal's prefix, so that a worker which knows no claims removes them together with the journal.
inline constexpr std::string_view kClaimPrefix = "autorecycle:journal:claim:";
// Its value is one of these, so that AWS can be asked for groups that have any.
inline constexpr std::string_view kInOffice = "autorecycle claim";
// The delivery has ended and left the group to whoever comes.
inline constexpr std::string_view kSetDown = "autorecycle claim: set down";
// As it is called in plans and in the log.
inline constexpr std::string_view kClaiming = "CreateOrUpdateTags claim";
inline constexpr std::string_view kClaimingWhy =
    "so that of two requests for this group one goes on, and the other stops";

struct Claim {
  std::string holder;  // one delivery, drawn by chance
  int number = 0;
  base::TimePoint at;   // by the clock of that worker: for politeness, not for safety
  std::string message;  // which that was a delivery of
  bool set_down = false;

  friend bool operator==(const Claim&, const Claim&) = default;
};

std::map<std::string, std::string> to_tags(const Claim& claim);
// What cannot be read as a claim is one that every other is above.
std::vector<Claim> claims_from_tags(const std::map<std::string, std::string>& tags);
// One order for all who look, whatever their clocks say.
bool is_above(const Claim& a, const Claim& b);
// Null if there is none.
const Claim* highest(const std::vector<Claim>& claims);
// Null if the group is not being taken over; else the claim that waits until it holds the group.
inline constexpr std::string_view kTakingOver =
    "takes the recycle over, and waits until whatever another delivery has begun is over";
const Claim* taking_over(const std::vector<Claim>& claims);

// What one delivery knows of its claim. Pure: it is told what was seen and done.
class OwnClaim {
 public:
  // After this long whatever another delivery has begun has been carried out and can be seen: its
  // look was good for 30 s, its call was sent three times at most, each for 15 s and some seconds
  // apart, and the rest is for looks that lag behind.
  static constexpr base::Duration kOthersSettleWithin = std::chrono::minutes(2);
  static constexpr base::Duration kTermOfOffice = std::chrono::minutes(30);

  explicit OwnClaim(std::string_view message);

  enum class Sight {
    kFine,
    kUnseen,  // our claim is not there, or what we removed still is: a look that lags behind, or
              // somebody else's doing
    kLost,    // another claim is above ours
  };
  Sight see(std::vector<Claim> claims);

  // The claim of another message that is to be let work: for kTermOfOffice, as long as nobody says
  // that its message was lost. Then it is somebody else's turn.
  const Claim* in_office(base::TimePoint now) const;
  // The message whose claim was seen above all; empty: our own, or of a delivery that has ended.
  std::string_view taken_over_by() const;
  // Above all that were seen. `holder` is used once, so that what becomes of a call whose answer
  // was lost makes no difference.
  Claim next(std::string holder, base::TimePoint now) const;
  void claimed(Claim written, base::SteadyPoint now);
  bool is_claimed() const { return !claim_.holder.empty(); }
  // From when on nobody else can change the group. `own`: how long calls of deliveries that have
  // ended may still come; earlier ones of the same message have, or were cancelled.
  base::SteadyPoint settled_at(bool has_journal, base::Duration own);
  // How long that is after the claim, as last asked for.
  base::Duration settling() const { return settling_; }
  void take() { held_ = true; }
  bool is_held() const { return held_; }
  // To be written by a delivery that ends: the next one need not be polite, nor wait for long.
  Claim set_down() const;

  // Keys of the tags: of our claim (if it was seen), of those below it, and of all.
  std::vector<std::string> own() const;
  std::vector<std::string> others() const;
  std::vector<std::string> all() const;
  // All that were seen are removed, and ours is none any more.
  void removed();

 private:
  bool is_ours(const Claim& claim) const { return claim.holder == claim_.holder; }
  // Its delivery has ended.
  bool is_over(const Claim& claim) const {
    return claim.set_down || (!message_.empty() && claim.message == message_);
  }

  std::string message_;
  Claim claim_;  // without a holder: none yet
  bool held_ = false;
  base::SteadyPoint claimed_at_;
  base::Duration settling_{0};
  std::vector<Claim> seen_;
  std::set<std::string> gone_;  // holders whose claims were removed
};

}  // namespace consumers::recycle
