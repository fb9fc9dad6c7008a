// JUnit reports, as pytest, Maven, Jest and others write them. Pure.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace consumers::oncall {

struct JUnitReport {
  struct Failure {
    std::string test;     // "class.name"
    std::string message;  // the first line, cut
  };
  static constexpr std::size_t kFailuresMax = 50;  // those kept

  int tests = 0;
  int failures = 0;
  int errors = 0;
  int skipped = 0;
  double seconds = 0;
  std::vector<Failure> failed;  // failures and errors

  bool passed() const { return failures == 0 && errors == 0; }
};

// Counted from the test cases, not from the sums that the suites claim; of nested suites all.
// kInvalid: what is wrong with it, or no test case is in it.
base::Result<JUnitReport> parse_junit(std::string_view xml);

// The report in what a program printed, from <testsuite(s) to its end; empty: there is none.
std::string_view junit_in(std::string_view output);

}  // namespace consumers::oncall
