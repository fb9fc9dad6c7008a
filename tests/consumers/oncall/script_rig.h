// Scripts in folders of their own, run for real: real processes, real time.
#pragma once

#include "base/clock.h"
#include "consumers/oncall/script_job.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>

namespace consumers::oncall {

// Gives what it is told.
class FixedSecrets final : public Secrets {
 public:
  boost::asio::awaitable<base::Result<base::Secret>> fetch(SecretName name) override {
    const auto found = values.find(name.name);
    if (found == values.end()) {
      co_return base::Error{base::ErrorKind::kNotFound, "ParameterNotFound", "no such secret", {}};
    }
    co_return base::Secret(found->second);
  }
  std::map<std::string, std::string> values;
};

class ScriptRig {
 public:
  ScriptRig() : root_(make_root()), runner(clock, {.at_once = 4, .temporary_root = scratch()}) {}
  ~ScriptRig() { std::filesystem::remove_all(root_); }

  // A folder with job.json and run.sh; `more` are further members of job.json, each with a comma in
  // front.
  std::string folder(const std::string& script, const std::string& more = "",
                     const std::string& name = "test-it") {
    const auto path = root_ / name;
    std::filesystem::create_directories(path);
    write(path / "run.sh", "#!/bin/bash\n" + script + "\n");
    ::chmod((path / "run.sh").c_str(), 0755);
    write(path / "job.json",
          fmt::format(
              R"({{"name":"{}","owner":"tests","purpose":"A test","params":{{"type":"object"}},
                      "example":{{}},"command":["./run.sh"]{}}})",
              name, more));
    return path;
  }
  static void write(const std::filesystem::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
    ::chmod(file.c_str(), 0644);
  }

  Script script(const std::string& text, const std::string& more = "") {
    const auto found = read_script_folder(folder(text, more));
    for (const std::string& problem : found.problems) ADD_FAILURE() << problem;
    return *found.script;
  }

  template <class T>
  T wait(boost::asio::awaitable<T> work) {
    std::optional<T> result;
    std::exception_ptr failure;
    io.restart();
    boost::asio::co_spawn(io, std::move(work), [&](std::exception_ptr error, T value) {
      failure = error;
      result.emplace(std::move(value));
    });
    io.run();
    if (failure) std::rethrow_exception(failure);
    return std::move(*result);
  }

  // Runs a script to its end.
  Answer run(const std::string& text, const std::string& more = "",
             base::Duration timeout = std::chrono::seconds(20), const std::string& params = "{}") {
    ScriptJob job(script(text, more), runner, secrets, variables);
    Request request;
    request.job = job.entry().name;
    request.params = params;
    request.request_id = "r-1";
    request.requested_by = "alice";
    request.timeout = timeout;
    request.dry_run = dry_run;
    log = JobLog(clock);
    return wait(job.run(std::move(request), log));
  }

  // What is left of the folders that runs get.
  std::size_t leavings() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(scratch()))
      ++count;
    return count;
  }
  std::string scratch() const { return root_ / "scratch"; }
  std::string root() const { return root_; }

  boost::asio::io_context io;
  base::RealClock clock;

 private:
  static std::filesystem::path make_root() {
    std::string name = std::filesystem::temp_directory_path() / "oncall-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    std::filesystem::create_directories(std::filesystem::path(name) / "scratch");
    ::chmod(name.c_str(), 0755);
    return name;
  }
  std::filesystem::path root_;

 public:
  ScriptRunner runner;
  FixedSecrets secrets;
  std::map<std::string, std::string> variables;
  JobLog log{clock};
  bool dry_run = false;
};

}  // namespace consumers::oncall
