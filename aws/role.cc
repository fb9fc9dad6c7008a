#include "aws/role.h"

#include <fmt/format.h>

#include <charconv>

namespace aws {

namespace {

constexpr int kDurationMin = 900;
constexpr int kDurationMax = 43'200;

}  // namespace

std::string default_session_name(base::TimePoint now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  return fmt::format("autorecycle-{}", seconds.count());
}

bool is_role_arn(const std::string& text) {
  return text.starts_with("arn:") && text.find(":iam::") != std::string::npos &&
         text.find(":role/") != std::string::npos && text.size() <= 2048;
}

base::Result<RoleToAssume> role_of_profile(const Profile& profile, base::TimePoint now) {
  const auto refuse = [&profile](const char* key, const char* expected) {
    return base::invalid(fmt::format("profile '{}' has {} = {}; expected {}", profile.name, key,
                                     profile.get(key).substr(0, 128), expected));
  };
  RoleToAssume role;
  role.role_arn = profile.get("role_arn");
  if (!is_role_arn(role.role_arn)) {
    return refuse("role_arn", "a role's ARN such as arn:aws:iam::123456789012:role/name");
  }
  role.session_name = profile.get("role_session_name");
  if (role.session_name.empty()) role.session_name = default_session_name(now);
  role.external_id = profile.get("external_id");
  const std::string duration = profile.get("duration_seconds");
  if (duration.empty()) return role;
  int seconds = 0;
  const char* end = duration.data() + duration.size();
  const auto parsed = std::from_chars(duration.data(), end, seconds);
  if (parsed.ec != std::errc() || parsed.ptr != end || seconds < kDurationMin ||
      seconds > kDurationMax) {
    return refuse("duration_seconds", "a number from 900 to 43200");
  }
  role.duration_seconds = seconds;
  return role;
}

}  // namespace aws
