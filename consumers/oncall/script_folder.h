// ScriptFolder: a job that a team brings: a folder with job.json and a program in any language.
//
//   {"name": "oncall-flush-cache", "owner": "payments", "purpose": "Empties a cache",
//    "params": {"type": "object", ...}, "example": {"cache": "prices"},
//    "command": ["./run.py"], "timeout": "2m", "changes": true}
//
// docs/jobs/submit-a-script.md says all of it. Nothing of a folder is used before all of it is in
// order.
#pragma once

#include "base/result.h"
#include "consumers/oncall/entry.h"
#include "consumers/oncall/script_process.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace consumers::oncall {

// Where a secret is: "ssm:/payments/token", "secretsmanager:payments/db#password" (the member of a
// secret that is a JSON object).
struct SecretName {
  enum class Store { kParameterStore, kSecretsManager };
  Store store = Store::kParameterStore;
  std::string name;
  std::string member;  // empty: all of it
};
std::optional<SecretName> parse_secret_name(std::string_view text);

struct Script {
  Entry entry;
  std::string folder;                          // absolute
  std::vector<std::string> command;            // command[0] is an absolute path
  std::vector<std::string> environment;        // names of variables that are handed on
  std::map<std::string, std::string> secrets;  // by the name that the script knows them by
  ScriptLimits limits;
  bool dry_run = false;  // the script itself does dry runs
};

struct ScriptFolder {
  std::optional<Script> script;       // only without problems
  std::vector<std::string> problems;  // "job.json: timeout: found \"2 days\", expected ..."
};

// Reads and checks one folder; every problem at once.
ScriptFolder read_script_folder(const std::string& folder);

// The folders in `root` that have a job.json, by name. kInvalid if `root` cannot be read.
base::Result<std::vector<std::string>> script_folders(const std::string& root);

}  // namespace consumers::oncall
