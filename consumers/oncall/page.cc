#include "consumers/oncall/page.h"

#include "consumers/oncall/schema.h"
#include "consumers/oncall/schema_walk.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace consumers::oncall {
namespace {

// For a cell of a table.
std::string cell(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '|') safe += '\\';
    safe += c == '\n' ? ' ' : c;
  }
  return safe;
}

// For a shell: as it is, or in single quotes.
std::string quoted(const std::string& word) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./:=,@+").find(c) != std::string_view::npos;
  };
  if (!word.empty() && std::ranges::all_of(word, plain)) return word;
  std::string safe = "'";
  for (const char c : word) safe += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return safe + "'";
}

std::string duration_text(base::Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  if (seconds % 3'600 == 0) return fmt::format("{}h", seconds / 3'600);
  if (seconds % 60 == 0) return fmt::format("{}m", seconds / 60);
  return fmt::format("{}s", seconds);
}

std::string table_of(const std::string& schema_text, bool input) {
  const auto schema = Schema::parse(schema_text);
  const auto parameters = schema ? schema->parameters() : std::vector<Parameter>();
  if (parameters.empty()) return input ? "It takes no parameters.\n" : "Any JSON.\n";
  std::string text = input
                         ? "| parameter | what it is | accepted | without it |\n|---|---|---|---|\n"
                         : "| member | what it is | type |\n|---|---|---|\n";
  for (const Parameter& one : parameters) {
    if (!input) {
      text +=
          fmt::format("| `{}` | {} | {} |\n", one.name, cell(one.description), cell(one.accepted));
      continue;
    }
    const std::string without = one.required           ? "it is refused"
                                : one.fallback.empty() ? ""
                                                       : "`" + cell(one.fallback) + "`";
    text += fmt::format("| `{}`{} | {} | {} | {} |\n", one.name, one.secret ? " (secret)" : "",
                        cell(one.description), cell(one.accepted), without);
  }
  return text;
}

std::string permissions_of(const Entry& entry) {
  if (entry.permissions.empty()) return "none";
  return fmt::format("`{}`", fmt::join(entry.permissions, "`, `"));
}

}  // namespace

std::string usage_of(const Entry& entry) {
  std::string text = "autorecycle jobs run " + entry.name;
  const Json example = Json::parse(entry.example, nullptr, false);
  for (const auto& [name, value] : example.items()) {
    const std::string shown_value = value.is_string() ? value.get<std::string>() : json_text(value);
    text += " --param " + quoted(name + "=" + shown_value);
  }
  return text;
}

std::string page_of(const Entry& entry) {
  std::string text = fmt::format("# {}\n\n", entry.name);
  text += fmt::format("## Purpose\n\n{}.\n\n", entry.purpose);
  text += fmt::format("| | |\n|---|---|\n| owner | {} |\n| time limit | {} |\n", cell(entry.owner),
                      duration_text(entry.timeout));
  text +=
      fmt::format("| changes something | {} |\n",
                  entry.changes ? "yes: needs a rule of `--oncall-allow`, or `--dry-run`" : "no");
  text += fmt::format("| tried again when it fails | {} |\n",
                      entry.safe_to_retry ? "yes" : "no: running it twice is not safe");
  if (!entry.clash.empty()) {
    text += fmt::format("| one at a time for each | `{}` |\n", cell(entry.clash));
  }
  text += fmt::format("| AWS permissions | {} |\n\n", permissions_of(entry));
  text += "## Input\n\n" + table_of(entry.params_schema, true) + "\n";
  text +=
      "## Output\n\n`{\"statusCode\":200,\"body\":\"...\"}`, where the body is JSON as a "
      "string:\n\n";
  text += entry.output_schema.empty() ? "Any JSON.\n" : table_of(entry.output_schema, false);
  text += "\nAny other status code: the body is a sentence that says what is wrong.\n\n";
  text += fmt::format("## Usage\n\n```\n{} --wait\n```\n\n", usage_of(entry));
  Json request = {{"job", entry.name}};
  request["params"] = Json::parse(entry.example, nullptr, false);
  request["request_id"] = "incident-4711";
  request["requested_by"] = "alice";
  text += fmt::format("As a message on the jobs' queue:\n\n```json\n{}\n```\n", json_text(request));
  return text;
}

std::string index_of(const std::vector<const Entry*>& entries) {
  std::string text =
      "# On-call jobs\n\nWritten by `autorecycle jobs docs docs/jobs` from the catalogue; a test "
      "holds the pages to it.\n[Submit a script](submit-a-script.md) says how a team brings a job "
      "of its own.\n\n| job | what it does | changes something |\n|---|---|---|\n";
  for (const Entry* entry : entries) {
    text += fmt::format("| [{0}]({0}.md) | {1} | {2} |\n", entry->name, cell(entry->purpose),
                        entry->changes ? "yes" : "no");
  }
  return text;
}

}  // namespace consumers::oncall
