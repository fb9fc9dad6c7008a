// The worker dies at any of its API calls, before the call is sent or before its answer is seen;
// the next delivery goes on from the journal and leaves the group as if nothing had happened.
#include "tests/consumers/sim_services.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace consumers::recycle {
namespace {

constexpr const char* kGroup = "payments-asg-1";
// Every mutating call is a crash point; of the others, between which nothing changes, some.
constexpr int kReadingStride = 7;

// What the process's death looks like from inside: nothing runs after it.
struct Crash : std::exception {};

struct Stage : test::SimServices {
  explicit Stage(const std::string& strategy) {
    config.poll_interval = std::chrono::minutes(1);  // few looks: the sweep takes many runs
    test::GroupSpec spec;
    spec.name = kGroup;
    spec.min_size = 1;
    spec.desired = 2;
    spec.tags = test::tags_for(strategy);
    create_group(spec);
    create_template_version();
    before = look(kGroup);
  }
  aws::AutoScalingGroup before;
};

std::vector<int> crash_points(const std::string& strategy) {
  Stage stage(strategy);
  std::vector<int> points;
  std::size_t seen = 0;
  stage.record_mutations();
  const auto record = stage.worker.http.before;
  stage.worker.http.before = [&](int number, const base::HttpRequest& request) {
    record(number, request);
    const bool mutating = stage.mutations.size() > seen;
    seen = stage.mutations.size();
    if (mutating || number % kReadingStride == 0) points.push_back(number);
  };
  stage.deliver(test::request_for(kGroup));
  return points;
}

void expect_recovery(const std::string& strategy, int request, bool sent) {
  SCOPED_TRACE(fmt::format("dies {} request {}", sent ? "after" : "before", request));
  Stage stage(strategy);
  int least = stage.serving(kGroup);
  const auto die = [&](int number, const base::HttpRequest&) {
    least = std::min(least, stage.serving(kGroup));
    if (number == request) throw Crash();
  };
  (sent ? stage.worker.http.after : stage.worker.http.before) = die;
  EXPECT_THROW(stage.deliver(test::request_for(kGroup)), Crash);
  const Verdict verdict = stage.carry_out(test::request_for(kGroup));
  ASSERT_TRUE(std::holds_alternative<Done>(verdict));
  stage.loop.run_for(std::chrono::minutes(10));
  EXPECT_EQ(test::difference(stage.before, stage.look(kGroup), "2"), "");
  EXPECT_GE(least, strategy == "in-out" ? 1 : 2);
}

class RecycleCrash : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(, RecycleCrash, testing::Values("out-in", "out-in-timed", "in-out"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST_P(RecycleCrash, AtAnyCallIsHealedByTheNextDelivery) {
  const std::vector<int> points = crash_points(GetParam());
  ASSERT_GT(points.size(), 10U);
  for (const int request : points) {
    expect_recovery(GetParam(), request, false);
    expect_recovery(GetParam(), request, true);
    if (HasFailure()) return;  // one crash point is enough to look at
  }
}

}  // namespace
}  // namespace consumers::recycle
