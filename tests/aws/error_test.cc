#include "aws/error.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace {

using base::ErrorKind;

base::HttpResponse response(int status, std::string body, std::vector<base::Header> headers = {}) {
  return {status, std::move(headers), std::move(body)};
}

TEST(ErrorTable, IsReadTheSameWayFromEveryWireFormat) {
  for (const aws::ErrorRow& row : aws::error_table()) {
    const std::string code(row.code);
    SCOPED_TRACE(code);
    const std::vector<base::HttpResponse> answers = {
        response(400, fmt::format(R"({{"__type":"com.amazonaws.sqs#{}","message":"m"}})", code)),
        response(400, fmt::format(R"({{"__type":"{}","Message":"m"}})", code)),
        response(400, R"({"message":"m"})", {{"x-amzn-ErrorType", code + ":http://x/"}}),
        response(400, R"({"message":"m"})", {{"x-amzn-query-error", code + ";Sender"}}),
        response(400, fmt::format("<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code>"
                                  "<Message>m</Message></Error></ErrorResponse>",
                                  code)),
        response(400, fmt::format("<?xml version=\"1.0\"?><Response><Errors><Error><Code>{}</Code>"
                                  "<Message>m</Message></Error></Errors></Response>",
                                  code)),
        response(400, fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}"
                                  "</Code><Message>m</Message></Error>",  // S3
                                  code)),
    };
    for (const base::HttpResponse& answer : answers) {
      const base::Error error = aws::error_from_response("x", answer);
      EXPECT_EQ(error.code, code) << answer.body;
      EXPECT_EQ(error.kind, row.kind) << answer.body;
      EXPECT_EQ(error.message, "m") << answer.body;
    }
  }
}

TEST(ErrorTable, HoldsEveryThrottlingCodeOfTheSdks) {
  for (const char* code :
       {"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException",
        "TooManyRequestsException", "ProvisionedThroughputExceededException",
        "TransactionInProgressException", "RequestLimitExceeded", "BandwidthLimitExceeded",
        "LimitExceededException", "RequestThrottled", "SlowDown", "PriorRequestNotComplete",
        "EC2ThrottledException"}) {
    EXPECT_EQ(aws::error_kind(code, 400), ErrorKind::kThrottled) << code;
    EXPECT_TRUE(aws::retry_at_once({ErrorKind::kThrottled, code, "", ""})) << code;
  }
}

TEST(ErrorTable, RetriesAtOnceOnlyWhatIsTransient) {
  for (const aws::ErrorRow& row : aws::error_table()) {
    if (!row.retry_at_once) continue;
    EXPECT_TRUE(row.kind == ErrorKind::kRetry || row.kind == ErrorKind::kThrottled) << row.code;
  }
  const base::Error lasting{ErrorKind::kRetry, "ScalingActivityInProgress", "", ""};
  EXPECT_FALSE(aws::retry_at_once(lasting));
}

TEST(ErrorTable, HasEachCodeOnce) {
  std::set<std::string_view> codes;
  for (const aws::ErrorRow& row : aws::error_table()) EXPECT_TRUE(codes.insert(row.code).second);
}

TEST(ErrorKindOf, TakesTheStatusWhenTheCodeIsUnknown) {
  const std::pair<int, ErrorKind> rows[] = {
      {301, ErrorKind::kFatal},   {400, ErrorKind::kInvalid},   {401, ErrorKind::kDenied},
      {403, ErrorKind::kDenied},  {404, ErrorKind::kNotFound},  {408, ErrorKind::kRetry},
      {409, ErrorKind::kInvalid}, {429, ErrorKind::kThrottled}, {500, ErrorKind::kRetry},
      {502, ErrorKind::kRetry},   {503, ErrorKind::kRetry},     {504, ErrorKind::kRetry}};
  for (const auto& [status, kind] : rows) {
    EXPECT_EQ(aws::error_kind("NeverHeardOf", status), kind) << status;
  }
  EXPECT_EQ(aws::error_kind("InvalidSomethingNew.NotFound", 400), ErrorKind::kNotFound);
}

TEST(ErrorFromResponse, KeepsTheRequestId) {
  const auto id = [](const base::HttpResponse& r) {
    return aws::error_from_response("x", r).request_id;
  };
  EXPECT_EQ(id(response(400, "{}", {{"x-amzn-RequestId", "h1"}})), "h1");
  EXPECT_EQ(id(response(400,
                        "<ErrorResponse><Error><Code>A</Code></Error>"
                        "<RequestId>x1</RequestId></ErrorResponse>")),
            "x1");
  EXPECT_EQ(id(response(400,
                        "<Response><Errors><Error><Code>A</Code></Error></Errors>"
                        "<RequestID>x2</RequestID></Response>")),
            "x2");
}

TEST(ErrorFromResponse, KnowsSqsErrorsByBothOfTheirNames) {
  const auto error = aws::error_from_response(
      "sqs", response(400, R"({"__type":"com.amazonaws.sqs#SomethingRenamed","message":"gone"})",
                      {{"x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender"}}));
  EXPECT_EQ(error.kind, ErrorKind::kNotFound);
  EXPECT_EQ(error.code, "SomethingRenamed");
}

TEST(ErrorFromResponse, DescribesAnswersThatAreNotFromAws) {
  const auto error = aws::error_from_response(
      "sqs", response(502, "<html><body>Bad Gateway, token=abc</body></html>",
                      {{"Content-Type", "text/html"}}));
  EXPECT_EQ(error.kind, ErrorKind::kRetry);
  EXPECT_EQ(error.code, "Http502");
  EXPECT_EQ(error.message, "HTTP 502 from sqs without an AWS error in it (text/html, 48 bytes)");
}

TEST(ErrorFromResponse, KeepsTheMessageToOneShortLine) {
  const std::string text = "a\\nb\\u0000c" + std::string(3000, 'x');
  const auto error = aws::error_from_response(
      "sqs", response(400, R"({"__type":"ValidationError","message":")" + text + "\"}"));
  EXPECT_EQ(error.message.find('\n'), std::string::npos);
  EXPECT_EQ(error.message.find('\0'), std::string::npos);
  EXPECT_LE(error.message.size(), 512U);
  EXPECT_TRUE(error.message.starts_with("a b c"));
}

TEST(ErrorFromResponse, DoesNotCutACharacterInHalf) {
  std::string text(511, 'x');
  text += "\xF0\x9F\x9A\x80 end";
  const auto error = aws::error_from_response(
      "sqs", response(400, R"({"__type":"ValidationError","message":")" + text + "\"}"));
  EXPECT_EQ(error.message, std::string(511, 'x'));
}

TEST(ErrorFromResponse, SurvivesNonsense) {
  for (const char* body :
       {"", "{", "[]", "null", "{\"__type\":5}", "<", "<a>", "<Error/>", "\xFF\xFE",
        "{\"__type\":\"#\"}", "<ErrorResponse><Error><Code/></Error></ErrorResponse>"}) {
    const auto error = aws::error_from_response("sqs", response(500, body));
    EXPECT_EQ(error.kind, ErrorKind::kRetry) << body;
    EXPECT_FALSE(error.message.empty()) << body;
    EXPECT_EQ(error.code, "Http500") << body;
  }
}

}  // namespace
