#include "sim/protocol.h"

#include "base/random.h"
#include "sim/query_decode.h"
#include "sim/xml_encode.h"
#include "tests/sim/region_rig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sim {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string nested(const std::string& form) {
  const auto pairs = parse_form(form);
  if (!pairs) return pairs.error().message;
  Json json;
  const auto read = nest_parameters(*pairs, json);
  return read ? dump_json(json) : read.error().message;
}

TEST(QueryDecode, NestsNumberedNamesInTheOrderOfTheirNumbers) {
  const std::pair<const char*, const char*> cases[] = {
      {"", R"({})"},
      {"A=1&B=x+y%20z", R"({"A":"1","B":"x y z"})"},
      {"Tags.member.1.Key=a&Tags.member.1.Value=b", R"({"Tags":[{"Key":"a","Value":"b"}]})"},
      {"Names.member.10=k&Names.member.2=b&Names.member.1=a", R"({"Names":["a","b","k"]})"},
      {"Names.member=", R"({"Names":[]})"},
      {"Filter.1.Name=n&Filter.1.Value.1=x&Filter.1.Value.2=y",
       R"({"Filter":[{"Name":"n","Value":["x","y"]}]})"},
      {"Attribute.1.Name=a&Attribute.1.Value=1", R"({"Attribute":[{"Name":"a","Value":"1"}]})"},
      {"LaunchTemplate.Version=%24Latest", R"({"LaunchTemplate":{"Version":"$Latest"}})"},
      {"A=1&A=2", R"({"A":"2"})"},
      {"A=1&A.B=2", "A is both a value and a structure"},
      {"%zz=%", R"({"%zz":"%"})"},
  };
  for (const auto& [form, expected] : cases) EXPECT_EQ(nested(form), expected) << form;
}

TEST(QueryDecode, RefusesWhatWouldExhaustIt) {
  std::string deep = "A";
  for (std::size_t i = 0; i < kFormDepthMax; ++i) deep += ".B";
  EXPECT_THAT(nested(deep + "=1"), HasSubstr("nested too deeply"));
  std::string many;
  for (std::size_t i = 0; i <= kFormPairsMax; ++i) many += "a=1&";
  EXPECT_THAT(nested(many), HasSubstr("more than 50000 parameters"));
  EXPECT_FALSE(parse_json(std::string(100'000, '[')));
}

TEST(XmlEncode, WritesListsInEachStyleAndEscapesEverything) {
  const Json object = {{"Tags", {{{"Key", "a<b"}}, {{"Key", "c&d"}}}},
                       {"None", nullptr},
                       {"Empty", Json::array()},
                       {"On", true},
                       {"N", 3},
                       {"Text", "\r\n\x01"}};
  const auto xml = [&](ListStyle style) {
    std::string out;
    append_xml_members(out, object, style);
    return out;
  };
  EXPECT_EQ(xml(ListStyle::kMember),
            "<Tags><member><Key>a&lt;b</Key></member><member><Key>c&amp;d</Key></member></Tags>"
            "<Empty/><On>true</On><N>3</N><Text>&#xD;\n?</Text>");
  EXPECT_THAT(xml(ListStyle::kItem), StartsWith("<Tags><item><Key>a&lt;b</Key></item>"));
  EXPECT_THAT(xml(ListStyle::kFlattened),
              StartsWith("<Tags><Key>a&lt;b</Key></Tags><Tags><Key>c&amp;d</Key></Tags><On>"));
}

class Protocol : public RegionRig {};

TEST_F(Protocol, AnswersSqsInTheFormatItWasAskedIn) {
  const base::HttpResponse created = send(query_request(
      "Action=CreateQueue&Version=2012-11-05&QueueName=q&Attribute.1.Name=VisibilityTimeout&"
      "Attribute.1.Value=7"));
  EXPECT_THAT(created.body,
              HasSubstr("<CreateQueueResponse "
                        "xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><CreateQueueResult>"
                        "<QueueUrl>http://region.test/123456789012/q</QueueUrl>"));
  EXPECT_THAT(created.body, HasSubstr("<ResponseMetadata><RequestId>"));
  const std::string path = "/123456789012/q";
  send(
      query_request("Action=SendMessage&Version=2012-11-05&MessageBody=a%0D%26&"
                    "MessageAttribute.1.Name=n&MessageAttribute.1.Value.DataType=String&"
                    "MessageAttribute.1.Value.StringValue=v",
                    path));
  const std::string received =
      send(query_request("Action=ReceiveMessage&Version=2012-11-05&AttributeName.1=All&"
                         "MessageAttributeName.1=All",
                         path))
          .body;
  EXPECT_THAT(received, HasSubstr("<ReceiveMessageResult><Message><MessageId>"));
  EXPECT_THAT(received, HasSubstr("<Body>a&#xD;&amp;</Body>"));
  EXPECT_THAT(received, HasSubstr("<Attribute><Name>ApproximateReceiveCount</Name><Value>1<"));
  EXPECT_THAT(received, HasSubstr("<MessageAttribute><Name>n</Name><Value><StringValue>v<"));
  const std::string batch = send(query_request("Action=DeleteMessageBatch&Version=2012-11-05&"
                                               "DeleteMessageBatchRequestEntry.1.Id=x&"
                                               "DeleteMessageBatchRequestEntry.1.ReceiptHandle=bad",
                                               path))
                                .body;
  EXPECT_THAT(batch, HasSubstr("<BatchResultErrorEntry><Id>x</Id><SenderFault>true<"));
  EXPECT_EQ(sqs("GetQueueAttributes", {{"QueueUrl", "http://x/123456789012/q"},
                                       {"AttributeNames", {"VisibilityTimeout"}}})["Attributes"],
            Json({{"VisibilityTimeout", "7"}}));
}

TEST_F(Protocol, SpellsOneErrorAsEachFormatDoes) {
  const base::HttpResponse json_answer =
      send(json_request("AmazonSQS.GetQueueUrl", R"({"QueueName":"none"})"));
  EXPECT_EQ(json_answer.status, 400);
  EXPECT_EQ(base::find_header(json_answer.headers, "x-amzn-query-error"),
            "AWS.SimpleQueueService.NonExistentQueue;Sender");
  EXPECT_EQ(error_of(*parse_json(json_answer.body)), "com.amazonaws.sqs#QueueDoesNotExist");

  const base::HttpResponse query_answer =
      send(query_request("Action=GetQueueUrl&Version=2012-11-05&QueueName=none"));
  EXPECT_EQ(query_answer.status, 400);
  EXPECT_THAT(
      query_answer.body,
      HasSubstr("<ErrorResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\">"
                "<Error><Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue<"));
}

TEST_F(Protocol, WritesEc2InItsOwnDialect) {
  const std::string zones = query("Action=DescribeAvailabilityZones&Version=2016-11-15");
  EXPECT_THAT(zones, HasSubstr("<DescribeAvailabilityZonesResponse "
                               "xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>"));
  EXPECT_THAT(zones, HasSubstr("<availabilityZoneInfo><item>"));
  const base::HttpResponse error = send(query_request(
      "Action=DescribeInstances&Version=2016-11-15&InstanceId.1=i-00000000000000000"));
  EXPECT_EQ(error.status, 400);
  EXPECT_THAT(error.body, HasSubstr("<Response><Errors><Error><Code>InvalidInstanceID.NotFound<"));
  EXPECT_THAT(error.body, HasSubstr("</Errors><RequestID>"));
}

TEST_F(Protocol, TellsTheTwoLoadBalancerApisApartByVersion) {
  EXPECT_THAT(query("Action=DescribeTargetGroups&Version=2015-12-01"),
              HasSubstr("http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"));
  EXPECT_THAT(query("Action=DescribeLoadBalancers&Version=2012-06-01"),
              HasSubstr("http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/"));
  EXPECT_THAT(query("Action=DescribeTargetGroups&Version=2012-06-01"), HasSubstr("<ErrorResponse"));
}

TEST_F(Protocol, AnswersMalformedRequestsWithAnErrorAndNeverFails) {
  const std::pair<base::HttpRequest, const char*> cases[] = {
      {json_request("AmazonSQS.SendMessage", "{"), "SerializationException"},
      {json_request("AmazonSQS.SendMessage", "[]"), "SerializationException"},
      {json_request("AmazonSQS.SendMessage", std::string(100'000, '[')), "SerializationException"},
      {json_request("AmazonSQS.SendMessage", "\xff\xfe"), "SerializationException"},
      {json_request("AmazonSQS.SendMessage", R"({"QueueUrl":{"a":[]}})"), "InvalidParameterValue"},
      {json_request("AmazonSQS", "{}"), "UnknownOperationException"},
      {json_request("AmazonSQS.", "{}"), "UnknownOperationException"},
      {json_request("Nobody.DoesThis", "{}"), "is not simulated"},
      {query_request("Version=2011-01-01"), "<Code>MissingAction</Code>"},
      {query_request("Action=Nope&Version=2011-01-01"), "<Code>InvalidAction</Code>"},
      {query_request("Action=A&Version=2011-01-01&B=1&B.C=2"), "<Code>MalformedQueryString</Code>"},
      {query_request(""), "is not simulated"},
      {{"GET", "/", {}, ""}, "is not simulated"},
  };
  for (const auto& [request, expected] : cases) {
    const base::HttpResponse response = send(request);
    EXPECT_EQ(response.status, 400) << request.body.substr(0, 80);
    EXPECT_THAT(response.body, HasSubstr(expected)) << request.body.substr(0, 80);
  }
}

// Requests with bytes changed at random, for every service: each gets some answer.
TEST_F(Protocol, SurvivesRandomlyDamagedRequests) {
  const base::HttpRequest originals[] = {
      json_request(
          "AmazonSQS.SendMessageBatch",
          R"({"QueueUrl":"http://h/123456789012/q","Entries":[{"Id":"1","MessageBody":"a",)"
          R"("MessageAttributes":{"n":{"DataType":"Number","StringValue":"1"}}}]})"),
      json_request("AWSEvents.PutRule",
                   R"({"Name":"r","EventPattern":"{\"a\":[{\"numeric\":[\">\",1]}]}"})"),
      json_request("AWSStepFunctions.StartExecution", R"({"stateMachineArn":"a","input":"{}"})"),
      query_request("Action=CreateAutoScalingGroup&Version=2011-01-01&AutoScalingGroupName=g&"
                    "MinSize=0&MaxSize=1&LaunchTemplate.LaunchTemplateName=t&Tags.member.1.Key=k"),
      query_request("Action=CreateLaunchTemplate&Version=2016-11-15&LaunchTemplateName=t&"
                    "LaunchTemplateData.ImageId=ami-1"),
      query_request("Action=RegisterTargets&Version=2015-12-01&Targets.member.1.Id=i-1"),
  };
  create_queue("q");
  base::Random dice(42);
  for (const base::HttpRequest& original : originals) {
    for (int i = 0; i < 300; ++i) {
      base::HttpRequest damaged = original;
      for (int changes = 0; changes < 3; ++changes) {
        const auto at =
            static_cast<std::size_t>(dice.below(static_cast<std::int64_t>(damaged.body.size())));
        damaged.body[at] =
            dice.chance(0.5) ? "\"{}[],:&=.%"[dice.below(11)] : static_cast<char>(dice.below(256));
      }
      const int status = send(damaged).status;
      EXPECT_TRUE(status == 200 || (status >= 400 && status < 500)) << status << damaged.body;
    }
  }
}

}  // namespace
}  // namespace sim
