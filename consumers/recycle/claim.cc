#include "consumers/recycle/claim.h"

#include "consumers/recycle/journal_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

namespace consumers::recycle {
namespace {

constexpr int kNumberMax = 1'000'000'000;
constexpr std::size_t kMessageLengthMax = 50;  // SQS's ids have 36, and keys of tags at most 128

// What cannot be read is all in the holder, so that it can be removed.
std::string key_of(const Claim& claim) {
  if (claim.number == 0) return std::string(kClaimPrefix) + claim.holder;
  return fmt::format("{}{}/{}/{}/{}", kClaimPrefix, claim.holder, claim.number,
                     base::format_rfc3339(claim.at), claim.message);
}

Claim claim_of(std::string_view text, std::string_view value) {
  Claim unread;
  unread.holder = text;
  std::array<std::string_view, 4> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto end = i + 1 < parts.size() ? text.find('/') : text.size();
    if (end == std::string_view::npos) return unread;
    parts[i] = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  Claim claim;
  const auto at = base::parse_rfc3339(parts[2]);
  if (!at || !read_number(parts[1], 1, kNumberMax, claim.number)) return unread;
  claim.holder = parts[0];
  claim.at = *at;
  claim.message = parts[3];
  claim.set_down = value == kSetDown;
  return claim;
}

// AWS allows these in the keys of tags.
std::string plain(std::string_view message) {
  std::string text(message.substr(0, kMessageLengthMax));
  std::ranges::replace_if(
      text,
      [](char c) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool digit = c >= '0' && c <= '9';
        const bool allowed = letter || digit || c == '-' || c == '_' || c == '.';
        return !allowed;
      },
      '_');
  return text;
}

}  // namespace

std::map<std::string, std::string> to_tags(const Claim& claim) {
  return {{key_of(claim), std::string(claim.set_down ? kSetDown : kInOffice)}};
}

std::vector<Claim> claims_from_tags(const std::map<std::string, std::string>& tags) {
  std::vector<Claim> claims;
  for (auto tag = tags.lower_bound(std::string(kClaimPrefix));
       tag != tags.end() && tag->first.starts_with(kClaimPrefix); ++tag) {
    claims.push_back(
        claim_of(std::string_view(tag->first).substr(kClaimPrefix.size()), tag->second));
  }
  return claims;
}

bool is_above(const Claim& a, const Claim& b) {
  return std::tie(a.number, a.holder) > std::tie(b.number, b.holder);
}

const Claim* highest(const std::vector<Claim>& claims) {
  const auto found = std::ranges::max_element(
      claims, [](const Claim& a, const Claim& b) { return is_above(b, a); });
  return found == claims.end() ? nullptr : &*found;
}

const Claim* taking_over(const std::vector<Claim>& claims) {
  // Those below it are removed once it holds the group.
  return claims.size() < 2 ? nullptr : highest(claims);
}

OwnClaim::OwnClaim(std::string_view message) : message_(plain(message)) {}

OwnClaim::Sight OwnClaim::see(std::vector<Claim> claims) {
  seen_ = std::move(claims);
  const auto any = [&](auto is_so) { return std::ranges::any_of(seen_, is_so); };
  if (any([&](const Claim& one) { return gone_.contains(one.holder); })) return Sight::kUnseen;
  if (!is_claimed()) return Sight::kFine;
  if (any([&](const Claim& one) { return is_above(one, claim_); })) return Sight::kLost;
  return any([&](const Claim& one) { return is_ours(one); }) ? Sight::kFine : Sight::kUnseen;
}

const Claim* OwnClaim::in_office(base::TimePoint now) const {
  const Claim* claim = highest(seen_);
  const bool lets = claim == nullptr || is_over(*claim) || now - claim->at >= kTermOfOffice;
  return lets ? nullptr : claim;
}

std::string_view OwnClaim::taken_over_by() const {
  const Claim* claim = highest(seen_);
  return claim == nullptr || is_over(*claim) ? std::string_view() : claim->message;
}

Claim OwnClaim::next(std::string holder, base::TimePoint now) const {
  const Claim* last = highest(seen_);
  const int number = last == nullptr ? 1 : std::min(last->number + 1, kNumberMax);
  return {std::move(holder), number, now, message_};
}

Claim OwnClaim::set_down() const {
  Claim claim = claim_;
  claim.set_down = true;
  return claim;
}

void OwnClaim::claimed(Claim written, base::SteadyPoint now) {
  claim_ = std::move(written);
  claimed_at_ = now;
}

base::SteadyPoint OwnClaim::settled_at(bool has_journal, base::Duration own) {
  // A journal that nobody claims is an older worker's, which may be at work.
  if (has_journal && others().empty()) settling_ = kOthersSettleWithin;
  for (const Claim& claim : seen_) {
    if (is_ours(claim)) continue;
    settling_ = std::max(settling_, is_over(claim) ? own : kOthersSettleWithin);
  }
  return claimed_at_ + settling_;
}

std::vector<std::string> OwnClaim::own() const {
  const bool there = std::ranges::any_of(seen_, [&](const Claim& one) { return is_ours(one); });
  if (!there) return {};
  return {key_of(claim_)};
}

std::vector<std::string> OwnClaim::others() const {
  std::vector<std::string> keys;
  for (const Claim& claim : seen_) {
    if (!is_ours(claim)) keys.push_back(key_of(claim));
  }
  return keys;
}

std::vector<std::string> OwnClaim::all() const {
  std::vector<std::string> keys;
  for (const Claim& claim : seen_) keys.push_back(key_of(claim));
  return keys;
}

void OwnClaim::removed() {
  for (const Claim& claim : seen_) gone_.insert(claim.holder);
  if (is_claimed()) gone_.insert(claim_.holder);
  seen_.clear();
  claim_ = {};
  held_ = false;
  settling_ = base::Duration(0);
}

}  // namespace consumers::recycle
