#include "consumers/recycle/outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace consumers::recycle {

namespace {

constexpr base::Duration kRetryAfter{30'000};
constexpr base::Duration kRetryAfterDenied{60'000};
constexpr std::size_t kTokenLengthMax = 128;  // of both ids, by SQS
constexpr std::size_t kTokenHeadMax = 100;    // kept for people in front of a hash

// FNV-1a: stable between processes and versions, unlike std::hash.
std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211U;
  }
  return hash;
}

bool allowed(char c) { return c > ' ' && c < 127; }

}  // namespace

Verdict verdict_of(const base::Error& error) {
  if (error.is_transient()) return Retry{kRetryAfter, error.to_string()};
  if (error.kind == base::ErrorKind::kDenied) return Retry{kRetryAfterDenied, error.to_string()};
  return Poison{error.to_string(), "refused"};
}

Verdict missing_group(const base::GroupName& group, bool caused_by_event) {
  if (caused_by_event) {
    return Done{fmt::format("group {} does not exist (any more)", group.value), {}};
  }
  return Poison{
      fmt::format("Auto Scaling group {} does not exist in this account and region", group.value),
      "invalid"};
}

std::string family_of(const std::string& component) {
  const std::size_t size = component.size();
  const bool lettered = size > 2 && component[size - 2] == '_' && component[size - 1] >= 'a' &&
                        component[size - 1] <= 'z';
  return lettered ? component.substr(0, size - 2) : component;
}

std::string queue_token(std::string_view text) {
  if (!text.empty() && text.size() <= kTokenLengthMax && std::ranges::all_of(text, allowed)) {
    return std::string(text);
  }
  std::string head(text.substr(0, kTokenHeadMax));
  std::ranges::replace_if(
      head, [](char c) { return !allowed(c); }, '_');
  return fmt::format("{}#{:016x}", head, stable_hash(text));
}

}  // namespace consumers::recycle
