#include "tests/oncall/rig.h"

namespace test {
namespace {

class Smoke : public OncallRig {
 protected:
  void serve(const std::string& url, int status, const std::string& body,
             base::Duration latency = 0s) {
    web.pages[url] = {base::HttpResponse{status, {}, body}, latency};
  }
  static Json endpoints(const std::vector<Json>& list) { return {{"endpoints", list}}; }
};

TEST_F(Smoke, PassesWhenEveryEndpointAnswersAsExpected) {
  serve("https://shop.test/health", 200, "{\"status\":\"ok\"}", 120ms);
  serve("https://shop.test/old", 301, "");
  const auto outcome =
      run("test-smoke",
          endpoints({{{"url", "https://shop.test/health"}, {"body", "\"ok\""}, {"latency_ms", 200}},
                     {{"url", "https://shop.test/old"}, {"method", "HEAD"}, {"status", 301}}}));
  EXPECT_EQ(outcome.status, 200) << outcome.text();
  EXPECT_EQ(outcome.body["passed"], true);
  EXPECT_EQ(outcome.body["checks"][0]["latency_ms"], 120);
  EXPECT_EQ(web.asked.at(1).method, "HEAD");
}

TEST_F(Smoke, FailsWithTheReasonOfEachEndpoint) {
  serve("https://shop.test/status", 503, "");
  serve("https://shop.test/body", 200, "maintenance");
  serve("https://shop.test/slow", 200, "", 900ms);
  serve("https://shop.test/hangs", 200, "", 1h);
  serve("https://shop.test/fine", 200, "");
  web.pages["http://metadata.test/"] = {
      base::Error{base::ErrorKind::kDenied, "AddressRefused", "x", {}}, 0s};
  const auto outcome =
      run("test-smoke", endpoints({{{"url", "https://shop.test/status"}},
                                   {{"url", "https://shop.test/body"}, {"body", "ok"}},
                                   {{"url", "https://shop.test/slow"}, {"latency_ms", 500}},
                                   {{"url", "https://shop.test/hangs"}},
                                   {{"url", "https://nobody.test/"}},
                                   {{"url", "http://metadata.test/"}},
                                   {{"url", "https://shop.test/fine"}}}));
  EXPECT_EQ(outcome.status, 500);
  EXPECT_EQ(outcome.body["passed"], false);
  const Json& checks = outcome.body["checks"];
  ASSERT_EQ(checks.size(), 7U);
  const auto problem = [&](std::size_t i) { return checks[i].value("problem", ""); };
  EXPECT_EQ(problem(0), "status 503; expected 200");
  EXPECT_EQ(problem(1), "the body of 11 bytes does not hold \"ok\"");
  EXPECT_EQ(problem(2), "900 ms; expected at most 500");
  EXPECT_NE(problem(3).find("Timeout"), std::string::npos);
  EXPECT_NE(problem(4).find("nobody is there"), std::string::npos);
  EXPECT_EQ(problem(5), "its address is the worker's own, or of its metadata: not allowed");
  EXPECT_EQ(checks[6]["passed"], true);
  EXPECT_TRUE(checks[4]["status"].is_null());
}

TEST_F(Smoke, NeverTellsWhatAnAnswerHolds) {
  serve("https://shop.test/", 200, "password=hunter2");
  const auto outcome =
      run("test-smoke", endpoints({{{"url", "https://shop.test/"}, {"body", "x"}}}));
  EXPECT_EQ(outcome.body.dump().find("hunter2"), std::string::npos);
  for (const std::string& line : outcome.log) {
    EXPECT_EQ(line.find("hunter2"), std::string::npos);
  }
}

TEST_F(Smoke, RefusesUrlsThatAreNoneOrCarryMore) {
  for (const char* url : {"", "shop.test", "ftp://shop.test/", "file:///etc/passwd",
                          "https://user:pass@shop.test/", "https://shop.test/#x", "https:///x",
                          "https://shop.test/a b", "gopher://x", "http://x\n.test/"}) {
    EXPECT_EQ(run("test-smoke", endpoints({{{"url", url}}})).status, 400) << url;
  }
  EXPECT_EQ(run("test-smoke", endpoints({})).status, 400);
  EXPECT_EQ(run("test-smoke", Json::object()).status, 400);
  EXPECT_EQ(run("test-smoke", endpoints({{{"url", "https://a.test"}, {"method", "POST"}}})).status,
            400);
  EXPECT_EQ(run("test-smoke", endpoints(std::vector<Json>(51, {{"url", "https://a.test"}}))).status,
            400);
  EXPECT_TRUE(web.asked.empty());
}

}  // namespace
}  // namespace test
