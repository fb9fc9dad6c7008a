#include "consumers/oncall/allow.h"
#include "consumers/oncall/aws_sinks.h"
#include "sim/virtual_loop.h"
#include "tests/support/canned_aws.h"

#include <gmock/gmock.h>

namespace consumers::oncall {
namespace {

TEST(Matches, TakesStarsForAnything) {
  struct Row {
    const char* pattern;
    const char* text;
    bool yes;
  };
  const Row rows[] = {{"a", "a", true},
                      {"a", "b", false},
                      {"*", "", true},
                      {"*", "anything", true},
                      {"oncall-*", "oncall-x", true},
                      {"oncall-*", "test-x", false},
                      {"a*b*c", "aXXbYYc", true},
                      {"a*b*c", "aXXbYY", false},
                      {"", "", true},
                      {"", "a", false},
                      {"*a", "ba", true},
                      {"a*a", "a", false}};
  for (const Row& row : rows) {
    EXPECT_EQ(matches(row.pattern, row.text), row.yes) << row.pattern << " " << row.text;
  }
  const std::string stars(1'000, '*');
  EXPECT_FALSE(matches(stars + "b", std::string(10'000, 'a')));
}

TEST(AwsReplies, GoOnlyToQueuesAndTopicsThatAreAllowed) {
  test::CannedAws aws;
  aws::Sqs sqs(aws.caller);
  aws::Sns sns(aws.caller);
  AwsReplies replies(sqs, sns,
                     base::QueueUrl("https://sqs.eu-west-2.amazonaws.com/123456789012/jobs"),
                     parse_patterns("oncall-reply-*, arn:aws:sns:eu-west-2:123456789012:answers"));
  for (const char* to : {"oncall-reply-1", "arn:aws:sqs:eu-west-2:123456789012:oncall-reply-1",
                         "https://sqs.eu-west-2.amazonaws.com/123456789012/oncall-reply-1",
                         "arn:aws:sns:eu-west-2:123456789012:answers"}) {
    EXPECT_TRUE(replies.check(to)) << to;
  }
  for (const char* to :
       {"", "orders", "arn:aws:sqs:eu-west-2:999999999999:oncall-reply-1",
        "https://sqs.eu-west-2.amazonaws.com/999999999999/oncall-reply-1",
        "https://evil.example/123456789012/oncall-reply-1", "oncall-reply-/../jobs",
        "oncall-reply-1?Action=DeleteQueue", "arn:aws:sns:eu-west-2:123456789012:others",
        "https://sqs.eu-west-2.amazonaws.com/123456789012/oncall-reply-1/x"}) {
    EXPECT_FALSE(replies.check(to)) << to;
    EXPECT_FALSE(aws.loop.run(replies.send(to, "{}"))) << to;
  }
  EXPECT_TRUE(aws.http.requests.empty());
}

TEST(JobLog, IsBoundedAndKeepsTheEnd) {
  sim::VirtualLoop loop;
  JobLog log(loop.clock());
  for (int i = 0; i < 100'000; ++i) log.line("line " + std::to_string(i));
  EXPECT_LE(log.bytes(), JobLog::kBytesMax);
  EXPECT_EQ(log.lines().back().text, "line 99999");
  EXPECT_GT(log.dropped(), 0U);
  EXPECT_THAT(log.text(), testing::StartsWith("... " + std::to_string(log.dropped())));
  log.line(std::string(100'000, 'x'));
  EXPECT_LT(log.lines().back().text.size(), JobLog::kLineBytesMax + 10);
}

TEST(JobLog, WritesPlainLinesWhateverComes) {
  sim::VirtualLoop loop;
  JobLog log(loop.clock());
  log.line("a\x1b[31mb\r\nc\xff\xc3\xa4\n");
  ASSERT_EQ(log.lines().size(), 2U);
  EXPECT_EQ(log.lines()[0].text, "a [31mb ");
  EXPECT_EQ(log.lines()[1].text, "c?ä");
}

TEST(JobLog, HidesSecretsHoweverTheyCome) {
  sim::VirtualLoop loop;
  JobLog log(loop.clock());
  log.hide(base::Secret("pass\"word"));
  log.hide(base::Secret("password-long"));
  log.hide(base::Secret("first line\nsecond line"));
  log.hide(base::Secret("abc"));
  log.line("x pass\"word y");
  log.line(R"({"p":"pass\"word"})");
  log.line("password-long");
  log.line("second line");
  log.line("abc");
  EXPECT_EQ(log.lines()[0].text, "x *** y");
  EXPECT_EQ(log.lines()[1].text, R"({"p":"***"})");
  EXPECT_EQ(log.lines()[2].text, "***");
  EXPECT_EQ(log.lines()[3].text, "***") << "a line of it by itself";
  EXPECT_EQ(log.lines()[4].text, "abc") << "too short to be told from words";
}

}  // namespace
}  // namespace consumers::oncall
