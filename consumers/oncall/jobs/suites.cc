#include "consumers/oncall/jobs/suites.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace consumers::oncall {

namespace {

using nlohmann::json;

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

class Reader {
 public:
  Reader(const std::string& suite, const json& object) : suite_(suite), object_(object) {}

  void text(const char* name, std::string& value) {
    if (const json* found = take(name)) {
      if (!found->is_string() || found->get_ref<const std::string&>().empty()) {
        return fail(name, "a text");
      }
      value = found->get<std::string>();
    }
  }
  void flag(const char* name, bool& value) {
    if (const json* found = take(name)) {
      if (!found->is_boolean()) return fail(name, "true or false");
      value = found->get<bool>();
    }
  }
  void texts(const char* name, std::vector<std::string>& values) {
    if (const json* found = take(name)) {
      if (!found->is_array()) return fail(name, "a list of texts");
      for (const json& one : *found) {
        if (!one.is_string()) return fail(name, "a list of texts");
        values.push_back(one.get<std::string>());
      }
    }
  }
  void text_map(const char* name, std::map<std::string, std::string>& values) {
    if (const json* found = take(name)) {
      if (!found->is_object()) return fail(name, "an object of texts");
      for (const auto& [key, one] : found->items()) {
        if (!one.is_string()) return fail(name, "an object of texts");
        values[key] = one.get<std::string>();
      }
    }
  }
  void fail(const std::string& name, const std::string& expected) {
    if (problem_.empty()) problem_ = fmt::format("{}.{}: expected {}", suite_, name, expected);
  }
  // Also of members that nobody asked for.
  std::string problem() {
    for (const auto& [name, value] : object_.items()) {
      if (std::ranges::find(taken_, name) != taken_.end()) continue;
      fail(name.substr(0, 64), fmt::format("one of {}", fmt::join(taken_, ", ")));
    }
    return problem_;
  }

 private:
  const json* take(const char* name) {
    taken_.emplace_back(name);
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }

  std::string suite_;
  const json& object_;
  std::vector<std::string> taken_;
  std::string problem_;
};

base::Result<Suite> read_suite(const std::string& name, const json& object) {
  if (!is_name(name)) {
    return base::invalid(fmt::format(
        "suites: \"{}\" is no name; expected 1 to 64 of A-Z a-z 0-9 - _ .", name.substr(0, 64)));
  }
  if (!object.is_object()) return base::invalid(name + ": expected an object");
  Suite suite;
  suite.name = name;
  Reader reader(name, object);
  reader.text("task_definition", suite.task_definition);
  reader.text("cluster", suite.cluster);
  reader.text("container", suite.container);
  reader.texts("command", suite.command);
  reader.text_map("environment", suite.environment);
  reader.text("launch_type", suite.launch_type);
  reader.texts("subnets", suite.subnets);
  reader.texts("security_groups", suite.security_groups);
  reader.flag("assign_public_ip", suite.assign_public_ip);
  reader.text("instance_id", suite.instance_id);
  reader.texts("commands", suite.commands);
  reader.text("junit", suite.junit);
  const bool task = !suite.task_definition.empty();
  if (task == !suite.instance_id.empty()) {
    reader.fail("task_definition", "either task_definition or instance_id");
  }
  if (task && suite.container.empty()) {
    reader.fail("container", "the container that runs the tests");
  }
  if (!task && suite.commands.empty()) reader.fail("commands", "what to run on the instance");
  const std::string bucket_and_key = suite.junit.starts_with("s3://") ? suite.junit.substr(5) : "";
  const std::size_t slash = bucket_and_key.find('/');
  const bool object_named =
      slash != std::string::npos && slash > 0 && slash + 1 < bucket_and_key.size();
  if (!suite.junit.empty() && suite.junit != "output" && !object_named) {
    reader.fail("junit", "\"output\" or an S3 object, s3://bucket/key");
  }
  if (const std::string problem = reader.problem(); !problem.empty()) {
    return base::invalid("suites: " + problem);
  }
  return suite;
}

}  // namespace

base::Result<std::vector<Suite>> parse_suites(std::string_view text) {
  const json parsed = json::parse(text, nullptr, false);
  if (!parsed.is_object()) {
    return base::invalid("suites: expected a JSON object of suites by their names");
  }
  if (parsed.size() > kSuitesMax) {
    return base::invalid(fmt::format("suites: {}; expected at most {}", parsed.size(), kSuitesMax));
  }
  std::vector<Suite> suites;
  for (const auto& [name, object] : parsed.items()) {
    auto suite = read_suite(name, object);
    if (!suite) return suite.error();
    suites.push_back(std::move(*suite));
  }
  return suites;
}

}  // namespace consumers::oncall
