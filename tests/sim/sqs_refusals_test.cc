// What SQS refuses, in its own codes and words.
#include "tests/sim/region_rig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sim {
namespace {

using ::testing::HasSubstr;

struct Refusal {
  const char* name;
  const char* operation;
  const char* arguments;  // QueueUrl is added
  const char* error;      // in "__type: message"
};

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.name; }

class SqsRefuses : public RegionRig, public ::testing::WithParamInterface<Refusal> {};

const Refusal kRefusals[] = {
    {"EmptyBody", "SendMessage", R"({"MessageBody":""})",
     "MissingRequiredParameterException: The request must contain the parameter MessageBody."},
    {"ControlCharacter", "SendMessage", R"({"MessageBody":"a\u0001"})",
     "InvalidMessageContents: Invalid binary character '#x1'"},
    {"Noncharacter", "SendMessage", R"({"MessageBody":"\uffff"})", "'#xFFFF'"},
    {"LongDelay", "SendMessage", R"({"MessageBody":"a","DelaySeconds":901})",
     "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and"},
    {"DeduplicationOnStandard", "SendMessage",
     R"({"MessageBody":"a","MessageDeduplicationId":"d"})", "not valid for this queue type"},
    {"NumberThatIsNone", "SendMessage",
     R"({"MessageBody":"a","MessageAttributes":{"n":{"DataType":"Number","StringValue":"zz"}}})",
     "Can't cast the value"},
    {"ReservedAttributeName", "SendMessage",
     R"({"MessageBody":"a","MessageAttributes":{"AWS.x":{"DataType":"String","StringValue":"z"}}})",
     "reserved prefix"},
    {"UnknownAttributeType", "SendMessage",
     R"({"MessageBody":"a","MessageAttributes":{"n":{"DataType":"Date","StringValue":"z"}}})",
     "supported type prefixes is Binary, Number, and String"},
    {"ElevenMessages", "ReceiveMessage", R"({"MaxNumberOfMessages":11})",
     "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10"},
    {"LongWait", "ReceiveMessage", R"({"WaitTimeSeconds":21})", "Must be >= 0 and <= 20"},
    {"TextForNumber", "ReceiveMessage", R"({"WaitTimeSeconds":"soon"})", "Must be an integer"},
    {"UnknownSystemAttribute", "ReceiveMessage", R"({"AttributeNames":["Nope"]})",
     "InvalidAttributeName: Unknown Attribute Nope."},
    {"GarbageHandle", "DeleteMessage", R"({"ReceiptHandle":"garbage"})",
     "ReceiptHandleIsInvalid: The input receipt handle \"garbage\""},
    {"ForgedHandle", "DeleteMessage", R"({"ReceiptHandle":"AQEBAAAA"})", "ReceiptHandleIsInvalid"},
    {"NoHandle", "DeleteMessage", R"({})", "must contain the parameter ReceiptHandle."},
    {"LongVisibility", "ChangeMessageVisibility",
     R"({"ReceiptHandle":"x","VisibilityTimeout":43201})", "Must be >= 0 and <= 43200"},
    {"EmptyBatch", "DeleteMessageBatch", R"({"Entries":[]})", "sqs#EmptyBatchRequest"},
    {"EntriesAreNoObjects", "DeleteMessageBatch", R"({"Entries":[1]})", "InvalidParameterValue"},
    {"RepeatedIds", "DeleteMessageBatch",
     R"({"Entries":[{"Id":"1","ReceiptHandle":"a"},{"Id":"1","ReceiptHandle":"b"}]})",
     "BatchEntryIdsNotDistinct: Id 1 repeated."},
    {"BadEntryId", "DeleteMessageBatch", R"({"Entries":[{"Id":"a b","ReceiptHandle":"a"}]})",
     "InvalidBatchEntryId"},
    {"UnknownQueueAttribute", "SetQueueAttributes", R"({"Attributes":{"Nope":"1"}})",
     "InvalidAttributeName: Unknown Attribute Nope."},
    {"AttributeOutOfRange", "SetQueueAttributes", R"({"Attributes":{"VisibilityTimeout":"43201"}})",
     "InvalidAttributeValue: Invalid value for the parameter VisibilityTimeout."},
    {"MissingDeadLetterQueue", "SetQueueAttributes",
     R"({"Attributes":{"RedrivePolicy":)"
     R"("{\"deadLetterTargetArn\":\"arn:x\",\"maxReceiveCount\":1}"}})",
     "Dead letter target does not exist."},
    {"UnknownOperation", "Frobnicate", R"({})", "UnknownOperationException"},
};

TEST_P(SqsRefuses, InAwsOwnWords) {
  Json arguments = *parse_json(GetParam().arguments);
  arguments["QueueUrl"] = create_queue("q");
  const Json answer = sqs(GetParam().operation, arguments);
  EXPECT_THAT(error_of(answer) + ": " + answer.value("message", ""), HasSubstr(GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(Table, SqsRefuses, ::testing::ValuesIn(kRefusals),
                         [](const auto& info) { return std::string(info.param.name); });

class SqsRefusals : public RegionRig {};

TEST_F(SqsRefusals, AnEleventhEntryAndAQueueOfAnotherAccount) {
  const std::string url = create_queue("q");
  Json entries = Json::array();
  for (int i = 0; i < 11; ++i) {
    entries.push_back({{"Id", std::to_string(i)}, {"MessageBody", "a"}});
  }
  const Json answer = sqs("SendMessageBatch", {{"QueueUrl", url}, {"Entries", entries}});
  EXPECT_EQ(answer["message"], "Maximum number of entries per request are 10. You have sent 11.");
  EXPECT_EQ(error_of(send_message("http://region.test/000000000000/q", "a")),
            "com.amazonaws.sqs#QueueDoesNotExist");
}

}  // namespace
}  // namespace sim
