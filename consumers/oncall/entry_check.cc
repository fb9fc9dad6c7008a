// What is wrong with an entry of the catalogue: the same for built-in jobs and scripts.
#include "consumers/oncall/entry.h"
#include "consumers/oncall/schema.h"
#include "consumers/oncall/schema_walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace consumers::oncall {
namespace {

constexpr std::size_t kPurposeCharactersMax = 200;
constexpr std::size_t kClashCharactersMax = 1'000;

using Problems = std::vector<std::string>;

bool is_permission(std::string_view text) {
  const auto colon = text.find(':');
  const auto is_plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '*';
  };
  return colon != std::string_view::npos && colon > 0 && colon + 1 < text.size() &&
         std::ranges::all_of(text.substr(0, colon), is_plain) &&
         std::ranges::all_of(text.substr(colon + 1), is_plain);
}

// The names in braces.
std::vector<std::string> names_in(std::string_view clash) {
  std::vector<std::string> names;
  for (auto open = clash.find('{'); open != std::string_view::npos;
       open = clash.find('{', open + 1)) {
    const auto close = clash.find('}', open);
    if (close == std::string_view::npos) break;
    names.emplace_back(clash.substr(open + 1, close - open - 1));
  }
  return names;
}

void check_schema(const std::string& text, const std::string& name, Problems& problems) {
  for (std::string& problem : Schema::problems(text)) {
    problems.push_back(problem.starts_with("schema:") ? name + problem.substr(6)
                                                      : name + "." + problem);
  }
}

void check_params(const Entry& entry, Problems& problems) {
  const std::size_t before = problems.size();
  check_schema(entry.params_schema, "params", problems);
  if (problems.size() > before) return;
  const auto schema = Schema::parse(entry.params_schema);
  if (parse_bounded(entry.params_schema, kSchemaBytesMax).value("type", Json()) != "object") {
    problems.emplace_back("params.type: expected \"object\": parameters have names");
  }
  const std::vector<Parameter> parameters = schema->parameters();
  for (const Parameter& parameter : parameters) {
    if (!parameter.description.empty()) continue;
    problems.push_back(
        fmt::format("params.properties.{}.description: missing, expected a sentence "
                    "for people",
                    parameter.name));
  }
  if (const auto example = schema->check(entry.example, "example"); !example) {
    problems.push_back(example.error().message);
  }
  for (const std::string& name : names_in(entry.clash)) {
    const auto known = std::ranges::find(parameters, name, &Parameter::name);
    if (known == parameters.end() || !(known->required || !known->fallback.empty())) {
      problems.push_back(
          fmt::format("clash: {{{}}} is no parameter that is required or has a default", name));
    } else if (known->secret) {
      problems.push_back(fmt::format("clash: {{{}}} is a secret", name));
    }
  }
}

}  // namespace

std::vector<std::string> problems_of(const Entry& entry) {
  Problems problems;
  if (const auto name = check_job_name(entry.name); !name) problems.push_back(name.error().message);
  if (entry.purpose.empty() || entry.purpose.size() > kPurposeCharactersMax ||
      entry.purpose.find('\n') != std::string::npos) {
    problems.push_back(fmt::format("purpose: expected one sentence of at most {} characters",
                                   kPurposeCharactersMax));
  }
  if (entry.owner.empty()) {
    problems.emplace_back("owner: missing, expected a team or an address to ask");
  }
  if (entry.timeout < kJobTimeoutMin || entry.timeout > kJobTimeoutMax) {
    problems.emplace_back("timeout: expected 1s to 11h");
  }
  for (const std::string& permission : entry.permissions) {
    if (!is_permission(permission)) {
      problems.push_back(
          fmt::format("permissions: found \"{}\", expected an IAM action such as "
                      "ecs:UpdateService",
                      permission.substr(0, 80)));
    }
  }
  check_params(entry, problems);
  if (!entry.output_schema.empty()) check_schema(entry.output_schema, "output", problems);
  return problems;
}

std::string clash_of(const Entry& entry, std::string_view params) {
  std::string text = entry.clash;
  if (text.empty()) return text;
  const Json values = parse_bounded(params, kParamsBytesMax);
  for (const std::string& name : names_in(entry.clash)) {
    const auto value = values.find(name);
    const std::string found = value == values.end() ? std::string()
                              : value->is_string()  ? value->get<std::string>()
                                                    : json_text(*value);
    const std::string braced = "{" + name + "}";
    if (const auto at = text.find(braced); at != std::string::npos) {
      text.replace(at, braced.size(), found);
    }
  }
  return text.substr(0, kClashCharactersMax);
}

}  // namespace consumers::oncall
