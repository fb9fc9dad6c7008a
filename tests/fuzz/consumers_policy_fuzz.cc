// Any tags: a policy, a reason or an error, never a crash. Lines are "key=value".
#include "consumers/recycle/policy.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace recycle = consumers::recycle;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::map<std::string, std::string> tags;
  while (!text.empty() && tags.size() < 50) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    tags[std::string(line.substr(0, equals))] = line.substr(equals + 1);
  }
  for (const bool force : {false, true}) {
    recycle::PolicyOverrides overrides;
    overrides.force = force;
    const auto policy = recycle::read_policy("web-asg-1", tags, overrides, {});
    if (!policy && policy.error().message.empty()) std::abort();
  }
  return 0;
}
