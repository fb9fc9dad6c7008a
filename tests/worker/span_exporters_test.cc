// X-Ray over a real UDP socket, OTLP over a real HTTP server, both on loopback.
#include "aws/curl_http_client.h"
#include "base/http_server.h"
#include "sim/virtual_loop.h"
#include "tests/support/scripted_http.h"
#include "worker/otlp.h"
#include "worker/task_group.h"
#include "worker/xray.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>

namespace worker {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;
using boost::asio::ip::udp;
using Json = nlohmann::json;

base::Span a_span(const std::string& name = "recycle.TerminateInstanceInAutoScalingGroup") {
  base::Span span;
  span.trace_id = "5759e988bd862e3fe1be46a994272793";
  span.span_id = "53995c3f42cd8ad8";
  span.parent_id = "1111111111111111";
  span.name = name;
  span.begin = base::TimePoint(1'767'323'045'250'000us);
  span.end = span.begin + 1500ms;
  span.attributes = {{"autorecycle.group", "web-asg-1"}};
  return span;
}

double exported(const Metrics& metrics, const std::string& exporter, const std::string& result) {
  for (const MetricSample& sample : metrics.samples()) {
    if (sample.name == "autorecycle_exported_total" && sample.labels[0].second == exporter &&
        sample.labels[1].second == result) {
      return sample.value;
    }
  }
  return -1;
}

// https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
TEST(XrayDocument, IsASegmentForAMessage) {
  base::Span span = a_span("events process");
  span.is_root = true;
  span.kind = base::Span::Kind::kConsumer;
  const Json json = Json::parse(xray_document(span));
  EXPECT_EQ(json["trace_id"], "1-5759e988-bd862e3fe1be46a994272793");
  EXPECT_EQ(json["id"], "53995c3f42cd8ad8");
  EXPECT_EQ(json["parent_id"], "1111111111111111");
  EXPECT_EQ(json["name"], "autorecycle");
  EXPECT_DOUBLE_EQ(json["start_time"].get<double>(), 1'767'323'045.25);
  EXPECT_DOUBLE_EQ(json["end_time"].get<double>(), 1'767'323'046.75);
  EXPECT_FALSE(json.contains("type"));
  EXPECT_EQ(json["annotations"]["autorecycle_group"], "web-asg-1");
  EXPECT_EQ(json["annotations"]["operation"], "events process");
}

TEST(XrayDocument, IsASubsegmentForWhatIsBelow) {
  base::Span call = a_span("autoscaling.UpdateAutoScalingGroup");
  call.kind = base::Span::Kind::kClient;
  call.attributes = {{"rpc.service", "autoscaling"},
                     {"rpc.method", "UpdateAutoScalingGroup"},
                     {"aws.request_id", "7f-1"}};
  call.error = "Throttling";
  const Json json = Json::parse(xray_document(call));
  EXPECT_EQ(json["type"], "subsegment");
  EXPECT_EQ(json["namespace"], "aws");
  EXPECT_EQ(json["name"], "autoscaling");
  EXPECT_EQ(json["aws"]["operation"], "UpdateAutoScalingGroup");
  EXPECT_EQ(json["aws"]["request_id"], "7f-1");
  EXPECT_EQ(json["fault"], true);
  EXPECT_EQ(json["annotations"]["error"], "Throttling");
}

struct Daemon {
  boost::asio::io_context io;
  udp::socket socket{io, udp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
  Metrics metrics;

  std::unique_ptr<XrayExporter> exporter() {
    const auto address = "127.0.0.1:" + std::to_string(socket.local_endpoint().port());
    auto opened = XrayExporter::open(io.get_executor(), address, metrics);
    if (!opened) throw std::logic_error(opened.error().message);
    return std::move(*opened);
  }
  std::string next() {
    std::array<char, 65'536> buffer{};
    return {buffer.data(), socket.receive(boost::asio::buffer(buffer))};
  }
};

TEST(XrayExporter, SendsADatagramASpan) {
  Daemon daemon;
  const auto exporter = daemon.exporter();
  exporter->take(a_span("first"));
  exporter->take(a_span("second"));
  for (const char* name : {"first", "second"}) {
    const std::string datagram = daemon.next();
    const auto line = datagram.find('\n');
    ASSERT_NE(line, std::string::npos);
    EXPECT_EQ(datagram.substr(0, line), R"({"format": "json", "version": 1})");
    EXPECT_EQ(Json::parse(datagram.substr(line + 1))["name"], name);
  }
  EXPECT_EQ(exported(daemon.metrics, "xray", "sent"), 2);
}

TEST(XrayExporter, DropsAndCountsWhatIsTooLongForADatagram) {
  Daemon daemon;
  const auto exporter = daemon.exporter();
  base::Span huge = a_span();
  huge.attributes.emplace_back("big", std::string(70'000, 'x'));
  exporter->take(huge);
  exporter->take(a_span("small"));
  EXPECT_NE(daemon.next().find("small"), std::string::npos);
  EXPECT_EQ(exported(daemon.metrics, "xray", "dropped"), 1);
  EXPECT_EQ(exported(daemon.metrics, "xray", "sent"), 1);
}

// Nobody listens: the kernel says so on the next send, and nothing waits for it.
TEST(XrayExporter, NeverWaitsForADaemonThatIsNotThere) {
  Daemon daemon;
  const auto exporter = daemon.exporter();
  daemon.socket.close();
  for (int i = 0; i < 1'000; ++i) exporter->take(a_span());
  EXPECT_EQ(exported(daemon.metrics, "xray", "sent") + exported(daemon.metrics, "xray", "dropped"),
            1'000);
}

TEST(XrayExporter, TakesAddressesAndNoNames) {
  for (const char* good : {"127.0.0.1:2000", "[::1]:2000", "169.254.1.2:1"}) {
    EXPECT_TRUE(is_socket_address(good)) << good;
  }
  for (const char* bad : {"localhost:2000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", ":2000",
                          "127.0.0.1:70000", "127.0.0.1:20x", ""}) {
    EXPECT_FALSE(is_socket_address(bad)) << bad;
  }
}

// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
TEST(OtlpDocument, IsAnExportTraceServiceRequest) {
  base::Span call = a_span("autoscaling.UpdateAutoScalingGroup");
  call.kind = base::Span::Kind::kClient;
  call.error = "Throttling";
  base::Span root = a_span("events process");
  root.parent_id.clear();
  const Json json = Json::parse(otlp_document({call, root}));
  const Json& resource = json["resourceSpans"][0];
  EXPECT_EQ(resource["resource"]["attributes"][0]["key"], "service.name");
  EXPECT_EQ(resource["resource"]["attributes"][0]["value"]["stringValue"], "autorecycle");
  const Json& spans = resource["scopeSpans"][0]["spans"];
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0]["traceId"], "5759e988bd862e3fe1be46a994272793");
  EXPECT_EQ(spans[0]["parentSpanId"], "1111111111111111");
  EXPECT_EQ(spans[0]["kind"], 3);
  EXPECT_EQ(spans[0]["startTimeUnixNano"], "1767323045250000000") << "64 bits are a text";
  EXPECT_EQ(spans[0]["endTimeUnixNano"], "1767323046750000000");
  EXPECT_EQ(spans[0]["status"]["code"], 2);
  EXPECT_FALSE(spans[1].contains("parentSpanId"));
  EXPECT_FALSE(spans[1].contains("status"));
}

struct Collector {
  sim::VirtualLoop loop;
  test::ScriptedHttp http;
  Metrics metrics;
  base::Random random{5};
  OtlpExporter exporter{loop.executor(),
                        {http, metrics, loop.clock(), random},
                        {"http://collector.test:4318", {{"x-key", base::Secret("secret")}}}};
  TaskGroup tasks{loop.executor(), loop.clock()};

  Collector() { tasks.spawn("exporting", exporter.run()); }
  void end() {
    exporter.stop();
    loop.run(tasks.join());
  }
  std::size_t spans_in(std::size_t request) const {
    const Json json = Json::parse(http.request(request).body);
    return json["resourceSpans"][0]["scopeSpans"][0]["spans"].size();
  }
};

TEST(OtlpExporter, SendsInBatches) {
  Collector collector;
  collector.http.otherwise(200, "{}");
  for (int i = 0; i < 3; ++i) collector.exporter.take(a_span());
  collector.loop.run_for(4s);
  EXPECT_TRUE(collector.http.sent().empty()) << "more may come";
  collector.loop.run_for(2s);
  ASSERT_EQ(collector.http.sent().size(), 1U);
  EXPECT_EQ(collector.http.request(0).url, "http://collector.test:4318/v1/traces");
  EXPECT_EQ(collector.http.header(0, "x-key"), "secret");
  EXPECT_EQ(collector.http.header(0, "content-type"), "application/json");
  EXPECT_EQ(collector.spans_in(0), 3U);
  for (std::size_t i = 0; i < OtlpExporter::kBatchMax; ++i) collector.exporter.take(a_span());
  collector.loop.run_for(1s);
  EXPECT_EQ(collector.http.sent().size(), 2U) << "a full batch does not wait";
  collector.end();
  EXPECT_EQ(exported(collector.metrics, "otlp", "sent"), 3.0 + OtlpExporter::kBatchMax);
}

TEST(OtlpExporter, TriesAgainWhatMayHealAndGivesUpWhatMayNot) {
  Collector collector;
  collector.http.answer(503, "").fail(base::ErrorKind::kRetry, "ConnectError").answer(200, "{}");
  collector.http.answer(400, "nonsense").otherwise(200, "{}");
  collector.exporter.take(a_span());
  collector.loop.run_for(2min);
  EXPECT_EQ(collector.http.sent().size(), 3U);
  EXPECT_EQ(exported(collector.metrics, "otlp", "sent"), 1);
  collector.exporter.take(a_span());
  collector.loop.run_for(2min);
  EXPECT_EQ(collector.http.sent().size(), 4U) << "a refusal is final";
  EXPECT_EQ(exported(collector.metrics, "otlp", "dropped"), 1);
  collector.end();
}

TEST(OtlpExporter, CountsWhatTheCollectorLeavesOut) {
  Collector collector;
  collector.http.otherwise(200, R"({"partialSuccess":{"rejectedSpans":"2","errorMessage":"no"}})");
  for (int i = 0; i < 5; ++i) collector.exporter.take(a_span());
  collector.loop.run_for(6s);
  EXPECT_EQ(exported(collector.metrics, "otlp", "rejected"), 2);
  EXPECT_EQ(exported(collector.metrics, "otlp", "sent"), 3);
  collector.end();
}

TEST(OtlpExporter, KeepsABoundedQueueAndCountsTheRest) {
  Collector collector;
  collector.http.otherwise(503, "");
  for (int i = 0; i < 10'000; ++i) collector.exporter.take(a_span());
  EXPECT_EQ(exported(collector.metrics, "otlp", "dropped"), 10'000.0 - OtlpExporter::kQueueMax);
  collector.loop.run_for(5s);
  EXPECT_LT(collector.http.sent().size(), 8U) << "a full queue is no reason to hurry";
  collector.end();
  EXPECT_EQ(exported(collector.metrics, "otlp", "dropped"), 10'000);
}

TEST(OtlpExporter, SendsWhatIsLeftWhenItIsStopped) {
  Collector collector;
  collector.http.otherwise(200, "{}");
  for (std::size_t i = 0; i < OtlpExporter::kBatchMax + 1; ++i) collector.exporter.take(a_span());
  collector.end();
  EXPECT_EQ(exported(collector.metrics, "otlp", "sent"), 1.0 + OtlpExporter::kBatchMax);
}

TEST(OtlpExporter, ReachesARealServer) {
  boost::asio::io_context io;
  std::vector<std::string> bodies;
  const auto answer = [&bodies](base::HttpRequest request) {
    bodies.push_back(request.url + " " + request.body);
    return [](base::HttpResponse response) -> awaitable<base::HttpResponse> {
      co_return response;
    }({200, {{"Content-Type", "application/json"}}, "{}"});
  };
  auto server = base::HttpServer::listen(io.get_executor(), {}, answer);
  ASSERT_TRUE(server);
  auto http = aws::CurlHttpClient::create(io.get_executor(), {});
  ASSERT_TRUE(http);
  base::RealClock clock;
  base::Random random(1);
  Metrics metrics;
  OtlpExporter exporter(io.get_executor(), {**http, metrics, clock, random},
                        {"http://127.0.0.1:" + std::to_string((*server)->port()), {}});
  TaskGroup tasks(io.get_executor(), clock);
  tasks.spawn("serving", (*server)->run());
  tasks.spawn("exporting", exporter.run());
  exporter.take(a_span());
  exporter.stop();
  while (bodies.empty() && io.run_one_for(5s) > 0) {
  }
  while (exported(metrics, "otlp", "sent") < 1 && io.run_one_for(5s) > 0) {
  }
  (*server)->stop();
  while (tasks.running() > 0 && io.run_one_for(5s) > 0) {
  }
  ASSERT_EQ(bodies.size(), 1U);
  EXPECT_TRUE(bodies[0].starts_with("/v1/traces {\"resourceSpans\":")) << bodies[0];
  EXPECT_EQ(exported(metrics, "otlp", "sent"), 1);
}

}  // namespace
}  // namespace worker
