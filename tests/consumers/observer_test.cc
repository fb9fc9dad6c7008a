#include "consumers/recycle/observer.h"

#include "consumers/recycle/reader.h"
#include "sim/faults.h"
#include "tests/consumers/canned_services.h"
#include "tests/consumers/canned_xml.h"
#include "tests/consumers/sim_services.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

namespace asio = boost::asio;
using base::GroupName;

// Group by group: none there, -1 an error, else its desired capacity.
using Seen = std::map<std::string, int>;

asio::awaitable<void> look(Observer& observer, std::string name, Seen& seen) {
  const auto group = co_await observer.group(GroupName(name));
  if (!group)
    seen[name] = -1;
  else if (*group)
    seen[name] = (*group)->desired_capacity;
}

struct Fixture : test::SimServices {
  Fixture() {
    worker.http.before = [this](int, const base::HttpRequest& request) {
      bodies.push_back(request.body);
    };
  }
  int calls(const std::string& operation) const {
    return static_cast<int>(std::count_if(bodies.begin(), bodies.end(), [&](const auto& body) {
      return body.starts_with("Action=" + operation + "&");
    }));
  }
  void start(asio::awaitable<void> work) {
    asio::co_spawn(loop.executor(), std::move(work), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
  }
  Observer observer{worker.services};
  std::vector<std::string> bodies;
};

TEST(Observer, LooksAtManyGroupsByOneCall) {
  Fixture aws;
  std::vector<std::unique_ptr<Observer::Presence>> runs;
  Seen seen;
  for (int i = 0; i < 20; ++i) {
    const std::string name = fmt::format("web-{}", i);
    aws.create_group({.name = name, .min_size = 0, .desired = i % 3, .zones = 1});
    runs.push_back(std::make_unique<Observer::Presence>(aws.observer, GroupName(name)));
  }
  for (int i = 0; i < 20; ++i) aws.start(look(aws.observer, fmt::format("web-{}", i), seen));
  aws.start(look(aws.observer, "gone", seen));
  aws.loop.run_for(std::chrono::seconds(5));
  EXPECT_EQ(seen.size(), 20U);  // and nothing for the one that does not exist
  EXPECT_EQ(seen["web-5"], 2);
  EXPECT_EQ(aws.calls("DescribeAutoScalingGroups"), 1);
  EXPECT_EQ(aws.observer.tally("DescribeAutoScalingGroups").asked, 21U);
  EXPECT_EQ(aws.observer.tally("DescribeAutoScalingGroups").calls, 1U);
}

TEST(Observer, FindsOutWhichNameItWasThatAwsRefuses) {
  test::CannedServices aws;
  Observer observer(aws.services);
  const Observer::Presence first(observer, GroupName("web"));
  const Observer::Presence second(observer, GroupName("bad"));
  aws::AutoScalingGroup web;
  web.name = GroupName("web");
  web.desired_capacity = 4;
  const char* refusal =
      "<ErrorResponse><Error><Code>ValidationError</Code><Message>no</Message></Error>"
      "</ErrorResponse>";
  aws.http.answer("DescribeAutoScalingGroups", refusal, 400);
  aws.http.answer("DescribeAutoScalingGroups", test::groups_xml({web}));
  aws.http.answer("DescribeAutoScalingGroups", refusal, 400);
  Seen seen;
  for (const char* name : {"web", "bad"}) {
    asio::co_spawn(aws.loop.executor(), look(observer, name, seen), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
  }
  aws.loop.run();
  EXPECT_EQ(seen, (Seen{{"web", 4}, {"bad", -1}}));
}

TEST(Observer, ThrottlingFailsTheReadersOfThatCallAndNoneAsksSinglyAfterIt) {
  Fixture aws;
  const Observer::Presence first(aws.observer, GroupName("a"));
  const Observer::Presence second(aws.observer, GroupName("b"));
  for (int request = 1; request <= 3; ++request) aws.worker.http.fail_request(request);
  Seen seen;
  aws.start(look(aws.observer, "a", seen));
  aws.start(look(aws.observer, "b", seen));
  aws.loop.run_for(std::chrono::minutes(1));
  EXPECT_EQ(seen, (Seen{{"a", -1}, {"b", -1}}));
  EXPECT_EQ(aws.calls("DescribeAutoScalingGroups"), 3);  // the client's three attempts
}

TEST(Observer, LooksMoreSeldomOnceItIsThrottled) {
  Fixture aws;
  aws.create_group({.name = "a", .desired = 2});
  sim::FaultRule rule;
  rule.kind = sim::FaultKind::kThrottle;
  rule.service = "autoscaling";
  rule.probability = 1;
  aws.region.faults().add(rule);
  Seen seen;
  for (int i = 0; i < 5; ++i) aws.loop.run(look(aws.observer, "a", seen));
  EXPECT_EQ(seen["a"], -1);
  aws.region.faults().clear();
  seen.clear();
  const auto before = aws.loop.clock().steady_now();
  for (int i = 0; i < 3; ++i) aws.loop.run(look(aws.observer, "a", seen));
  EXPECT_EQ(seen["a"], 2);
  EXPECT_GT(aws.loop.clock().steady_now() - before, std::chrono::seconds(1));
}

asio::awaitable<void> pause(Observer& observer, base::Clock& clock, std::string group,
                            std::vector<std::int64_t>& woken) {
  const auto before = clock.steady_now();
  co_await observer.pause(GroupName(group), std::chrono::seconds(15));
  woken.push_back(
      std::chrono::duration_cast<std::chrono::seconds>(clock.steady_now() - before).count());
}

TEST(Observer, ThoseThatWaitAreWokenTogether) {
  Fixture aws;
  std::vector<std::int64_t> woken;
  for (int i = 0; i < 5; ++i) {
    aws.start(pause(aws.observer, aws.loop.clock(), "web", woken));
    aws.loop.run_for(std::chrono::seconds(1));
  }
  aws.loop.run_for(std::chrono::seconds(16));
  ASSERT_EQ(woken.size(), 5U);
  EXPECT_LE(woken[0], 15);
  EXPECT_EQ(woken[0] - woken[1], 1);  // begun a second later, woken at the same time
  EXPECT_EQ(woken[3] - woken[4], 1);
}

TEST(Observer, AnEventWakesItsGroupAndNoOther) {
  Fixture aws;
  aws.loop.run_for(std::chrono::seconds(1));
  std::vector<std::int64_t> web;
  std::vector<std::int64_t> other;
  // Just after a tick, so that there is time before the next one.
  aws.start(pause(aws.observer, aws.loop.clock(), "tick", other));
  aws.loop.run_until([&] { return !other.empty(); }, std::chrono::minutes(1));
  other.clear();
  aws.start(pause(aws.observer, aws.loop.clock(), "web", web));
  aws.start(pause(aws.observer, aws.loop.clock(), "other", other));
  aws.loop.run_for(std::chrono::seconds(3));
  aws.observer.happened_to(GroupName("web"));
  aws.observer.happened_to(GroupName("web"));
  aws.loop.run_for(std::chrono::seconds(20));
  EXPECT_EQ(web, std::vector<std::int64_t>{4});  // a second, for the rest of the burst
  EXPECT_EQ(other, std::vector<std::int64_t>{15});
}

TEST(Observer, ASharedTargetGroupIsAskedForOnceAMoment) {
  Fixture aws;
  const std::string arn = aws.create_target_group("shared");
  for (const char* name : {"web-a", "web-b"}) {
    aws.create_group({.name = name, .target_groups = {arn}});
  }
  Reader first(aws.observer, GroupName("web-a"));
  Reader second(aws.observer, GroupName("web-b"));
  ASSERT_TRUE(aws.loop.run(first.read()));
  ASSERT_TRUE(aws.loop.run(second.read()));
  EXPECT_EQ(aws.calls("DescribeTargetHealth"), 1);
  aws.loop.run_for(std::chrono::seconds(3));
  ASSERT_TRUE(aws.loop.run(second.read()));
  EXPECT_EQ(aws.calls("DescribeTargetHealth"), 2);
}

// By "lt-1:$Latest": the number, or the error's code.
using Resolved = std::map<std::string, std::string>;

asio::awaitable<void> resolve(Observer& observer, aws::LaunchTemplateSpecification wanted,
                              Resolved& resolved) {
  const std::string asked = wanted.id + ":" + wanted.version;
  const auto found = co_await observer.launch_template(std::move(wanted), base::Duration(0));
  resolved[asked] = found ? found->version : found.error().code;
}

struct CannedFixture : test::CannedServices {
  Observer observer{services};
  Observer::Presence first{observer, GroupName("a")};
  Observer::Presence second{observer, GroupName("b")};
  Resolved resolved;

  void resolve_all(const std::vector<aws::LaunchTemplateSpecification>& wanted) {
    for (const auto& one : wanted) {
      asio::co_spawn(loop.executor(), resolve(observer, one, resolved),
                     [](std::exception_ptr error) {
                       if (error) std::rethrow_exception(error);
                     });
    }
    loop.run();
  }
};

TEST(Observer, AsksForManyLaunchTemplatesByOneCall) {
  CannedFixture aws;
  aws.http.answer("DescribeLaunchTemplates",
                  test::templates_xml({{"lt-2", "two", 9, 1}, {"lt-1", "one", 7, 3}}));
  aws.resolve_all({{"lt-1", "one", "$Latest"},
                   {"lt-1", "one", "$Default"},
                   {"lt-1", "one", ""},
                   {"lt-2", "two", "$Latest"},
                   {"lt-3", "three", "$Latest"},
                   {"lt-4", "", "5"}});
  EXPECT_EQ(aws.resolved, (Resolved{{"lt-1:$Latest", "7"},
                                    {"lt-1:$Default", "3"},
                                    {"lt-1:", "3"},
                                    {"lt-2:$Latest", "9"},
                                    {"lt-3:$Latest", "LaunchTemplateNotFound"},
                                    {"lt-4:5", "5"}}));
  EXPECT_EQ(aws.http.requests.size(), 1U);
}

TEST(Observer, FindsOutWhichLaunchTemplateItWasThatIsGone) {
  CannedFixture aws;
  const char* refusal =
      "<Response><Errors><Error><Code>InvalidLaunchTemplateId.NotFound</Code><Message>gone"
      "</Message></Error></Errors><RequestID>r</RequestID></Response>";
  aws.http.answer("DescribeLaunchTemplates", refusal, 400);
  aws.http.answer("DescribeLaunchTemplates", test::template_xml("lt-2", 9));
  aws.http.answer("DescribeLaunchTemplates", refusal, 400);
  aws.resolve_all({{"lt-1", "", "$Latest"}, {"lt-2", "", "$Latest"}});
  EXPECT_EQ(aws.resolved, (Resolved{{"lt-1:$Latest", "InvalidLaunchTemplateId.NotFound"},
                                    {"lt-2:$Latest", "9"}}));
}

TEST(Observer, AsksForLaunchTemplatesByNameApartFromThoseByTheirIds) {
  CannedFixture aws;
  aws.http.answer("DescribeLaunchTemplates", test::template_xml("lt-1", 7));
  aws.http.answer("DescribeLaunchTemplates", test::templates_xml({{"lt-2", "two", 9, 1}}));
  aws.resolve_all({{"lt-1", "", "$Latest"}, {"", "two", "$Latest"}});
  EXPECT_EQ(aws.resolved, (Resolved{{"lt-1:$Latest", "7"}, {":$Latest", "9"}}));
  EXPECT_EQ(aws.parameter("LaunchTemplateId.1", 0), "lt-1");
  EXPECT_EQ(aws.parameter("LaunchTemplateName.1", 0), "");
  EXPECT_EQ(aws.parameter("LaunchTemplateName.1", 1), "two");
}

TEST(Observer, TakesNoAnswerOnInstanceRefreshesThatIsOlderThanAllowed) {
  test::CannedServices aws;
  Observer observer(aws.services);
  aws.http.answer("DescribeInstanceRefreshes",
                  test::answer_xml("DescribeInstanceRefreshes", "<InstanceRefreshes/>"));
  const auto ask = [&](int seconds) {
    const auto found =
        aws.loop.run(observer.running_refresh(GroupName("web"), std::chrono::seconds(seconds)));
    EXPECT_TRUE(found && !*found);
    return aws.http.requests.size();
  };
  EXPECT_EQ(ask(10), 1U);
  aws.loop.run_for(std::chrono::seconds(9));
  EXPECT_EQ(ask(10), 1U);
  EXPECT_EQ(ask(0), 2U);
  aws.loop.run_for(std::chrono::seconds(11));
  EXPECT_EQ(ask(10), 3U);
}

TEST(Observer, KnowsWhichGroupsAreWatched) {
  Fixture aws;
  {
    const Reader reader(aws.observer, GroupName("web"));
    EXPECT_TRUE(aws.observer.is_watched(GroupName("web")));
    EXPECT_FALSE(aws.observer.is_watched(GroupName("other")));
  }
  EXPECT_FALSE(aws.observer.is_watched(GroupName("web")));
}

}  // namespace
}  // namespace consumers::recycle
