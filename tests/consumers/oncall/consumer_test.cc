#include "tests/consumers/oncall/runner_rig.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace consumers::oncall {
namespace {

using namespace std::chrono_literals;
using Rig = RunnerRig;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Oncall, TakesARequestWithItsEnvelopeOrWithoutAndInItsOlderForm) {
  for (const char* body :
       {R"({"job":"oncall-it","params":{"service_name":"a"},"request_id":"i",
           "requested_by":"alice"})",
        R"({"schemaVersion":1,"id":"i","sentBy":"alice","oncallJob":{"job":"oncall-it",
            "params":{"service_name":"a"}}})",
        R"({"schemaVersion":1,"id":"x","sentBy":"bob","oncallJob":{"job":"oncall-it",
            "input":{"service_name":"a"},"requestId":"i","requestedBy":"alice"}})"}) {
    Rig rig;
    const auto verdict = rig.consume(body);
    ASSERT_TRUE(std::holds_alternative<Done>(verdict)) << body;
    EXPECT_EQ(std::get<Done>(verdict).reason,
              R"json({"statusCode":200,"body":"{\"ok\":true}"})json");
    ASSERT_EQ(rig.told->asked.size(), 1U);
    EXPECT_EQ(rig.told->asked[0].params, R"({"service_name":"a"})");
    EXPECT_EQ(rig.told->asked[0].request_id, "i");
    EXPECT_EQ(rig.told->asked[0].requested_by, "alice");
    EXPECT_EQ(rig.told->asked[0].timeout, 1min);
  }
}

TEST(Oncall, ADryRunAndATimeLimitComeAlong) {
  Rig rig(true);
  rig.consume(R"({"job":"oncall-it","dry_run":true,"timeout":"90s"})");
  rig.consume(R"({"job":"oncall-it","params":{"dry_run":true},"request_id":"2"})");
  ASSERT_EQ(rig.told->asked.size(), 2U) << "a dry run needs no permission";
  EXPECT_TRUE(rig.told->asked[0].dry_run);
  EXPECT_EQ(rig.told->asked[0].timeout, 90s);
  EXPECT_TRUE(rig.told->asked[1].dry_run);
  EXPECT_EQ(rig.told->asked[1].params, R"({"service_name":"web"})") << "with defaults, without it";
}

TEST(Oncall, RefusesBeforeAnythingRuns) {
  struct Row {
    const char* body;
    const char* kind;
    const char* words;
  };
  const Row rows[] = {
      {R"({"job":"oncall-make-coffee"})", "unroutable", "known: oncall-it"},
      {R"({"job":"oncall-it","params":{"service_name":7}})", "invalid",
       "params.service_name: found 7, expected a string"},
      {R"({"job":"oncall-it","params":{"sevice":"x"}})", "invalid",
       "params.sevice: unknown, expected one of service_name, test_suite, token"},
      {R"({"job":"oncall-it","reply_to":"https://evil.example/q"})", "invalid",
       "reply_to: expected"},
      {R"({"job":"oncall-it","timeout":"12h"})", "invalid", "expected 1s to 11h"},
  };
  for (const Row& row : rows) {
    Rig rig;
    const auto verdict = rig.consume(row.body);
    ASSERT_TRUE(std::holds_alternative<Poison>(verdict)) << row.body;
    EXPECT_EQ(std::get<Poison>(verdict).error_kind, row.kind);
    EXPECT_THAT(std::get<Poison>(verdict).reason, HasSubstr(row.words));
    EXPECT_TRUE(rig.told->asked.empty());
    EXPECT_TRUE(rig.pager.pages.empty()) << "nobody is woken for a typing error";
    EXPECT_EQ(rig.audit.audits.size(), 1U) << "but it is on record";
  }
}

TEST(Oncall, WhatChangesThingsNeedsARule) {
  const std::string body = R"({"job":"oncall-it","requested_by":"alice","request_id":"1"})";
  for (const char* allow : {"", "oncall-other=*", "oncall-it=bob|carol", "test-*=alice"}) {
    Rig rig(true, false, allow);
    EXPECT_THAT(std::get<Poison>(rig.consume(body)).reason, HasSubstr("409")) << allow;
    EXPECT_TRUE(rig.told->asked.empty());
  }
  for (const char* allow :
       {"oncall-it=alice", "oncall-*=bob|al*", "*=*", "x=y; oncall-it = alice"}) {
    Rig rig(true, false, allow);
    EXPECT_TRUE(std::holds_alternative<Done>(rig.consume(body))) << allow;
  }
  EXPECT_FALSE(Allow::parse("oncall-it"));
  EXPECT_FALSE(Allow::parse("oncall-it="));
}

TEST(Oncall, RunsOneRequestOnceHoweverOftenItComes) {
  Rig rig;
  const std::string body = R"({"job":"oncall-it","request_id":"r","reply_to":"reply-1"})";
  const auto first = rig.consume(body);
  const auto second = rig.consume(body, 2);
  EXPECT_EQ(std::get<Done>(second).reason, "done before: " + std::get<Done>(first).reason);
  EXPECT_EQ(rig.told->asked.size(), 1U);
  EXPECT_EQ(rig.replies.sent.size(), 1U);
  const auto other = rig.consume(R"({"job":"oncall-it","request_id":"r","dry_run":true})");
  EXPECT_THAT(std::get<Poison>(other).reason, HasSubstr("another payload"));
}

TEST(Oncall, TriesAgainOnlyWhatIsSafeAndOnlySoOften) {
  Rig safe(true, true, "*=*");
  safe.told->answer = answer_failed(500, "the other side is down");
  const std::string body = R"({"job":"oncall-it","request_id":"r","reply_to":"reply-1"})";
  EXPECT_TRUE(std::holds_alternative<Retry>(safe.consume(body, 1)));
  EXPECT_TRUE(std::holds_alternative<Retry>(safe.consume(body, 2)));
  EXPECT_TRUE(safe.replies.sent.empty()) << "no answer before the last word";
  EXPECT_TRUE(safe.pager.pages.empty());
  EXPECT_THAT(std::get<Poison>(safe.consume(body, 3)).reason, HasSubstr("the other side is down"));
  EXPECT_THAT(safe.replies.sent, ElementsAre(HasSubstr(R"("statusCode":500)")));
  EXPECT_THAT(safe.pager.pages, ElementsAre("oncall-it"));
  EXPECT_EQ(safe.told->asked.size(), 3U);

  Rig unsafe(true, false, "*=*");
  unsafe.told->answer = answer_failed(500, "half of it is done");
  EXPECT_TRUE(std::holds_alternative<Poison>(unsafe.consume(body, 1)));
  EXPECT_THAT(unsafe.pager.pages, ElementsAre("oncall-it"));

  Rig wrong(true, true, "*=*");
  wrong.told->answer = answer_failed(404, "no such service");
  EXPECT_TRUE(std::holds_alternative<Poison>(wrong.consume(body, 1))) << "it would not heal";
}

TEST(Oncall, WhoDiedInTheMiddleOfWhatIsNotSafeIsNotFollowed) {
  Rig rig(true, false, "*=*");
  // As a worker leaves it that was killed while the job ran: the claim ends by itself.
  idempotency::BeginRequest mark;
  mark.key = "oncall-begun#r";
  mark.keep_for = 24h;
  const auto begun = rig.loop.run(rig.store.begin(mark));
  rig.loop.run(rig.store.complete(std::get<idempotency::Started>(*begun).claim, "begun"));
  const auto verdict = rig.consume(R"({"job":"oncall-it","request_id":"r"})", 2);
  EXPECT_THAT(std::get<Poison>(verdict).reason, HasSubstr("begun before"));
  EXPECT_TRUE(rig.told->asked.empty());
}

TEST(Oncall, ACancelledRunOfWhatIsNotSafeIsOverAndSaysSo) {
  Rig rig(true, false, "*=*");
  rig.told->takes = 10min;
  const std::string body =
      R"({"job":"oncall-it","request_id":"r","timeout":"1h","reply_to":"reply-1"})";
  boost::asio::cancellation_signal stop;
  bool unwound = false;
  boost::asio::co_spawn(
      rig.loop.executor(), rig.consumer->consume(rig.delivery(body)),
      boost::asio::bind_cancellation_slot(
          stop.slot(), [&](std::exception_ptr error, Verdict) { unwound = error != nullptr; }));
  rig.loop.run_for(1min);
  stop.emit(boost::asio::cancellation_type::terminal);
  rig.loop.run_for(10s);
  EXPECT_TRUE(unwound);
  EXPECT_EQ(rig.told->running, 0);
  EXPECT_THAT(rig.replies.sent, ElementsAre(HasSubstr("interrupted in the middle")));
  EXPECT_THAT(std::get<Poison>(rig.consume(body, 2)).reason, HasSubstr("interrupted"));
  EXPECT_EQ(rig.told->asked.size(), 1U);

  Rig safe(true, true, "*=*");
  safe.told->takes = 10min;
  boost::asio::cancellation_signal stop_safe;
  boost::asio::co_spawn(
      safe.loop.executor(), safe.consumer->consume(safe.delivery(body)),
      boost::asio::bind_cancellation_slot(stop_safe.slot(), [&](std::exception_ptr, Verdict) {}));
  safe.loop.run_for(1min);
  stop_safe.emit(boost::asio::cancellation_type::terminal);
  safe.loop.run_for(10s);
  EXPECT_TRUE(std::holds_alternative<Done>(safe.consume(body, 2))) << "it just runs again";
}

TEST(Oncall, IsOverWhenItsTimeIs) {
  Rig rig;
  rig.told->takes = 10min;
  const auto verdict = rig.consume(R"({"job":"oncall-it","timeout":"5s"})");
  EXPECT_THAT(std::get<Poison>(verdict).reason, HasSubstr(R"("statusCode":408)"));
  EXPECT_THAT(std::get<Poison>(verdict).reason, HasSubstr("not done after 5 s"));
  EXPECT_EQ(rig.told->running, 0);
  EXPECT_THAT(rig.observer.ended_, ElementsAre("oncall-it timeout"));
}

TEST(Oncall, ABugOfAJobIsAnAnswer) {
  Rig rig;
  rig.told->throws = true;
  EXPECT_THAT(std::get<Poison>(rig.consume(R"({"job":"oncall-it"})")).reason,
              HasSubstr("the job has a bug: a bug"));
}

TEST(Oncall, RunsOnOneTargetGoOneAfterTheOther) {
  Rig rig;
  rig.told->takes = 10s;
  int done = 0;
  for (int i = 0; i < 6; ++i) {
    const std::string service = i < 3 ? "a" : "b";
    boost::asio::co_spawn(rig.loop.executor(),
                          rig.consumer->consume(rig.delivery(
                              R"({"job":"oncall-it","request_id":")" + std::to_string(i) +
                              R"(","params":{"service_name":")" + service + R"("}})")),
                          [&](std::exception_ptr, Verdict) { ++done; });
  }
  rig.loop.run_for(25s);
  EXPECT_EQ(done, 4);
  rig.loop.run_for(10s);
  EXPECT_EQ(done, 6);
  EXPECT_EQ(rig.told->most, 2);
}

TEST(Oncall, TheAnswerSaysHowOftenHowLongAndWhereItsLogIs) {
  Rig rig;
  rig.told->takes = 1500ms;
  rig.consume(R"({"job":"oncall-it","request_id":"r","reply_to":"reply-1"})");
  EXPECT_THAT(
      rig.replies.sent,
      ElementsAre(R"json(reply-1 {"statusCode":200,"body":"{\"ok\":true}","job":"oncall-it",)json"
                  R"("requestId":"r","attempts":1,"durationMs":1500,"log":"s3://logs/1"})"));
}

TEST(Oncall, NoSecretIsInAnswerLogOrAudit) {
  Rig rig;
  rig.told->answer = answer_done(R"({"echo":"hunter2"})");
  const auto verdict = rig.consume(
      R"({"job":"oncall-it","params":{"token":"hunter2"},"reply_to":"reply-1","request_id":"r"})");
  EXPECT_EQ(rig.told->asked[0].params, R"({"token":"hunter2","service_name":"web"})");
  std::string everything = std::get<Done>(verdict).reason + rig.replies.sent.at(0) + rig.log.text;
  for (const auto& record : rig.audit.audits) everything += record;
  for (const auto& record : rig.log.audits) everything += record;
  EXPECT_EQ(everything.find("hunter2"), std::string::npos) << everything;
  EXPECT_NE(everything.find("***"), std::string::npos);
}

TEST(Oncall, ALogThatCannotBeKeptDoesNotChangeTheAnswer) {
  Rig rig;
  rig.log.fails = true;
  rig.audit.fails = true;
  EXPECT_TRUE(std::holds_alternative<Done>(rig.consume(R"({"job":"oncall-it"})")));
}

TEST(Oncall, TheAuditSaysWhoWhatWhenAndWithWhatResult) {
  Rig rig(true, false, "*=*");
  rig.told->answer = answer_failed(404, "no such service");
  rig.consume(R"({"job":"oncall-it","request_id":"r","requested_by":"alice"})");
  ASSERT_EQ(rig.audit.audits.size(), 1U);
  EXPECT_EQ(
      rig.audit.audits[0],
      R"({"time":"2026-01-02T03:04:05Z","who":"alice","job":"oncall-it","requestId":"r",)"
      R"("params":{"service_name":"web"},"dryRun":false,"changes":true,"ran":true,"attempt":1,)"
      R"("statusCode":404,"result":"not_found","reason":"no such service","durationMs":0,)"
      R"("log":"s3://logs/1"})");
}

TEST(Oncall, TwoJobsOfOneNameAndABrokenEntryAreBugs) {
  sim::VirtualLoop loop;
  Catalogue twins;
  twins.push_back(std::make_unique<ToldJob>(entry_of("test-a", false, false)));
  twins.push_back(std::make_unique<ToldJob>(entry_of("test-a", false, false)));
  EXPECT_THROW(Runner(std::move(twins), loop.clock(), {}, {}), std::invalid_argument);
  Catalogue broken;
  broken.push_back(std::make_unique<ToldJob>(entry_of("a", false, false)));
  EXPECT_THROW(Runner(std::move(broken), loop.clock(), {}, {}), std::invalid_argument);
}

long resident_kib() {
  std::ifstream statm("/proc/self/statm");
  long pages = 0;
  statm >> pages >> pages;
  return pages * ::sysconf(_SC_PAGESIZE) / 1024;
}

TEST(Oncall, AThousandJobsThatWaitCostAtMostSixtyMegabytes) {
  Rig rig;
  rig.told->takes = 10min;
  const auto ask = [&](int number) {
    const std::string id = std::to_string(number);
    boost::asio::co_spawn(rig.loop.executor(),
                          rig.consumer->consume(rig.delivery(
                              R"({"job":"oncall-it","timeout":"1h","request_id":"w-)" + id +
                              R"(","params":{"service_name":"service-)" + id + R"("}})")),
                          [](std::exception_ptr, Verdict) {});
  };
  ask(0);
  rig.loop.run_for(1s);
  const long before = resident_kib();
  for (int i = 1; i <= 1'000; ++i) ask(i);
  rig.loop.run_for(5s);
  EXPECT_EQ(rig.told->running, 1'001);
  const long grown = resident_kib() - before;
  rig.loop.run();
  EXPECT_EQ(rig.told->running, 0);
  std::printf("1,000 waiting jobs: %ld KiB more\n", grown);
  RecordProperty("kib", static_cast<int>(grown));
#if !defined(__has_feature) || \
    !(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
  EXPECT_LT(grown, 60 * 1024);
#endif
}

// As the functions do it that jobs take the place of: {"service_name","test_suite"} in,
// {"statusCode","body": JSON text} out.
TEST(Oncall, TheParametersAndAnswersOfTheFunctionsThatItReplacesWork) {
  Rig rig;
  rig.told->answer = answer_failed(500, "Error restarting service: no such cluster");
  const auto verdict =
      rig.consume(R"({"job":"oncall-it","params":{"service_name":"web","test_suite":"smoke"}})");
  EXPECT_EQ(std::get<Poison>(verdict).reason,
            R"json({"statusCode":500,"body":"\"Error restarting service: no such cluster\""})json");
}

}  // namespace
}  // namespace consumers::oncall
