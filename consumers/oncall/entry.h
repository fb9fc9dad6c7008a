// Entry: what the catalogue knows about a job, as data. `autorecycle jobs`, docs/jobs,
// the check of the parameters, what is allowed and what clashes are all made of it; nothing about a
// job is written down a second time.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace consumers::oncall {

inline constexpr std::size_t kJobNameCharactersMax = 64;
inline constexpr base::Duration kJobTimeoutMin = std::chrono::seconds(1);
inline constexpr base::Duration kJobTimeoutMax = std::chrono::hours(11);  // SQS ends at twelve

struct Entry {
  std::string name;     // "oncall-restart-service": test-, debug- or oncall-, then a-z, 0-9 and -
  std::string purpose;  // one sentence, for people
  // JSON Schema (draft 7) of type object, as JSON text. Each property has a description; `default`
  // is filled in before the job sees its parameters; `"writeOnly": true` marks a secret, whose
  // value is never shown. Unknown parameters are refused unless additionalProperties allows them.
  std::string params_schema;
  std::string output_schema;  // the same of the answer's body, when it is done (200)
  std::string example;        // parameters that fit the schema, as a JSON object: usage and docs
  std::string owner;          // who is asked about it: a team, an address
  base::Duration timeout = std::chrono::minutes(5);  // when the request names none; 408 after it
  std::vector<std::string> permissions;              // IAM actions it needs: "ecs:UpdateService"
  bool changes = false;        // anything outside: allowed by configuration only, can be dry-run
  bool safe_to_retry = false;  // running it twice does no more than running it once
  // What two runs must not touch at once, with parameters in braces: "ecs/{cluster}/{service}".
  // Runs, of whatever jobs, whose texts are equal go one after the other. Empty: they never clash.
  std::string clash;
};

// The first part of the name: "test", "debug" or "oncall"; empty for a name that is none.
std::string_view family_of(std::string_view job_name);
base::Result<void> check_job_name(std::string_view name);
// Every problem of an entry, "params.properties.port: ...", "example: ..."; none if it is in order.
std::vector<std::string> problems_of(const Entry& entry);
// `clash` with the parameters in their places; empty if the entry has none.
std::string clash_of(const Entry& entry, std::string_view params);

}  // namespace consumers::oncall
