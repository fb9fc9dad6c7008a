// `jobs`: dispatch, and the commands that only look.
#include "worker/command_jobs.h"

#include "consumers/oncall/page.h"
#include "consumers/oncall/schema.h"
#include "consumers/oncall/script_folder.h"
#include "worker/command_session.h"
#include "worker/commands.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <ostream>

namespace worker {

namespace oncall = consumers::oncall;

namespace {

using Json = nlohmann::ordered_json;

// The catalogue without anything that is asked of AWS: any region will do.
struct LocalCatalogue {
  LocalCatalogue(Config given, const JobFactory& factory, const Settings& environment)
      : config(with_region(std::move(given))), session(config) {
    if (!session.aws) return;
    jobs = Jobs::open({**session.aws, config, session.clock, session.random, factory, nullptr,
                       std::nullopt, environment});
  }
  static Config with_region(Config config) {
    if (config.region.empty()) config.region = "us-east-1";
    return config;
  }

  Config config;
  CommandSession session;
  base::Result<std::unique_ptr<Jobs>> jobs = base::invalid("no session");
};

Json json_of(const oncall::Entry& entry) {
  Json json = {{"name", entry.name},
               {"purpose", entry.purpose},
               {"owner", entry.owner},
               {"timeout_seconds", std::chrono::duration<double>(entry.timeout).count()},
               {"changes", entry.changes},
               {"safe_to_retry", entry.safe_to_retry},
               {"clash", entry.clash},
               {"permissions", entry.permissions}};
  json["params"] = Json::parse(entry.params_schema, nullptr, false);
  if (!entry.output_schema.empty()) {
    json["output"] = Json::parse(entry.output_schema, nullptr, false);
  }
  json["example"] = Json::parse(entry.example, nullptr, false);
  return json;
}

int list(const std::vector<const oncall::Entry*>& entries, Output output, std::ostream& out) {
  if (output == Output::kJson) {
    Json json = Json::array();
    for (const oncall::Entry* entry : entries) json.push_back(json_of(*entry));
    out << json.dump() << "\n";
    return kExitOk;
  }
  for (const oncall::Entry* entry : entries) {
    out << fmt::format("{:<28} {:<8} {}\n", entry->name, entry->changes ? "changes" : "looks",
                       entry->purpose);
  }
  return kExitOk;
}

int describe(const oncall::Entry* entry, const std::string& name, Output output, std::ostream& out,
             std::ostream& err) {
  if (entry == nullptr) {
    return fail(err, base::invalid(fmt::format(
                         "no job \"{}\" in the catalogue; `autorecycle jobs ls` lists them, with "
                         "--oncall-scripts FOLDER also those of a folder",
                         name.substr(0, 100))));
  }
  if (output == Output::kJson) {
    out << json_of(*entry).dump(2) << "\n";
  } else {
    out << oncall::page_of(*entry);
  }
  return kExitOk;
}

// A folder of one job, or of folders.
int lint(const std::string& folder, Output output, std::ostream& out, std::ostream& err) {
  std::vector<std::string> folders = {folder};
  std::error_code error;
  const std::filesystem::path path(folder);
  if (!std::filesystem::exists(path / "job.json", error)) {
    auto found = oncall::script_folders(folder);
    if (found && !found->empty()) folders = std::move(*found);
  }
  std::size_t problems = 0;
  Json json = Json::array();
  for (const std::string& one : folders) {
    const auto found = oncall::read_script_folder(one);
    problems += found.problems.size();
    json.push_back({{"folder", one}, {"problems", found.problems}});
    if (output == Output::kJson) continue;
    for (const std::string& problem : found.problems) {
      err << (problem.starts_with(one) ? "" : one + "/") << problem
          << "\n";  // a folder that is none
    }
    if (found.problems.empty()) {
      out << fmt::format("{}: in order: {}\n", one, found.script->entry.name);
    }
  }
  if (output == Output::kJson) out << json.dump() << "\n";
  return problems == 0 ? kExitOk : kExitFailed;
}

base::Result<void> write_page(const std::filesystem::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  if (!out.flush()) return base::invalid(file.string() + ": cannot be written");
  return {};
}

int write_pages(const std::vector<const oncall::Entry*>& entries, const std::string& folder,
                std::ostream& out, std::ostream& err) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const std::filesystem::path root(folder);
  auto written = write_page(root / "README.md", oncall::index_of(entries));
  for (const oncall::Entry* entry : entries) {
    if (written) written = write_page(root / (entry->name + ".md"), oncall::page_of(*entry));
  }
  if (!written) return fail(err, written.error());
  out << fmt::format("{} pages in {}\n", entries.size() + 1, folder);
  return kExitOk;
}

}  // namespace

int run_jobs(const CommandLine& line, const Config& config, const JobFactory& factory,
             const Settings& environment, std::ostream& out, std::ostream& err) {
  const JobsLine& jobs = line.jobs;
  const Output output = config.output.value_or(Output::kTable);
  if (line.command == "jobs lint") return lint(jobs.name, output, out, err);
  if (line.command == "jobs run") return run_job(jobs, config, factory, environment, out, err);
  const LocalCatalogue catalogue(config, factory, environment);
  if (!catalogue.session.aws) return fail_to_start(err, catalogue.session.aws.error());
  if (!catalogue.jobs) return fail_to_start(err, catalogue.jobs.error());
  const oncall::Runner& runner = (*catalogue.jobs)->runner();
  for (const BrokenScript& one : (*catalogue.jobs)->broken()) {
    for (const std::string& problem : one.problems) err << one.folder << "/" << problem << "\n";
  }
  if (line.command == "jobs describe") {
    return describe(runner.find(jobs.name), jobs.name, output, out, err);
  }
  if (line.command == "jobs docs") return write_pages(runner.entries(), jobs.name, out, err);
  return list(runner.entries(), output, out);
}

base::Result<std::string> params_of(const JobsLine& line, const oncall::Entry* entry) {
  Json params = Json::object();
  if (!line.params_json.empty()) {
    if (const auto checked =
            oncall::check_json(line.params_json, "--params", oncall::kParamsBytesMax);
        !checked) {
      return checked.error();
    }
    params = Json::parse(line.params_json, nullptr, false);
    if (!params.is_object()) return base::invalid("--params: expected a JSON object");
  }
  std::vector<std::pair<std::string, std::vector<std::string>>> given;
  for (const std::string& text : line.params) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return base::invalid("--param: found \"" + text.substr(0, 100) + "\", expected NAME=VALUE");
    }
    const std::string name = text.substr(0, equals);
    auto same = std::ranges::find(given, name, [](const auto& one) { return one.first; });
    if (same == given.end()) same = given.insert(given.end(), {name, {}});
    same->second.push_back(text.substr(equals + 1));
  }
  const auto schema = entry == nullptr ? base::Result<oncall::Schema>(base::invalid(""))
                                       : oncall::Schema::parse(entry->params_schema);
  for (const auto& [name, texts] : given) {
    if (schema) {
      params[name] = Json::parse(schema->value_of(name, texts), nullptr, false);
    } else {
      const Json value = Json::parse(texts.front(), nullptr, false);
      params[name] = value.is_discarded() || texts.size() > 1 ? Json(texts.front()) : value;
      if (texts.size() > 1) params[name] = texts;
    }
  }
  return params.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace worker
