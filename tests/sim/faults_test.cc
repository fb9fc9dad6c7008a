#include "sim/faults.h"

#include "tests/sim/region_rig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sim {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FaultyRegion : public RegionRig {
 protected:
  base::HttpResponse control(const std::string& body) {
    return send({"POST", "/_sim/faults", {}, body});
  }
};

TEST_F(FaultyRegion, ThrottlesInEachServicesOwnWords) {
  control(R"({"rules":[{"kind":"throttle"}]})");
  EXPECT_THAT(autoscaling("DescribeAutoScalingGroups"),
              HasSubstr("<Code>Throttling</Code><Message>Rate exceeded</Message>"));
  const base::HttpResponse ec2 = send(query_request("Action=DescribeInstances&Version=2016-11-15"));
  EXPECT_EQ(ec2.status, 503);
  EXPECT_THAT(ec2.body, HasSubstr("<Code>RequestLimitExceeded</Code>"));
  EXPECT_EQ(error_of(sqs("ListQueues", Json::object())), "com.amazonaws.sqs#RequestThrottled");
  EXPECT_EQ(error_of(events("ListRules", Json::object())), "ThrottlingException");
}

TEST_F(FaultyRegion, ABurstEndsByItself) {
  control(
      R"({"rules":[{"kind":"error","service":"sqs","operation":"List*","count":2,"status":503}]})");
  EXPECT_EQ(send(json_request("AmazonSQS.ListQueues", "{}")).status, 503);
  EXPECT_EQ(send(json_request("AmazonSQS.CreateQueue", R"({"QueueName":"q"})")).status, 200);
  EXPECT_EQ(send(json_request("AmazonSQS.ListQueues", "{}")).status, 503);
  EXPECT_EQ(send(json_request("AmazonSQS.ListQueues", "{}")).status, 200);
}

TEST_F(FaultyRegion, ARefusedCallHasNoEffectAndALostOneHas) {
  const std::string url = create_queue("q");
  control(R"({"rules":[{"kind":"error","operation":"SendMessage","count":1}]})");
  EXPECT_EQ(error_of(send_message(url, "a")), "com.amazonaws.sqs#InternalFailure");
  EXPECT_EQ(queue_state("q")["visible"], 0);
  control(R"({"clear":true,"rules":[{"kind":"lost","operation":"SendMessage","count":1}]})");
  const base::HttpResponse lost = send(
      json_request("AmazonSQS.SendMessage", dump_json({{"QueueUrl", url}, {"MessageBody", "a"}})));
  EXPECT_EQ(lost.status, 0);
  EXPECT_EQ(queue_state("q")["visible"], 1);
}

TEST_F(FaultyRegion, LatencyIsSpentOnTheRegionsClock) {
  control(R"({"rules":[{"kind":"latency","latency_ms":1500}]})");
  const auto start = loop.clock().steady_now();
  EXPECT_EQ(send(json_request("AmazonSQS.ListQueues", "{}")).status, 200);
  EXPECT_EQ(loop.clock().steady_now() - start, 1500ms);
}

TEST_F(FaultyRegion, DrawsTheSameFaultsFromTheSameSeed) {
  const auto run = [](std::uint64_t seed) {
    VirtualLoop loop;
    WorldConfig config;
    config.keys.clear();
    config.seed = seed;
    Region region(loop.executor(), loop.clock(), config);
    region.faults().chaos(seed);
    std::string trace;
    for (int i = 0; i < 200; ++i) {
      const base::HttpResponse response =
          loop.run(region.handle(json_request("AmazonSQS.ListQueues", "{}")));
      trace += std::to_string(response.status) + " ";
    }
    return trace;
  };
  EXPECT_EQ(run(7), run(7));
  bool some_fault = false;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    some_fault = some_fault || run(seed).find("400") != std::string::npos ||
                 run(seed).find("50") != std::string::npos;
  }
  EXPECT_TRUE(some_fault);
}

TEST_F(FaultyRegion, StandardQueuesCanDuplicateAndWithhold) {
  const std::string url = create_queue("q");
  send_message(url, "a");
  control(R"({"empty_receive":1})");
  EXPECT_THAT(receive(url, {{"WaitTimeSeconds", 20}}), IsEmpty());
  control(R"({"clear":true,"duplicate_delivery":1})");
  EXPECT_EQ(receive(url).size(), 1U);
  EXPECT_EQ(receive(url).size(), 1U);
  control(R"({"clear":true,"batch_entry_fails":1})");
  const Json answer = sqs("SendMessageBatch",
                          {{"QueueUrl", url}, {"Entries", {{{"Id", "1"}, {"MessageBody", "b"}}}}});
  EXPECT_EQ(answer["Failed"][0]["SenderFault"], false);
}

TEST_F(FaultyRegion, HandsOutInAnyOrderButNeverInFifoQueues) {
  const std::string standard = create_queue("q");
  const std::string fifo = create_queue("q.fifo", {{"FifoQueue", "true"}});
  std::vector<std::string> sent;
  for (int i = 0; i < 10; ++i) {
    sent.push_back(std::to_string(i));
    send_message(standard, sent.back());
    send_message(fifo, sent.back(),
                 {{"MessageGroupId", "g"}, {"MessageDeduplicationId", sent.back()}});
  }
  control(R"({"any_order":1})");
  const auto any = bodies(receive(standard));
  EXPECT_NE(any, sent);
  EXPECT_THAT(any, ::testing::IsSubsetOf(sent));
  EXPECT_EQ(bodies(receive(fifo)), sent);
}

TEST_F(FaultyRegion, MayForgetADeleteOnStandardQueuesAlone) {
  for (const std::string name : {"q", "q.fifo"}) {
    const bool is_fifo = name != "q";
    const std::string url = create_queue(name, is_fifo ? Json{{"FifoQueue", "true"}} : Json({}));
    const Json fifo = {{"MessageGroupId", "g"}, {"MessageDeduplicationId", "d"}};
    send_message(url, "a", is_fifo ? fifo : Json::object());
    control(R"({"clear":true,"delete_undone":1})");
    const auto held = receive(url, {{"VisibilityTimeout", 5}});
    ASSERT_EQ(held.size(), 1U);
    const Json gone =
        sqs("DeleteMessage", {{"QueueUrl", url}, {"ReceiptHandle", held[0]["ReceiptHandle"]}});
    EXPECT_FALSE(gone.contains("__type"));
    loop.run_for(6s);
    EXPECT_EQ(receive(url).size(), is_fifo ? 0U : 1U);
  }
}

TEST_F(FaultyRegion, VisibilityRunsOutEarlyOrLateAsTold) {
  const std::string url = create_queue("q");
  send_message(url, "a");
  control(R"({"visibility_late_ms":4000})");
  int late = 0;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(receive(url, {{"VisibilityTimeout", 10}}).size(), 1U);
    loop.run_for(10'001ms);
    if (queue_state("q")["visible"] == 0) ++late;
    loop.run_for(4s);
    EXPECT_EQ(queue_state("q")["visible"], 1);
  }
  EXPECT_GT(late, 10);
  control(R"({"clear":true,"visibility_early_ms":4000})");
  int early = 0;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(receive(url, {{"VisibilityTimeout", 10}}).size(), 1U);
    loop.run_for(5'999ms);
    EXPECT_EQ(queue_state("q")["visible"], 0);
    loop.run_for(4s);
    if (queue_state("q")["visible"] == 1) ++early;
    loop.run_for(1s);
  }
  EXPECT_GT(early, 10);
}

TEST_F(FaultyRegion, AnEntryCanBeSaidToBeTheSendersFault) {
  const std::string url = create_queue("q");
  control(R"({"batch_entry_refused":1})");
  const Json answer = sqs("SendMessageBatch",
                          {{"QueueUrl", url}, {"Entries", {{{"Id", "1"}, {"MessageBody", "b"}}}}});
  EXPECT_EQ(answer["Failed"][0]["SenderFault"], true);
}

TEST_F(FaultyRegion, RefusesUnknownAndIllTypedSettingsWhole) {
  for (const char* body :
       {"", "[]", R"({"nope":1})", R"({"stale_reads":2})", R"({"stale_reads":"1"})",
        R"({"rules":{}})", R"({"rules":[{}]})", R"({"rules":[{"kind":"nope"}]})",
        R"({"rules":[{"kind":"error","status":200}]})",
        R"({"rules":[{"kind":"throttle","probability":-1}]})",
        R"({"launch_fails":0.5,"rules":[{"kind":"throttle","count":"3"}]})"}) {
    EXPECT_EQ(control(body).status, 400) << body;
  }
  EXPECT_EQ(region.faults().settings().launch_fails, 0);
  EXPECT_TRUE(region.faults().settings().rules.empty());
}

}  // namespace
}  // namespace sim
