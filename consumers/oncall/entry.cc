#include "consumers/oncall/entry.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace consumers::oncall {
namespace {

constexpr std::array<std::string_view, 3> kFamilies{"test", "debug", "oncall"};

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

}  // namespace

std::string_view family_of(std::string_view job_name) {
  for (const std::string_view family : kFamilies) {
    const bool has_more = job_name.size() > family.size() + 1;
    if (has_more && job_name.starts_with(family) && job_name[family.size()] == '-') return family;
  }
  return {};
}

base::Result<void> check_job_name(std::string_view name) {
  const bool good = !family_of(name).empty() && name.size() <= kJobNameCharactersMax &&
                    !name.ends_with('-') && name.find("--") == std::string_view::npos &&
                    std::ranges::all_of(name, is_name_character);
  if (good) return {};
  return base::invalid(fmt::format(
      "name: \"{}\" is not the name of a job; accepted: test-, debug- or oncall- followed by words "
      "of a-z and 0-9 with a - between them, at most {} characters, such as oncall-restart-service",
      name.substr(0, kJobNameCharactersMax + 1), kJobNameCharactersMax));
}

}  // namespace consumers::oncall
