#include "consumers/oncall/jobs/junit.h"

#include <gtest/gtest.h>

namespace {

using consumers::oncall::junit_in;
using consumers::oncall::JUnitReport;
using consumers::oncall::parse_junit;

// As pytest writes it: suites in <testsuites>, and sums that are not to be trusted.
constexpr const char* kPytest = R"(<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" errors="0" failures="0" skipped="1" tests="4" time="1.5">
<testcase classname="tests.test_cart" name="test_add" time="0.5"/>
<testcase classname="tests.test_cart" name="test_remove" time="0.25">
<failure message="assert 1 == 2&#10;more">Traceback</failure></testcase>
<testcase classname="tests.test_pay" name="test_card" time="0.25"><error>
  no network
</error></testcase>
<testcase classname="tests.test_pay" name="test_cash"><skipped message="later"/></testcase>
</testsuite></testsuites>)";

TEST(JUnit, CountsTheCasesAndNotTheSumsOfTheSuites) {
  const JUnitReport report = parse_junit(kPytest).value();
  EXPECT_EQ(report.tests, 4);
  EXPECT_EQ(report.failures, 1);
  EXPECT_EQ(report.errors, 1);
  EXPECT_EQ(report.skipped, 1);
  EXPECT_DOUBLE_EQ(report.seconds, 1.0);
  EXPECT_FALSE(report.passed());
  ASSERT_EQ(report.failed.size(), 2U);
  EXPECT_EQ(report.failed[0].test, "tests.test_cart.test_remove");
  EXPECT_EQ(report.failed[0].message, "assert 1 == 2");
  EXPECT_EQ(report.failed[1].message, "no network");
}

TEST(JUnit, ReadsOneSuiteAsTheRootAndSuitesInSuites) {
  EXPECT_TRUE(parse_junit("<testsuite><testcase name='a'/></testsuite>").value().passed());
  const auto nested = parse_junit(
      "<testsuites><testsuite><testsuite><testcase name='a'><failure/></testcase></testsuite>"
      "<testcase name='b'/></testsuite></testsuites>");
  EXPECT_EQ(nested.value().tests, 2);
  EXPECT_EQ(nested.value().failures, 1);
}

TEST(JUnit, RefusesWhatIsNoReport) {
  for (const char* text : {"", "<html/>", "<testsuites>", "not xml", "<testsuites/>",
                           "<testsuite tests='3'></testsuite>"}) {
    const auto report = parse_junit(text);
    ASSERT_FALSE(report.has_value()) << text;
    EXPECT_EQ(report.error().kind, base::ErrorKind::kInvalid);
    EXPECT_TRUE(report.error().message.starts_with("JUnit report: ")) << report.error().message;
  }
}

TEST(JUnit, KeepsTheFirstFailuresOfManyAndCountsAll) {
  std::string xml = "<testsuite>";
  for (int i = 0; i < 500; ++i) xml += "<testcase name='t'><failure message='m'/></testcase>";
  const auto report = parse_junit(xml + "</testsuite>").value();
  EXPECT_EQ(report.failures, 500);
  EXPECT_EQ(report.failed.size(), JUnitReport::kFailuresMax);
}

TEST(JUnit, SurvivesSuitesNestedTooDeeply) {
  std::string xml = "<testsuites>";
  for (int i = 0; i < 200; ++i) xml += "<testsuite>";
  xml += "<testcase name='deep'/>";
  for (int i = 0; i < 200; ++i) xml += "</testsuite>";
  EXPECT_FALSE(parse_junit(xml + "</testsuites>").has_value());
}

TEST(JUnit, FindsTheReportInWhatAProgramPrinted) {
  EXPECT_EQ(junit_in("starting\n<testsuites><testsuite/></testsuites>\nbye"),
            "<testsuites><testsuite/></testsuites>");
  EXPECT_EQ(junit_in("<testsuite><a/></testsuite> and <testsuite></testsuite>"),
            "<testsuite><a/></testsuite> and <testsuite></testsuite>");
  EXPECT_EQ(junit_in("</testsuite><testsuite>"), "");
  EXPECT_EQ(junit_in("<testsuites>cut off"), "");
  EXPECT_EQ(junit_in("nothing"), "");
}

}  // namespace
