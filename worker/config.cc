#include "worker/config.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace worker {
namespace {

constexpr std::string_view kEnvironmentPrefix = "AUTORECYCLE_";
constexpr base::Duration kDurationMax = std::chrono::hours(24 * 14);

base::Result<void> apply(Config& config, const std::string& name, const std::string& text,
                         const std::string& place) {
  const OptionSpec* spec = find_option(name);
  if (spec == nullptr) return base::invalid(place + ": unknown option");
  if (!spec->set(config, text)) {
    const std::string shown = spec->secret ? "the value" : "\"" + text + "\"";
    return base::invalid(place + ": " + shown + " is not accepted; expected " + spec->accepted);
  }
  return {};
}

bool unit_of(std::string_view text, base::Duration& unit) {
  if (text == "ms")
    unit = std::chrono::milliseconds(1);
  else if (text == "s")
    unit = std::chrono::seconds(1);
  else if (text == "m")
    unit = std::chrono::minutes(1);
  else if (text == "h")
    unit = std::chrono::hours(1);
  else if (text == "d")
    unit = std::chrono::hours(24);
  else
    return false;
  return true;
}

}  // namespace

const OptionSpec* find_option(std::string_view name) {
  const auto& specs = option_specs();
  const auto found = std::find_if(specs.begin(), specs.end(),
                                  [&](const OptionSpec& spec) { return spec.name == name; });
  return found == specs.end() ? nullptr : &*found;
}

std::string environment_name(std::string_view option) {
  std::string name(kEnvironmentPrefix);
  for (const char c : option) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

base::Result<Config> resolve_config(const Settings& flags, const Settings& environment,
                                    const Settings& file, const std::string& file_name) {
  Config config;
  for (const auto& [name, text] : file) {
    const auto applied = apply(config, name, text, file_name + ": " + name);
    if (!applied) return applied.error();
  }
  for (const OptionSpec& spec : option_specs()) {
    const std::string variable = environment_name(spec.name);
    const auto found = environment.find(variable);
    // An empty variable is an unset one, as everywhere in shells.
    if (found == environment.end() || found->second.empty()) continue;
    const auto applied = apply(config, spec.name, found->second, variable);
    if (!applied) return applied.error();
  }
  for (const auto& [name, text] : flags) {
    const auto applied = apply(config, name, text, "--" + name);
    if (!applied) return applied.error();
  }
  return config;
}

std::vector<std::string> unknown_environment(const Settings& environment) {
  std::vector<std::string> unknown;
  for (const auto& [variable, text] : environment) {
    if (!variable.starts_with(kEnvironmentPrefix) || variable == "AUTORECYCLE_CONFIG") continue;
    const auto& specs = option_specs();
    const bool known = std::any_of(specs.begin(), specs.end(), [&](const OptionSpec& spec) {
      return environment_name(spec.name) == variable;
    });
    if (!known) unknown.push_back(variable);
  }
  return unknown;
}

bool parse_duration(std::string_view text, base::Duration& duration) {
  base::Duration total{0};
  if (text.empty()) return false;
  while (!text.empty()) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || count < 0 || count > kDurationMax.count()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    std::size_t letters = 0;
    while (letters < text.size() && std::isalpha(static_cast<unsigned char>(text[letters])) != 0) {
      ++letters;
    }
    base::Duration unit = std::chrono::seconds(1);
    const bool bare = letters == 0 && text.empty() && total.count() == 0;
    if (!bare && !unit_of(text.substr(0, letters), unit)) return false;
    text.remove_prefix(letters);
    if (count > kDurationMax / unit) return false;
    total += count * unit;
  }
  if (total > kDurationMax) return false;
  duration = total;
  return true;
}

std::string format_duration(base::Duration duration) {
  const auto count = duration.count();
  if (count != 0 && count % 3'600'000 == 0) return std::to_string(count / 3'600'000) + "h";
  if (count != 0 && count % 60'000 == 0) return std::to_string(count / 60'000) + "m";
  if (count % 1'000 == 0) return std::to_string(count / 1'000) + "s";
  return std::to_string(count) + "ms";
}

}  // namespace worker
