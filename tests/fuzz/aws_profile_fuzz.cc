// Any bytes as a shared configuration file: it is read or refused, and an error never shows a line.
#include "aws/endpoint.h"
#include "aws/profile.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto file = aws::parse_ini(text, "f");
  if (!file) {
    if (file.error().message.size() > 100) std::abort();
    return 0;
  }
  const auto profile = aws::make_profile("default", false, *file, *file);
  if (!profile) return 0;
  const auto config = aws::load_endpoint_config(aws::map_environment({}), *profile);
  if (!config) return 0;
  for (const char* service : {"sqs", "autoscaling", "ec2", "states"}) {
    if (!aws::resolve_endpoint(*config, service)) std::abort();
  }
  return 0;
}
