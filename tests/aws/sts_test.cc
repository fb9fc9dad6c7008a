#include "aws/sts.h"

#include "tests/support/canned_aws.h"

#include <gtest/gtest.h>

namespace aws {
namespace {

TEST(GetCallerIdentity, ReadsAccountAndArn) {
  test::CannedAws aws;
  aws.http.answer("GetCallerIdentity",
                  "<GetCallerIdentityResponse><GetCallerIdentityResult><UserId>u</UserId><Account>"
                  "123456789012</Account><Arn>arn:aws:iam::123456789012:user/x</Arn>"
                  "</GetCallerIdentityResult></GetCallerIdentityResponse>");
  Sts sts(aws.caller);
  const auto identity = aws.loop.run(sts.get_caller_identity());
  ASSERT_TRUE(identity) << identity.error().to_string();
  EXPECT_EQ(identity->account, "123456789012");
  EXPECT_EQ(identity->arn, "arn:aws:iam::123456789012:user/x");
  EXPECT_EQ(sts.region().value, "eu-west-2");
  EXPECT_EQ(aws.request().body, "Action=GetCallerIdentity&Version=2011-06-15");
}

}  // namespace
}  // namespace aws
