// One look at the alarms for all runs of a worker.
#include "consumers/recycle/gates/alarm_book.h"

#include "base/guarded.h"
#include "tests/support/canned_aws.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

using std::chrono::seconds;

std::string answer(const std::vector<std::string>& names, const std::string& state) {
  std::string members;
  for (const std::string& name : names) {
    members += fmt::format(
        "<member><AlarmName>{}</AlarmName><StateValue>{}</StateValue>"
        "<StateUpdatedTimestamp>2026-01-02T03:00:00Z</StateUpdatedTimestamp></member>",
        name, state);
  }
  return fmt::format(
      "<DescribeAlarmsResponse><DescribeAlarmsResult><MetricAlarms>{}</MetricAlarms>"
      "<CompositeAlarms/></DescribeAlarmsResult></DescribeAlarmsResponse>",
      members);
}

// An AWS that takes its time, so that readers meet.
class SlowHttp final : public aws::HttpClient {
 public:
  SlowHttp(aws::HttpClient& inner, base::Clock& clock) : inner_(inner), clock_(clock) {}
  base::Duration takes = seconds(1);

  boost::asio::awaitable<base::Result<base::HttpResponse>> send(base::HttpRequest request,
                                                                aws::HttpOptions options) override {
    co_await clock_.sleep_for(takes);
    co_return co_await inner_.send(std::move(request), options);
  }

 private:
  aws::HttpClient& inner_;
  base::Clock& clock_;
};

struct Rig : test::CannedAws {
  SlowHttp slow{http, loop.clock()};
  aws::Caller slow_caller{slow, credentials, loop.clock(), random,
                          aws::EndpointConfig{base::Region("eu-west-2"), "http://aws.test", {}}};
  aws::CloudWatch cloudwatch{slow_caller};
  AlarmBook book{cloudwatch, loop.clock()};

  base::Result<std::vector<AlarmReading>> read(std::vector<std::string> names) {
    return loop.run(book.read(std::move(names)));
  }
};

TEST(AlarmBook, ReadsOnceForAllWhoAskAtTheSameTime) {
  Rig rig;
  rig.http.answer("DescribeAlarms", answer({"web"}, "OK"));
  int answered = 0;
  for (int run = 0; run < 1'000; ++run) {
    boost::asio::co_spawn(rig.loop.executor(), rig.book.read({"web"}),
                          [&](std::exception_ptr error, auto readings) {
                            ASSERT_FALSE(error);
                            ASSERT_TRUE(readings);
                            EXPECT_EQ(readings->at(0).state, "OK");
                            ++answered;
                          });
  }
  rig.loop.run_for(seconds(5));
  EXPECT_EQ(answered, 1'000);
  EXPECT_EQ(rig.http.requests.size(), 1U);
}

// As a process sees it that is stopped meanwhile.
TEST(AlarmBook, AsksOnceHoweverLongTheAnswerTakes) {
  for (const base::Duration takes : {2 * AlarmBook::kFresh, 2 * AlarmBook::kForgotten}) {
    Rig rig;
    rig.slow.takes = takes;
    rig.http.answer("DescribeAlarms", answer({"web"}, "OK"));
    EXPECT_EQ(rig.read({"web"})->at(0).state, "OK");
    EXPECT_EQ(rig.http.requests.size(), 1U);
  }
}

TEST(AlarmBook, AnswersFromWhatIsFreshAndNamesWhatIsMissing) {
  Rig rig;
  rig.http.answer("DescribeAlarms", answer({"web"}, "OK"));
  rig.http.answer("DescribeAlarms", answer({"web"}, "ALARM"));
  const auto first = rig.read({"missing", "web"});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->at(0).name, "missing");
  EXPECT_EQ(first->at(0).state, "");
  EXPECT_EQ(first->at(1).state, "OK");
  EXPECT_EQ(rig.read({"web"})->at(0).state, "OK");
  EXPECT_EQ(rig.http.requests.size(), 1U);
  rig.loop.run_for(AlarmBook::kFresh);
  EXPECT_EQ(rig.read({"web"})->at(0).state, "ALARM");
  EXPECT_EQ(rig.http.requests.size(), 2U);
}

TEST(AlarmBook, ForgetsAlarmsThatNobodyAsksForAnyMore) {
  Rig rig;
  rig.http.answer("DescribeAlarms", answer({"old", "web"}, "OK"));
  ASSERT_TRUE(rig.read({"old"}));
  rig.loop.run_for(AlarmBook::kForgotten + seconds(1));
  ASSERT_TRUE(rig.read({"web"}));
  EXPECT_EQ(rig.parameter("AlarmNames.member.1", 1), "web");
  EXPECT_EQ(rig.parameter("AlarmNames.member.2", 1), "");
}

TEST(AlarmBook, PassesAnErrorOnAndReadsAgainTheNextTime) {
  Rig rig;
  rig.http.answer("DescribeAlarms",
                  "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error>"
                  "</ErrorResponse>",
                  403);
  rig.http.answer("DescribeAlarms", answer({"web"}, "OK"));
  const auto denied = rig.read({"web"});
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().kind, base::ErrorKind::kDenied);
  EXPECT_TRUE(rig.read({"web"}));
}

TEST(AlarmBook, SurvivesAReaderThatIsCancelled) {
  Rig rig;
  rig.http.answer("DescribeAlarms", answer({"web"}, "OK"));
  boost::asio::cancellation_signal signal;
  bool cancelled = false;
  boost::asio::co_spawn(
      rig.loop.executor(), base::guarded(rig.book.read({"web"})),
      boost::asio::bind_cancellation_slot(
          signal.slot(), [&](std::exception_ptr error, auto) { cancelled = error != nullptr; }));
  rig.loop.run_for(std::chrono::milliseconds(500));
  signal.emit(boost::asio::cancellation_type::terminal);
  EXPECT_TRUE(rig.read({"web"}));
  EXPECT_TRUE(cancelled);
}

}  // namespace
}  // namespace consumers::recycle
