#include "consumers/oncall/script_folder.h"

#include "consumers/oncall/schema.h"
#include "consumers/oncall/schema_walk.h"
#include "consumers/oncall/script_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <utility>

namespace consumers::oncall {

namespace fs = std::filesystem;

namespace {

constexpr const char* kFile = "job.json";
constexpr std::size_t kFoldersMax = 1'000;

// What job.json has to be, in its own terms.
constexpr const char* kSchema = R"json({
  "type": "object",
  "required": ["name", "owner", "purpose", "params", "example", "command"],
  "additionalProperties": false,
  "definitions": {"schema": {"type": "object"}},
  "properties": {
    "$schema": {"type": "string"},
    "name": {"type": "string"},
    "owner": {"type": "string", "minLength": 1, "maxLength": 200},
    "purpose": {"type": "string", "minLength": 1, "maxLength": 200},
    "params": {"$ref": "#/definitions/schema"},
    "output": {"$ref": "#/definitions/schema"},
    "example": {"type": "object"},
    "command": {"type": "array", "minItems": 1, "maxItems": 100,
                "items": {"type": "string", "minLength": 1, "maxLength": 4096}},
    "timeout": {"type": "string", "title": "a duration such as 90s, 5m or 2h",
                "pattern": "^[1-9][0-9]{0,4}(s|m|h)$"},
    "environment": {"type": "array", "maxItems": 100, "uniqueItems": true,
                    "items": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}},
    "secrets": {"type": "object", "maxProperties": 50,
                "additionalProperties": {
                  "type": "string", "title": "ssm:NAME, secretsmanager:NAME or the latter#MEMBER",
                  "pattern": "^(ssm:[\\w./-]+|secretsmanager:[\\w/+=.@:-]+(#[\\w.-]+)?)$"}},
    "changes": {"type": "boolean"},
    "dry_run": {"type": "boolean"},
    "safe_to_retry": {"type": "boolean"},
    "clash": {"type": "string", "maxLength": 500},
    "permissions": {"type": "array", "maxItems": 200, "items": {"type": "string"}},
    "limits": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "cpu_seconds": {"type": "integer", "minimum": 1, "maximum": 36000},
        "memory_mb": {"type": "integer", "minimum": 16, "maximum": 65536},
        "processes": {"type": "integer", "minimum": 1, "maximum": 1024},
        "file_mb": {"type": "integer", "minimum": 1, "maximum": 10240},
        "open_files": {"type": "integer", "minimum": 16, "maximum": 4096},
        "output_kb": {"type": "integer", "minimum": 1, "maximum": 192},
        "grace_seconds": {"type": "integer", "minimum": 0, "maximum": 60}
      }
    }
  }
})json";

const Schema& file_schema() {
  static const Schema kParsed = Schema::parse(kSchema).value();
  return kParsed;
}

// "90s", "5m", "2h": of the pattern above.
base::Duration duration_of(const std::string& text) {
  int count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  switch (text.back()) {
    case 's':
      return std::chrono::seconds(count);
    case 'm':
      return std::chrono::minutes(count);
    default:
      return std::chrono::hours(count);
  }
}

// What is handed on must not be a secret of the worker's.
bool is_ours(std::string_view variable) {
  return variable.starts_with("AUTORECYCLE_") || variable == "AWS_SECRET_ACCESS_KEY" ||
         variable == "AWS_SESSION_TOKEN";
}

Script script_of(const Json& json, const std::string& folder) {
  Script script;
  script.folder = folder;
  Entry& entry = script.entry;
  entry.name = json["name"];
  entry.owner = json["owner"];
  entry.purpose = json["purpose"];
  entry.params_schema = json_text(json["params"]);
  if (json.contains("output")) entry.output_schema = json_text(json["output"]);
  entry.example = json_text(json["example"]);
  if (json.contains("timeout")) entry.timeout = duration_of(json["timeout"]);
  entry.permissions = json.value("permissions", std::vector<std::string>());
  entry.changes = json.value("changes", false);
  entry.safe_to_retry = json.value("safe_to_retry", false);
  entry.clash = json.value("clash", std::string());
  script.command = json["command"].get<std::vector<std::string>>();
  script.environment = json.value("environment", std::vector<std::string>());
  script.secrets = json.value("secrets", std::map<std::string, std::string>());
  script.dry_run = json.value("dry_run", false);
  const Json limits = json.value("limits", Json::object());
  const auto set = [&limits](const char* name, int& value) { value = limits.value(name, value); };
  set("cpu_seconds", script.limits.cpu_seconds);
  set("memory_mb", script.limits.memory_mb);
  set("processes", script.limits.processes);
  set("file_mb", script.limits.file_mb);
  set("open_files", script.limits.open_files);
  set("output_kb", script.limits.output_kb);
  set("grace_seconds", script.limits.grace_seconds);
  return script;
}

void check_script(Script& script, std::vector<std::string>& problems) {
  const auto say = [&problems](std::string problem) {
    problems.push_back(fmt::format("{}: {}", kFile, problem));
  };
  for (const std::string& problem : problems_of(script.entry)) say(problem);
  const std::string folder = fs::path(script.folder).filename();
  if (folder != script.entry.name) {
    say(fmt::format("name: found \"{}\", expected the folder's name, \"{}\"", script.entry.name,
                    folder));
  }
  for (const std::string& variable : script.environment) {
    if (is_ours(variable)) {
      say(fmt::format("environment: {} is not handed on; secrets come by name, in \"secrets\"",
                      variable));
    }
  }
  if (script.dry_run && !script.entry.changes) {
    say("dry_run: found true, expected it only together with \"changes\": true");
  }
  for (std::string& problem : check_files(script.folder)) problems.push_back(std::move(problem));
  auto program = find_program(script.folder, script.command);
  if (program) {
    script.command.front() = std::move(*program);
  } else {
    say(program.error().message);
  }
}

}  // namespace

std::optional<SecretName> parse_secret_name(std::string_view text) {
  constexpr std::string_view kParameter = "ssm:";
  constexpr std::string_view kSecret = "secretsmanager:";
  SecretName name;
  if (text.starts_with(kParameter)) {
    name.name = text.substr(kParameter.size());
  } else if (text.starts_with(kSecret)) {
    name.store = SecretName::Store::kSecretsManager;
    const std::string_view rest = text.substr(kSecret.size());
    const auto hash = std::min(rest.find('#'), rest.size());
    name.name = rest.substr(0, hash);
    if (hash < rest.size()) name.member = rest.substr(hash + 1);
  }
  if (name.name.empty()) return std::nullopt;
  return name;
}

ScriptFolder read_script_folder(const std::string& folder) {
  ScriptFolder found;
  std::error_code error;
  const fs::path path = fs::canonical(folder, error);
  if (error || !fs::is_directory(path, error)) {
    found.problems.push_back(folder + ": no such folder");
    return found;
  }
  const auto text = read_small_file(path / kFile, kSchemaBytesMax);
  if (!text) {
    found.problems.push_back(fmt::format("{}: {}", kFile, text.error().message));
    return found;
  }
  if (const auto place = json_problem(*text)) {
    found.problems.push_back(fmt::format("{}: {}", kFile, *place));
    return found;
  }
  const auto checked = file_schema().check_all(*text, "");
  for (const std::string& problem : checked) {
    found.problems.push_back(fmt::format("{}: {}", kFile, problem));
  }
  if (!checked.empty()) {
    // The files can be looked at all the same: every problem at once.
    for (std::string& problem : check_files(path)) found.problems.push_back(std::move(problem));
    return found;
  }
  Script script = script_of(Json::parse(*text, nullptr, false), path);
  check_script(script, found.problems);
  if (found.problems.empty()) found.script = std::move(script);
  return found;
}

base::Result<std::vector<std::string>> script_folders(const std::string& root) {
  std::error_code error;
  std::vector<std::string> folders;
  fs::directory_iterator entries(root, error);
  if (error) return base::invalid(fmt::format("{}: cannot be read: {}", root, error.message()));
  for (const auto& entry : entries) {
    if (!fs::exists(entry.path() / kFile, error)) continue;
    if (folders.size() == kFoldersMax) {
      return base::invalid(fmt::format("{}: more than {} jobs", root, kFoldersMax));
    }
    folders.push_back(entry.path());
  }
  std::ranges::sort(folders);
  return folders;
}

}  // namespace consumers::oncall
