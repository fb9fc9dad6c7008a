#include "aws/payload_pointer.h"

#include <gtest/gtest.h>

namespace {

using aws::is_payload_pointer;
using aws::ObjectName;
using aws::read_payload_pointer;

// As the Java and the Python extended clients write them.
const std::string kPointer = R"(["software.amazon.payloadoffloading.PayloadS3Pointer",)"
                             R"({"s3BucketName":"payloads","s3Key":"6f2c/k"}])";
const std::string kSpaced = R"(["software.amazon.payloadoffloading.PayloadS3Pointer", )"
                            R"({"s3BucketName": "payloads", "s3Key": "6f2c/k"}])";
const std::string kLegacy = R"(["com.amazon.sqs.javamessaging.MessageS3Pointer",)"
                            R"({"s3BucketName":"payloads","s3Key":"6f2c/k"}])";

std::string pointer_to(const std::string& object) {
  return R"(["software.amazon.payloadoffloading.PayloadS3Pointer",)" + object + "]";
}

std::string error_of(const std::string& body) {
  const auto read = read_payload_pointer(body);
  return read ? "no error" : read.error().message;
}

TEST(PayloadPointer, IsReadAsTheExtendedClientsWriteIt) {
  for (const std::string& body :
       {kPointer, kSpaced, kLegacy, " \r\n\t" + kPointer + "\n",
        pointer_to(R"({"s3Key":"6f2c\/k","more":[1],"s3BucketName":"payloads"})")}) {
    EXPECT_TRUE(is_payload_pointer(body)) << body;
    EXPECT_EQ(read_payload_pointer(body).value(), (ObjectName{"payloads", "6f2c/k"})) << body;
  }
}

TEST(PayloadPointer, IsWrittenAsTheExtendedClientsReadIt) {
  EXPECT_EQ(aws::write_payload_pointer({"payloads", "6f2c/k"}).value(), kPointer);
  const ObjectName strange{"payloads", "a \"b\"\\ \xC3\xA9"};
  EXPECT_EQ(read_payload_pointer(aws::write_payload_pointer(strange).value()).value(), strange);
  EXPECT_FALSE(aws::write_payload_pointer({"payloads", "\xFF"}));
}

TEST(PayloadPointer, IsNotSeenInOrdinaryBodies) {
  for (const std::string& body : {
           std::string(),
           std::string("["),
           std::string("[\""),
           std::string(R"({"schemaVersion":1})"),
           std::string(R"(["software.amazon.payloadoffloading.PayloadS3Pointer2",{}])"),
           std::string(R"(["software.amazon.payloadoffloading.PayloadS3Point)"),
           std::string(R"(["PayloadS3Pointer",{"s3BucketName":"b","s3Key":"k"}])"),
           std::string(R"("software.amazon.payloadoffloading.PayloadS3Pointer")"),
           std::string(R"([["software.amazon.payloadoffloading.PayloadS3Pointer",{}]])"),
           "x" + kPointer,
       }) {
    EXPECT_FALSE(is_payload_pointer(body)) << body;
  }
}

TEST(PayloadPointer, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(error_of(pointer_to(R"({"s3Key":"k"})")), "the payload pointer has no s3BucketName");
  EXPECT_EQ(error_of(pointer_to(R"({"s3BucketName":"payloads"})")),
            "the payload pointer has no s3Key");
  EXPECT_EQ(error_of(pointer_to(R"({"s3BucketName":7,"s3Key":"k"})")),
            "s3BucketName of the payload pointer is a number, expected a string");
  EXPECT_EQ(error_of(pointer_to(R"({"s3BucketName":"payloads","s3Key":null})")),
            "s3Key of the payload pointer is a null, expected a string");
}

TEST(PayloadPointer, RefusesNamesThatAreNotOfAnObject) {
  for (const char* object : {
           R"({"s3BucketName":"","s3Key":"k"})",
           R"({"s3BucketName":"payloads","s3Key":""})",
           R"({"s3BucketName":"payloads@evil.example/","s3Key":"k"})",
           R"({"s3BucketName":"payloads","s3Key":"../other/k"})",
           R"({"s3BucketName":"payloads","s3Key":"a\r\nb"})",
           R"({"s3BucketName":"payloads","s3Key":"a\u0000b"})",
       }) {
    EXPECT_TRUE(error_of(pointer_to(object)).starts_with("the payload pointer: ")) << object;
  }
}

TEST(PayloadPointer, RefusesOtherShapes) {
  for (const std::string& body :
       {pointer_to(""), pointer_to("{}, {}"), pointer_to("[]"), pointer_to("null"), pointer_to("{"),
        std::string(R"(["software.amazon.payloadoffloading.PayloadS3Pointer"])"), kPointer + "x",
        pointer_to(std::string(2000, '['))}) {
    EXPECT_TRUE(is_payload_pointer(body)) << body;
    EXPECT_TRUE(error_of(body).starts_with("the payload pointer is not a JSON array")) << body;
  }
  const std::string long_one = pointer_to(R"({"s3BucketName":"payloads","s3Key":"k","x":")" +
                                          std::string(9000, 'x') + "\"}");
  EXPECT_EQ(error_of(long_one).find("the payload pointer has "), 0U);
}

}  // namespace
