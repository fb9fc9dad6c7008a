#include "consumers/recycle/gates/outside.h"

#include <fmt/format.h>

#include <algorithm>

namespace consumers::recycle {
namespace {

constexpr std::size_t kOutputBytesMax = 16U << 10U;
constexpr base::Duration kGrace{5'000};  // between SIGTERM and SIGKILL
constexpr std::size_t kShownMax = 160;
constexpr std::size_t kEntriesMax = 100;
constexpr std::size_t kNameMax = 64;

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameMax && name != "off" &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

struct Entry {
  std::string name;
  std::string value;
};

// Where the first entry ends: at a ; or a line end that no quotes hold.
std::size_t end_of_entry(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == ';' || c == '\n') {
      return i;
    }
  }
  return text.size();
}

base::Result<std::vector<Entry>> parse_entries(std::string_view text) {
  std::vector<Entry> entries;
  int place = 0;
  while (!text.empty()) {
    const std::size_t end = end_of_entry(text);
    const std::string_view entry = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (entry.empty()) continue;
    ++place;
    const auto equals = std::min(entry.find('='), entry.size());
    const std::string_view name = trimmed(entry.substr(0, equals));
    const std::string_view value = trimmed(entry.substr(std::min(equals + 1, entry.size())));
    if (!is_name(name) || value.empty() || entries.size() == kEntriesMax) {
      return base::invalid(
          fmt::format("entry {} is not NAME=VALUE with a name of at most {} letters, digits, "
                      "- _ and . (but not \"off\"), or there are more than {} entries",
                      place, kNameMax, kEntriesMax));
    }
    const auto same = [&](const Entry& known) { return known.name == name; };
    if (std::ranges::any_of(entries, same)) {
      return base::invalid(fmt::format("the name {} is given twice", name));
    }
    entries.push_back({std::string(name), std::string(value)});
  }
  return entries;
}

base::Result<std::vector<std::string>> parse_words(const Entry& entry) {
  auto words = aws::split_command(entry.value);
  if (!words) return words.error().while_doing("reading the command of " + entry.name);
  if (words->empty() || words->front().empty()) {
    return base::invalid(fmt::format("the command of {} names no program", entry.name));
  }
  return words;
}

bool is_url(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

}  // namespace

base::Result<std::map<std::string, std::vector<std::string>>> parse_commands(
    std::string_view text) {
  const auto entries = parse_entries(text);
  if (!entries) return entries.error();
  std::map<std::string, std::vector<std::string>> commands;
  for (const Entry& entry : *entries) {
    auto words = parse_words(entry);
    if (!words) return words.error();
    commands[entry.name] = std::move(*words);
  }
  return commands;
}

base::Result<std::map<std::string, Hook>> parse_hooks(const base::Secret& text) {
  const auto entries = parse_entries(text.expose());
  if (!entries) return entries.error();
  std::map<std::string, Hook> hooks;
  for (const Entry& entry : *entries) {
    Hook& hook = hooks[entry.name];
    if (is_url(entry.value)) {
      hook.url = base::Secret(entry.value);
      continue;
    }
    auto words = parse_words(entry);
    if (!words) return words.error();
    hook.words = std::move(*words);
  }
  return hooks;
}

aws::ProcessLimits program_limits(base::Duration timeout, std::string input) {
  aws::ProcessLimits limits;
  limits.timeout = timeout;
  limits.bytes_max = kOutputBytesMax;
  limits.cut_output = true;
  limits.grace = kGrace;
  limits.input = std::move(input);
  limits.withheld_prefix = "AUTORECYCLE_";
  return limits;
}

std::string describe_failure(const aws::ProcessOutput& output) {
  const std::string& said = output.errors.empty() ? output.output : output.errors;
  const std::string shown = aws::without_secrets(said, kShownMax);
  return fmt::format("exit code {}{}{}", output.exit_code, shown.empty() ? "" : ": ", shown);
}

}  // namespace consumers::recycle
