#include "sim/mini_shell.h"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <vector>

namespace sim {
namespace {

using Variables = std::map<std::string, std::string>;

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \t\r");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
}

// At line ends and semicolons that are not quoted.
std::vector<std::string_view> commands_of(std::string_view script) {
  std::vector<std::string_view> commands;
  char quote = '\0';
  std::size_t from = 0;
  for (std::size_t i = 0; i <= script.size(); ++i) {
    const char c = i < script.size() ? script[i] : '\n';
    if (quote != '\0' && i < script.size()) {
      if (c == quote) quote = '\0';
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '\n' || c == ';') {
      if (const auto command = trimmed(script.substr(from, i - from)); !command.empty()) {
        commands.push_back(command);
      }
      from = i + 1;
    }
  }
  return commands;
}

std::string value_at(std::string_view text, std::size_t& at, const Variables& variables) {
  std::size_t end = at + 1;
  while (end < text.size() &&
         (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_')) {
    ++end;
  }
  const auto found = variables.find(std::string(text.substr(at + 1, end - at - 1)));
  at = end - 1;
  return found == variables.end() ? std::string() : found->second;
}

// Quotes taken off, variables put in where a shell would.
std::string expanded(std::string_view text, const Variables& variables) {
  std::string out;
  char quote = '\0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = '\0';
    } else if (c == '$' && quote != '\'') {
      out += value_at(text, i, variables);
    } else {
      out += c;
    }
  }
  return out;
}

int number_of(std::string_view text, int fallback) {
  int number = fallback;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

ShellRun run_shell(std::string_view script, const Variables& variables) {
  ShellRun run;
  for (const std::string_view command : commands_of(script)) {
    const std::size_t space = std::min(command.find(' '), command.size());
    const std::string_view name = command.substr(0, space);
    std::string_view rest = trimmed(command.substr(space));
    run.exit_code = 0;
    if (name == "echo") {
      const bool to_error = rest.ends_with(">&2");
      if (to_error) rest = trimmed(rest.substr(0, rest.size() - 3));
      (to_error ? run.error_output : run.output) += expanded(rest, variables) + "\n";
    } else if (name == "sleep") {
      run.duration += std::chrono::seconds(number_of(rest, 0));
    } else if (name == "exit") {
      run.exit_code = number_of(rest, 0);
      return run;
    } else if (name == "false") {
      run.exit_code = 1;
    } else if (name != "true" && name != "export") {
      run.error_output += fmt::format("sh: 1: {}: not found\n", name);
      run.exit_code = 127;
    }
  }
  return run;
}

}  // namespace sim
