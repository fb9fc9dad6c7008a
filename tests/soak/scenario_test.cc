// Single kinds of trouble, each made certain to bite, where a seed would need luck.
#include "sim/faults.h"
#include "tests/soak/again.h"
#include "tests/soak/soak.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace soak {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

Settings one_worker() {
  Settings settings;
  settings.workers = 1;
  settings.again = again_command(settings.seed);
  return settings;
}

TEST(Scenario, DeletesAgainWhatSqsFailedToDelete) {
  Soak soak(one_worker());
  soak.region().faults().settings().batch_entry_fails = 0.3;
  for (int i = 0; i < 200; ++i) soak.send(soak.ledger().add(Plan::kQuick), i % 2 == 0);
  soak.start_workers();
  EXPECT_TRUE(soak.settle(30min));
  const Report report = soak.finish();
  EXPECT_TRUE(report.passed()) << report.text();
}

TEST(Scenario, CountsNoResultThatComesAfterTheLoss) {
  Soak soak(one_worker());
  for (int i = 0; i < 20; ++i) soak.send(soak.ledger().add(Plan::kDeaf, 60s), i % 2 == 0);
  soak.start_workers();
  soak.workers()[0]->http().refuse = [](const base::HttpRequest& request) {
    std::optional<base::HttpResponse> refusal;
    const auto target = base::find_header(request.headers, "x-amz-target").value_or("");
    if (target.find("ChangeMessageVisibility") == std::string::npos) return refusal;
    refusal.emplace().status = 403;
    refusal->body = R"({"__type":"com.amazon.coral.service#AccessDeniedException","message":"no"})";
    return refusal;
  };
  soak.loop().run_for(45s);
  EXPECT_GE(soak.oracle().stats().lost, 20U) << "no visibility could be kept";
  soak.workers()[0]->http().refuse = {};
  EXPECT_TRUE(soak.settle(30min));
  const Report report = soak.finish();
  EXPECT_TRUE(report.passed()) << report.text();
}

TEST(Scenario, GivesBackAtADrainWhatHasNotBegun) {
  Settings settings = one_worker();
  settings.groups = 2;  // the rest of each group waits behind its first message
  Soak soak(settings);
  for (int i = 0; i < 20; ++i) soak.send(soak.ledger().add(Plan::kShort, 1min), true);
  soak.start_workers();
  soak.loop().run_for(5s);
  SoakWorker& worker = *soak.workers()[0];
  ASSERT_GT(worker.in_flight(), 2U);
  worker.drain();
  ASSERT_TRUE(soak.loop().run_until([&] { return worker.is_over(); }, 1min));
  soak.oracle().drained(worker.id());
  EXPECT_THAT(soak.oracle().violations(), IsEmpty());
}

}  // namespace
}  // namespace soak
