#include "aws/query.h"

#include "tests/support/canned_aws.h"

#include <gtest/gtest.h>

namespace aws {
namespace {

QueryCall call_with(std::string value) {
  QueryCall call{.service = "autoscaling", .version = "2011-01-01", .operation = "Test"};
  call.add("Key", std::move(value));
  return call;
}

TEST(QueryBody, StartsWithActionAndVersionAndKeepsTheOrder) {
  QueryCall call{
      .service = "autoscaling", .version = "2011-01-01", .operation = "SetDesiredCapacity"};
  call.add("Zeta", "1");
  call.add("Alpha", 2);
  call.add_list("Names.member", {"a", "b"});
  EXPECT_EQ(query_body(call),
            "Action=SetDesiredCapacity&Version=2011-01-01&Zeta=1&Alpha=2&Names.member.1=a&"
            "Names.member.2=b");
}

TEST(QueryBody, EncodesAllButUnreservedCharactersInUpperCase) {
  struct Row {
    std::string raw;
    std::string encoded;
  };
  const Row rows[] = {{"AZaz09_.-~", "AZaz09_.-~"},
                      {"a b", "a+b"},
                      {"a+b", "a%2Bb"},
                      {"a%20b", "a%2520b"},
                      {"/:*,=&", "%2F%3A%2A%2C%3D%26"},
                      {"\xc3\xa9", "%C3%A9"},
                      {"", ""}};
  for (const Row& row : rows) {
    EXPECT_EQ(query_body(call_with(row.raw)), "Action=Test&Version=2011-01-01&Key=" + row.encoded);
  }
}

// What a reader makes of `xml` between <TestResponse><TestResult> and their ends.
struct Reading {
  XmlAnswer answer;
  explicit Reading(const std::string& xml)
      : answer(*XmlAnswer::parse(
            "<TestResponse><TestResult>" + xml + "</TestResult></TestResponse>", "Test")) {}
  std::string problem() const { return answer.problem() ? answer.problem()->message : "none"; }
};

TEST(XmlAnswer, RefusesWhatIsNotTheAnswerToTheCall) {
  struct Row {
    std::string body;
    std::string says;
  };
  const Row rows[] = {
      {"", "not XML"},
      {"<html><body>login</body></html>", "<TestResponse> expected, found 'html'"},
      {"<TestResponse><TestResult>", "not XML"},
      {"{\"json\":true}", "not XML"},
      {"<OtherResponse/>", "<TestResponse> expected, found 'OtherResponse'"},
      {std::string(kQueryAnswerBytesMax + 1, ' '), "accepted are at most"},
  };
  for (const Row& row : rows) {
    const auto answer = XmlAnswer::parse(row.body, "Test");
    ASSERT_FALSE(answer) << row.body.substr(0, 60);
    EXPECT_EQ(answer.error().kind, base::ErrorKind::kFatal);
    EXPECT_EQ(answer.error().code, "MalformedResponse");
    EXPECT_NE(answer.error().message.find(row.says), std::string::npos) << answer.error().message;
  }
}

TEST(XmlAnswer, SkipsTheDeclarationCommentsAndUnknownElements) {
  const auto answer = XmlAnswer::parse(
      "<?xml version=\"1.0\"?><!-- c --><TestResponse xmlns=\"http://x/\"><TestResult><New><Deep/>"
      "</New><Size> 4 </Size></TestResult><ResponseMetadata/></TestResponse>",
      "Test");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->result().number("Size"), 4);
  EXPECT_FALSE(answer->problem());
}

TEST(XmlAnswer, ReadsListsOfAnyLengthAndMissingOnesAsEmpty) {
  const Reading reading("<A><member>x</member><member>y</member><other/></A><B/>");
  const XmlElement result = reading.answer.result();
  ASSERT_EQ(result.list("A", "member").size(), 2U);
  EXPECT_EQ(result.list("A", "member")[1].value(), "y");
  EXPECT_TRUE(result.list("B", "member").empty());
  EXPECT_TRUE(result.list("C", "member").empty());
}

TEST(XmlAnswer, NamesTheMissingElementAndItsPlace) {
  const Reading reading("<Group><Name/></Group>");
  reading.answer.result().child("Group").text("Name");
  EXPECT_EQ(reading.problem(), "reading the answer to Test: missing element in <Group>: <Name>");
}

TEST(XmlAnswer, KeepsTheFirstProblem) {
  const Reading reading("");
  reading.answer.result().child("First").text("Second");
  EXPECT_NE(reading.problem().find("<First>"), std::string::npos) << reading.problem();
  EXPECT_FALSE(reading.answer.finish(1));
}

TEST(XmlAnswer, ReadsNumbersStrictly) {
  for (const std::string text : {"4x", "4.0", "0x4", "+4", "4 4", "99999999999", "None"}) {
    const Reading reading("<N>" + text + "</N>");
    reading.answer.result().number_or("N", 1);
    EXPECT_NE(reading.problem().find("is not a whole number"), std::string::npos) << text;
  }
  const Reading good("<N>-4</N><E/>");
  EXPECT_EQ(good.answer.result().number("N"), -4);
  EXPECT_EQ(good.answer.result().number_or("E", 7), 7);
  EXPECT_EQ(good.problem(), "none");
}

TEST(XmlAnswer, ReadsFlagsAndTimesStrictly) {
  const Reading good("<F>true</F><T>2026-01-02T03:04:05.678Z</T>");
  EXPECT_TRUE(good.answer.result().flag("F"));
  EXPECT_FALSE(good.answer.result().flag("Missing"));
  EXPECT_EQ(base::format_rfc3339(good.answer.result().time("T")), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(good.problem(), "none");
  const Reading flag("<F>yes</F>");
  flag.answer.result().flag("F");
  EXPECT_NE(flag.problem().find("'yes' is neither true nor false"), std::string::npos);
  const Reading time("<T>yesterday</T>");
  time.answer.result().time("T");
  EXPECT_NE(time.problem().find("'yesterday' is not a time"), std::string::npos);
}

TEST(XmlAnswer, DoesNotExpandEntitiesOfItsOwn) {
  const auto answer = XmlAnswer::parse(
      "<!DOCTYPE x [<!ENTITY a \"boom\">]><TestResponse><V>&a;</V></TestResponse>", "Test");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->result().text("V"), "&a;");
}

TEST(XmlAnswer, SurvivesDeepNesting) {
  std::string deep = "<TestResponse>";
  for (int i = 0; i < 200'000; ++i) deep += "<a>";
  EXPECT_FALSE(XmlAnswer::parse(deep, "Test"));
  for (int i = 0; i < 200'000; ++i) deep += "</a>";
  EXPECT_TRUE(XmlAnswer::parse(deep + "</TestResponse>", "Test"));
}

TEST(SendQuery, PostsAFormAndGivesTheErrorOfTheService) {
  test::CannedAws aws;
  aws.http.answer("Test",
                  "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>"
                  "no</Message></Error><RequestId>r-1</RequestId></ErrorResponse>",
                  400);
  const auto answer = aws.loop.run(send_query_command(aws.caller, call_with("x")));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, "ValidationError");
  EXPECT_EQ(answer.error().request_id, "r-1");
  EXPECT_EQ(aws.request().method, "POST");
  EXPECT_EQ(base::find_header(aws.request().headers, "content-type"),
            "application/x-www-form-urlencoded; charset=utf-8");
}

}  // namespace
}  // namespace aws
