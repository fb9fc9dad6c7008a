#include "consumers/oncall/jobs/junit.h"

#include "consumers/oncall/jobs/params.h"

#include <fmt/format.h>
#include <pugixml.hpp>

#include <cmath>

namespace consumers::oncall {

namespace {

constexpr std::size_t kMessageMax = 300;
constexpr int kDepthMax = 32;

std::string first_line(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return {};
  text.remove_prefix(from);
  return cut(text.substr(0, text.find_first_of("\r\n")), kMessageMax);
}

void read_case(const pugi::xml_node& test, JUnitReport& report) {
  ++report.tests;
  const double seconds = test.attribute("time").as_double();
  if (std::isfinite(seconds) && seconds > 0) report.seconds += seconds;
  const pugi::xml_node failure = test.child("failure");
  const pugi::xml_node error = test.child("error");
  if (!failure && !error) {
    if (test.child("skipped")) ++report.skipped;
    return;
  }
  ++(failure ? report.failures : report.errors);
  if (report.failed.size() == JUnitReport::kFailuresMax) return;
  const pugi::xml_node what = failure ? failure : error;
  const std::string in = test.attribute("classname").as_string();
  const std::string name = test.attribute("name").as_string();
  std::string message = first_line(what.attribute("message").as_string());
  if (message.empty()) message = first_line(what.child_value());
  report.failed.push_back({cut(in.empty() ? name : in + "." + name, kMessageMax), message});
}

void read_suite(const pugi::xml_node& suite, int depth, JUnitReport& report) {
  for (const pugi::xml_node child : suite.children()) {
    const std::string_view name = child.name();
    if (name == "testcase") read_case(child, report);
    if (name == "testsuite" && depth < kDepthMax) read_suite(child, depth + 1, report);
  }
}

}  // namespace

base::Result<JUnitReport> parse_junit(std::string_view xml) {
  pugi::xml_document document;
  const auto parsed = document.load_buffer(xml.data(), xml.size());
  if (!parsed) {
    return base::invalid(
        fmt::format("JUnit report: not XML at byte {}: {}", parsed.offset, parsed.description()));
  }
  const pugi::xml_node root = document.document_element();
  const std::string_view name = root.name();
  if (name != "testsuites" && name != "testsuite") {
    return base::invalid(fmt::format(
        "JUnit report: begins with <{}>; expected <testsuites> or <testsuite>", cut(name, 64)));
  }
  JUnitReport report;
  read_suite(root, 0, report);
  if (report.tests == 0) return base::invalid("JUnit report: there is no test case in it");
  return report;
}

std::string_view junit_in(std::string_view output) {
  for (const std::string_view root : {"testsuites", "testsuite"}) {
    const std::size_t from = output.find(fmt::format("<{}", root));
    if (from == std::string_view::npos) continue;
    const std::string end = fmt::format("</{}>", root);
    const std::size_t to = output.rfind(end);
    if (to == std::string_view::npos || to < from) return {};
    return output.substr(from, to + end.size() - from);
  }
  return {};
}

}  // namespace consumers::oncall
