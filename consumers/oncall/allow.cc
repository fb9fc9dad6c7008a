#include "consumers/oncall/allow.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace consumers::oncall {
namespace {

constexpr std::size_t kRulesMax = 1'000;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\n')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

// The parts between separators, trimmed; empty ones are left out.
std::vector<std::string_view> parts(std::string_view text, char separator) {
  std::vector<std::string_view> found;
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    if (const auto part = trimmed(text.substr(0, end)); !part.empty()) found.push_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return found;
}

}  // namespace

bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;  // the last one, and what it has taken so far
  std::size_t taken = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

base::Result<Allow> Allow::parse(std::string_view text) {
  Allow allow;
  for (const std::string_view part : parts(text, ';')) {
    const auto equals = part.find('=');
    AllowRule rule;
    if (equals != std::string_view::npos) {
      rule.jobs = trimmed(part.substr(0, equals));
      for (const std::string_view who : parts(part.substr(equals + 1), '|')) {
        rule.requesters.emplace_back(who);
      }
    }
    if (rule.jobs.empty() || rule.requesters.empty() || allow.rules_.size() == kRulesMax) {
      return base::invalid(
          fmt::format("\"{}\" is no rule; accepted: JOBS=WHO or JOBS=WHO|WHO, such as "
                      "oncall-restart-*=alice|bob, several separated by ;",
                      part.substr(0, 100)));
    }
    allow.rules_.push_back(std::move(rule));
  }
  return allow;
}

bool Allow::permits(std::string_view job, std::string_view requester) const {
  return std::ranges::any_of(rules_, [&](const AllowRule& rule) {
    return matches(rule.jobs, job) &&
           std::ranges::any_of(rule.requesters,
                               [&](const std::string& who) { return matches(who, requester); });
  });
}

}  // namespace consumers::oncall
