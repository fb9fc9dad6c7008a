#include "aws/sns.h"

#include "tests/support/canned_aws.h"

#include <gtest/gtest.h>

namespace aws {
namespace {

const char* const kPublished =
    "<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>";

TEST(Publish, SendsMessageSubjectAndAttributes) {
  test::CannedAws aws;
  aws.http.answer("Publish", kPublished);
  const auto id = aws.loop.run(Sns(aws.caller)
                                   .publish({.topic_arn = "arn:aws:sns:r:1:t",
                                             .message = "{}",
                                             .subject = "web failed",
                                             .attributes = {{"empty", ""}, {"kind", "failed"}}}));
  ASSERT_TRUE(id) << id.error().to_string();
  EXPECT_EQ(*id, "m-1");
  EXPECT_EQ(aws.request().body,
            "Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Ar%3A1%3At&Message=%7B%7D&"
            "Subject=web+failed&MessageAttributes.entry.1.Name=kind&"
            "MessageAttributes.entry.1.Value.DataType=String&"
            "MessageAttributes.entry.1.Value.StringValue=failed");
}

TEST(Publish, MakesAnySubjectOneThatSnsTakes) {
  test::CannedAws aws;
  aws.http.answer("Publish", kPublished);
  (void)aws.loop.run(Sns(aws.caller)
                         .publish({.topic_arn = "arn",
                                   .message = "m",
                                   .subject = "  a\nb\xc3\xa9" + std::string(200, 'x')}));
  const std::string subject = aws.parameter("Subject");
  EXPECT_TRUE(subject.starts_with("a?b??xxx")) << subject;
  EXPECT_EQ(subject.size(), 99U);
}

TEST(Publish, TellsAMissingTopic) {
  test::CannedAws aws;
  aws.http.answer("Publish",
                  "<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code><Message>Topic "
                  "does not exist</Message></Error></ErrorResponse>",
                  404);
  const auto id = aws.loop.run(Sns(aws.caller).publish({.topic_arn = "arn", .message = "m"}));
  ASSERT_FALSE(id);
  EXPECT_EQ(id.error().kind, base::ErrorKind::kNotFound);
}

}  // namespace
}  // namespace aws
