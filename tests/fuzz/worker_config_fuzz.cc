// Any bytes as a config file: settings or an error that names the file; what the file sets is then
// taken or refused, and a duration that was taken survives being written and read again.
#include "worker/config.h"

#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  base::Duration duration{0};
  if (worker::parse_duration(text, duration)) {
    base::Duration again{0};
    if (!worker::parse_duration(worker::format_duration(duration), again) || again != duration) {
      std::abort();
    }
  }
  const auto settings = worker::parse_config_file(text, "f.toml");
  if (!settings) {
    if (!settings.error().message.starts_with("f.toml: ")) std::abort();
    return 0;
  }
  for (const auto& [name, value] : *settings) {
    if (worker::find_option(name) == nullptr) std::abort();
  }
  const auto config = worker::resolve_config({}, {}, *settings, "f.toml");
  if (!config && config.error().message.empty()) std::abort();
  return 0;
}
