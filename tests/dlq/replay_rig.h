// ReplayRig: a simulated region with a dead-letter queue and what it takes to replay it, in virtual
// time; and a ledger that sees from the server's side where every message is.
#pragma once

#include "dlq/replay.h"
#include "sim/faults.h"
#include "sim/region.h"
#include "sim/sqs_service.h"
#include "sim/virtual_loop.h"
#include "tests/support/sim_http_client.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace test {

using namespace std::chrono_literals;

// Counts, by body, what arrives in which queue, in what order.
class Ledger final : public sim::SqsWatcher {
 public:
  void on_stored(const std::string& queue, const sim::StoredMessage& message) override {
    ++stored[queue][message.body];
    if (!message.group_id.empty()) order[queue][message.group_id].push_back(message.body);
  }
  void on_received(const std::string&, const sim::StoredMessage& message) override {
    receives = std::max(receives, message.receive_count);
  }
  void on_deleted(const std::string& queue, const sim::StoredMessage& message) override {
    ++deleted[queue][message.body];
    if (queue.starts_with("letters") && !has_arrived(message.body) &&
        !taken.contains(message.body)) {
      lost.push_back(message.body);
    }
  }
  bool has_arrived(const std::string& body) {
    return stored["work"].contains(body) || stored["work.fifo"].contains(body) ||
           stored["other"].contains(body);
  }
  std::size_t distinct(const std::string& queue) { return stored[queue].size(); }
  std::size_t twice(const std::string& queue) {
    std::size_t count = 0;
    for (const auto& [body, times] : stored[queue]) count += static_cast<std::size_t>(times - 1);
    return count;
  }

  std::map<std::string, std::map<std::string, int>> stored;
  std::map<std::string, std::map<std::string, int>> deleted;
  std::map<std::string, std::map<std::string, std::vector<std::string>>> order;
  std::set<std::string> taken;    // by another consumer, which has dealt with them
  std::vector<std::string> lost;  // deleted before it was anywhere else
  int receives = 0;
};

// What the process's death looks like from inside: nothing of it runs after that.
struct Crash : std::exception {};

struct ReplayRig {
  explicit ReplayRig(std::uint64_t seed = 1)
      : random(seed), region(loop.executor(), loop.clock(), config(seed)) {
    create("letters");
    create("work", "letters");
    create("other", "letters");
    create("letters.fifo");
    create("work.fifo", "letters.fifo");
    region.sqs().watch(&ledger);
  }

  static sim::WorldConfig config(std::uint64_t seed) {
    sim::WorldConfig config;
    config.keys.clear();
    config.seed = seed;
    return config;
  }

  sim::Json call(const std::string& operation, const sim::Json& arguments) {
    base::HttpRequest request{"POST",
                              "/",
                              {{"Host", "sqs.test"},
                               {"Content-Type", "application/x-amz-json-1.0"},
                               {"X-Amz-Target", "AmazonSQS." + operation}},
                              arguments.dump()};
    const auto response = loop.run(region.handle(std::move(request)));
    return sim::Json::parse(response.body, nullptr, false);
  }
  void create(const std::string& name, const std::string& letters = {}, sim::Json more = {}) {
    sim::Json attributes = more.is_object() ? more : sim::Json::object();
    if (name.ends_with(".fifo")) attributes["FifoQueue"] = "true";
    if (!letters.empty()) {
      attributes["RedrivePolicy"] =
          sim::Json({{"deadLetterTargetArn", arn(letters)}, {"maxReceiveCount", 1}}).dump();
    }
    const auto made = call("CreateQueue", {{"QueueName", name}, {"Attributes", attributes}});
    EXPECT_TRUE(made.contains("QueueUrl")) << made;
  }
  std::string arn(const std::string& queue) { return region.world().arn("sqs", queue); }
  static base::QueueUrl url(const std::string& queue) {
    return base::QueueUrl("http://sqs.test/123456789012/" + queue);
  }

  // As SQS's own redrive leaves them: "m0", "m1", ... from queue `source`.
  void bury_one(const std::string& source, const std::string& group) {
    sim::StoredMessage message;
    message.id = region.world().random().uuid();
    message.body = "m" + std::to_string(buried++);
    message.dead_letter_source_arn = arn(source);
    message.group_id = group;
    message.deduplication_id = group.empty() ? "" : message.id;
    message.sent_at = loop.clock().now() - 1h;
    message.receive_count = 1;
    const std::string letters = source.ends_with(".fifo") ? "letters.fifo" : "letters";
    region.sqs().find_queue(letters)->adopt(std::move(message));
  }
  void bury(int count, const std::string& source = "work", const std::string& group = {}) {
    for (int i = 0; i < count; ++i) bury_one(source, group);
    if (source.ends_with(".fifo")) loop.run_for(1s);  // there it counts as sent just now
  }
  sim::SqsQueue::Counts counts(const std::string& queue) {
    return region.sqs().find_queue(queue)->counts();
  }
  int left(const std::string& queue = "letters") {
    const auto now = counts(queue);
    return static_cast<int>(now.visible + now.in_flight + now.delayed);
  }

  // One process: its own clients. A crash ends it for good.
  struct Process {
    explicit Process(ReplayRig& rig)
        : http([&rig](base::HttpRequest request) { return rig.region.handle(std::move(request)); },
               rig.loop.clock()),
          caller(http, credentials, rig.loop.clock(), rig.random,
                 aws::EndpointConfig{base::Region("eu-west-2"), "http://sqs.test", {}}) {
      http.before = [this](int number, const base::HttpRequest& request) {
        ++requests[std::string(base::find_header(request.headers, "x-amz-target").value_or(""))];
        if (crash_before != 0 && number >= crash_before) throw Crash();
      };
      http.after = [this](int number, const base::HttpRequest&) {
        if (crash_after != 0 && number >= crash_after) throw Crash();
      };
    }
    int crash_before = 0;
    int crash_after = 0;
    std::map<std::string, int> requests;
    aws::StaticCredentials credentials{{}};
    SimHttpClient http;
    aws::Caller caller;
    aws::Sqs sqs{caller};
  };

  dlq::ReplayOptions options(const std::string& queue = "letters") {
    dlq::ReplayOptions options;
    options.queue = url(queue);
    options.visibility = 30s;
    return options;
  }
  static dlq::Filter filter(const dlq::FilterSpec& spec) {
    return dlq::Filter::parse(spec).value();
  }
  dlq::ReplayState state() { return {random.uuid(), "q", loop.clock().now(), {}, {}, 0}; }

  dlq::Summary replay(dlq::ReplayOptions options) {
    dlq::Checkpoint none(state());
    Process process(*this);
    return replay(std::move(options), none, process);
  }
  dlq::Summary replay(dlq::ReplayOptions options, dlq::Checkpoint& checkpoint, Process& process) {
    dlq::Replay replay({process.sqs, process.sqs, loop.clock(), random}, std::move(options),
                       checkpoint, stop);
    auto summary = loop.run(replay.run());
    requests = process.http.requests();
    return summary;
  }

  base::Random random;
  sim::VirtualLoop loop;
  sim::Region region;
  Ledger ledger;
  dlq::Stop stop;
  int buried = 0;
  int requests = 0;
};

}  // namespace test
