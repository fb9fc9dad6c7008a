// Config files: flat JSON, or TOML/INI as CLI11 reads it.
#include "worker/config.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <sstream>

namespace worker {
namespace {

std::string accepted_names() {
  std::string names;
  for (const OptionSpec& spec : option_specs()) names += (names.empty() ? "" : ", ") + spec.name;
  return names;
}

base::Result<void> add(Settings& settings, const std::string& file_name, const std::string& key,
                       const std::string& text) {
  if (find_option(key) == nullptr) {
    return base::invalid(file_name + ": unknown option \"" + key +
                         "\"; accepted are: " + accepted_names());
  }
  settings[key] = text;
  return {};
}

base::Result<Settings> parse_json(const std::string& text, const std::string& file_name) {
  const auto json = nlohmann::json::parse(text, nullptr, false, true);
  if (json.is_discarded() || !json.is_object()) {
    return base::invalid(file_name + ": not a JSON object");
  }
  Settings settings;
  for (const auto& [key, value] : json.items()) {
    if (value.is_structured() || value.is_null()) {
      return base::invalid(file_name + ": " + key + ": expected a text, a number or a boolean");
    }
    const auto added =
        add(settings, file_name, key, value.is_string() ? value.get<std::string>() : value.dump());
    if (!added) return added.error();
  }
  return settings;
}

}  // namespace

base::Result<Settings> parse_config_file(const std::string& text, const std::string& file_name) {
  const auto start = text.find_first_not_of(" \t\r\n");
  if (start != std::string::npos && text[start] == '{') return parse_json(text, file_name);
  Settings settings;
  try {
    std::istringstream stream(text);
    for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_config(stream)) {
      // A section: there are none.
      if (!item.parents.empty()) {
        const auto refused = add(settings, file_name, item.parents.front(), "");
        if (!refused) return refused.error();
      }
      if (item.inputs.size() != 1) {
        return base::invalid(file_name + ": " + item.fullname() + ": expected one plain value");
      }
      const auto added = add(settings, file_name, item.fullname(), item.inputs.front());
      if (!added) return added.error();
    }
  } catch (const CLI::Error& error) {
    return base::invalid(file_name + ": " + error.what());
  }
  return settings;
}

}  // namespace worker
