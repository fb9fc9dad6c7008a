#include "worker/endpoints.h"

#include "tests/worker/rig.h"
#include "worker/board.h"
#include "worker/task_group.h"
#include "worker/vitals.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace worker {
namespace {

// Credentials whose source says what the test says.
struct Purse final : aws::CredentialsProvider {
  awaitable<base::Result<aws::Credentials>> get() override { co_return found; }
  base::Result<aws::Credentials> found = aws::Credentials{"AKID", {}, {}, std::nullopt, "test"};
};

struct Served {
  std::unique_ptr<Endpoints> endpoints;
  Rig rig;
  Board board{rig.loop.clock(), rig.metrics};
  Purse purse;
  Vitals vitals{rig.loop.clock(), purse, rig.metrics};
  boost::asio::cancellation_signal stop_beat;
  boost::asio::cancellation_signal stop_watch;
  TaskGroup tasks{rig.loop.executor(), rig.loop.clock()};

  Served() {
    tasks.spawn("beating", vitals.beat(), stop_beat.slot());
    tasks.spawn("watching credentials", vitals.watch_credentials(), stop_watch.slot());
    rig.consume("slow", "events", [this](consumers::Delivery) {
      return after(rig.loop.clock(), 1h, consumers::Done{});
    });
    rig.start();
    rig.run(1s);
    endpoints = std::make_unique<Endpoints>(*rig.runtime, rig.metrics, board, vitals, true);
  }
  ~Served() {
    stop_beat.emit(boost::asio::cancellation_type::terminal);
    stop_watch.emit(boost::asio::cancellation_type::terminal);
    rig.loop.run(tasks.join());
  }

  base::HttpResponse get(std::string path, std::string method = "GET") {
    base::HttpRequest request;
    request.method = std::move(method);
    request.url = std::move(path);
    return endpoints->answer(request);
  }
};

TEST(Endpoints, AreReadyWhilePollsSucceedAndSayWhatIsWrongWhenNot) {
  Served served;
  EXPECT_EQ(served.get("/readyz").status, 200) << served.get("/readyz").body;
  served.rig.region.faults().add({.kind = sim::FaultKind::kError,
                                  .operation = "ReceiveMessage",
                                  .status = 403,
                                  .code = "AccessDenied"});
  served.rig.run(5min);
  const auto sick = served.get("/readyz");
  EXPECT_EQ(sick.status, 503);
  EXPECT_NE(sick.body.find("queue events: no successful poll"), std::string::npos) << sick.body;
  EXPECT_NE(sick.body.find("AccessDenied"), std::string::npos) << sick.body;
  EXPECT_EQ(served.get("/healthz").status, 200) << "no reason to restart it";
  const auto status = nlohmann::json::parse(served.get("/status").body);
  EXPECT_EQ(status["ready"], false);
  EXPECT_EQ(status["not_ready_because"].size(), 2U) << status;
}

TEST(Endpoints, AreNotReadyWithoutCredentials) {
  Served served;
  served.purse.found = base::Error{base::ErrorKind::kDenied, "NoCredentials", "nobody has any", {}};
  served.rig.run(10s);
  const auto poor = served.get("/readyz");
  EXPECT_EQ(poor.status, 503);
  EXPECT_NE(poor.body.find("credentials: NoCredentials"), std::string::npos) << poor.body;
  EXPECT_TRUE(served.rig.metrics_have("autorecycle_credentials_usable 0"));
  served.purse.found = aws::Credentials{"AKID", {}, {}, std::nullopt, "test"};
  served.rig.run(10s);
  EXPECT_EQ(served.get("/readyz").status, 200);
  EXPECT_TRUE(served.rig.metrics_have("autorecycle_credentials_usable 1"));
}

TEST(Endpoints, AreNotReadyWithCredentialsThatExpireUnnoticed) {
  Served served;
  const auto expiry = served.rig.loop.clock().now() + 61s;
  served.purse.found = aws::Credentials{"AKID", {}, {}, expiry, "test"};
  served.rig.run(11s);
  EXPECT_TRUE(served.rig.metrics_have("autorecycle_credentials_expiry_seconds 50"))
      << served.rig.metrics.text();
  const auto status = nlohmann::json::parse(served.get("/status").body);
  EXPECT_EQ(status["credentials_expire"], base::format_rfc3339(expiry));
  served.rig.run(51s);
  EXPECT_EQ(served.get("/readyz").status, 503);
  EXPECT_NE(served.get("/readyz").body.find("expired at"), std::string::npos);
}

TEST(Endpoints, AreNotHealthyWhenTheEventLoopDoesNotTurn) {
  Served served;
  served.rig.run(1min);
  EXPECT_EQ(served.get("/healthz").status, 200);
  served.stop_beat.emit(boost::asio::cancellation_type::terminal);
  served.rig.run(11s);
  const auto stalled = served.get("/healthz");
  EXPECT_EQ(stalled.status, 503);
  EXPECT_NE(stalled.body.find("has not turned for 11 s"), std::string::npos) << stalled.body;
}

TEST(Endpoints, AreNotReadyWhileTheyDrain) {
  Served served;
  served.rig.runtime->drain();
  EXPECT_EQ(served.get("/readyz").body, "draining: no new message is taken\n");
  EXPECT_EQ(served.get("/healthz").status, 200);
}

TEST(Endpoints, ShowQueuesAndRecycles) {
  Served served;
  served.rig.send("events", request_for("web"));
  served.rig.run(2s);
  served.board.update({.group = "web-asg-1",
                       .strategy = "out-in",
                       .phase = "grow",
                       .step = "waiting for 2 of 4",
                       .old_instances = 4,
                       .new_ready = 2,
                       .in_service = 6});
  const auto answer = served.get("/status?pretty");
  ASSERT_EQ(answer.status, 200);
  const auto json = nlohmann::json::parse(answer.body);
  EXPECT_EQ(json["queues"][0]["queue"], "events");
  EXPECT_EQ(json["queues"][0]["in_flight"], 1);
  EXPECT_EQ(json["queues"][0]["healthy"], true);
  ASSERT_EQ(json["queues"][0]["running"].size(), 1U);
  EXPECT_EQ(json["queues"][0]["running"][0]["consumer"], "slow");
  EXPECT_EQ(json["queues"][0]["running"][0]["attempt"], 1);
  EXPECT_TRUE(json["credentials_expire"].is_null());
  ASSERT_EQ(json["recycles"].size(), 1U);
  EXPECT_EQ(json["recycles"][0]["group"], "web-asg-1");
  EXPECT_EQ(json["recycles"][0]["phase"], "grow");
  EXPECT_EQ(json["recycles"][0]["reason"], "waiting for 2 of 4");
  EXPECT_EQ(json["recycles"][0]["new_ready"], 2);
}

TEST(Endpoints, ForgetEndedRecyclesAfterAWhile) {
  Served served;
  served.board.update({.group = "web", .strategy = "out-in", .phase = "grow"});
  EXPECT_TRUE(
      served.rig.metrics_have(R"(autorecycle_recycles_running{phase="grow",strategy="out-in"} 1)"));
  served.board.update({.group = "web", .strategy = "out-in", .phase = "finished"});
  EXPECT_TRUE(
      served.rig.metrics_have(R"(autorecycle_recycles_running{phase="grow",strategy="out-in"} 0)"));
  EXPECT_EQ(served.board.rows().size(), 1U);
  served.rig.run(11min);
  EXPECT_TRUE(served.board.rows().empty());
}

TEST(Endpoints, GiveNoMetricALabelThatSomebodyElseWrote) {
  Served served;
  for (const char* strategy : {"out-in", "in-out", "<anything at all>", ""}) {
    consumers::recycle::Progress progress;
    progress.group = std::string("group ") + strategy;
    progress.strategy = strategy;
    progress.phase = "aborted";
    served.board.update(progress);
  }
  const std::string text = served.get("/metrics").body;
  EXPECT_NE(text.find(R"(autorecycle_recycles_total{result="aborted",strategy="out-in"} 1)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"(autorecycle_recycles_total{result="aborted",strategy="other"} 2)"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("anything"), std::string::npos);
}

TEST(Endpoints, PauseAndResumeOnLoopbackOnlyAndNeverForABrowser) {
  Served served;
  EXPECT_EQ(served.get("/pause").status, 405);
  EXPECT_EQ(served.get("/pause?queue=nobody", "POST").status, 400);
  EXPECT_EQ(served.get("/pause?everything", "POST").status, 400);
  const QueueRuntime& events = *served.rig.runtime->queues()[0];
  const QueueRuntime& recycles = *served.rig.runtime->queues()[1];
  EXPECT_EQ(served.get("/pause?queue=events", "POST").status, 200);
  EXPECT_TRUE(events.is_paused());
  EXPECT_FALSE(recycles.is_paused());
  EXPECT_NE(served.get("/status").body.find(R"("state": "paused")"), std::string::npos);
  EXPECT_EQ(served.get("/resume", "POST").status, 200);
  EXPECT_FALSE(events.is_paused());

  base::HttpRequest from_a_page;
  from_a_page.method = "POST";
  from_a_page.url = "/pause";
  from_a_page.headers = {{"Origin", "http://evil.example"}};
  EXPECT_EQ(served.endpoints->answer(from_a_page).status, 403);
  Endpoints open_to_all(*served.rig.runtime, served.rig.metrics, served.board, served.vitals,
                        false);
  from_a_page.headers.clear();
  EXPECT_EQ(open_to_all.answer(from_a_page).status, 403);
  EXPECT_FALSE(events.is_paused());
}

TEST(Endpoints, ServePrometheusTextAndRefuseTheRest) {
  Served served;
  const auto metrics = served.get("/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_NE(metrics.body.find("autorecycle_build_info"), std::string::npos);
  EXPECT_EQ(served.get("/").status, 404);
  const auto refused = served.get("/metrics", "POST");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(base::find_header(refused.headers, "Allow").value_or(""), "GET, HEAD");
}

}  // namespace
}  // namespace worker
