// Rig: the real runtime over the simulated region, in virtual time. A test gives consumers, sends
// messages and looks at the queues.
#pragma once

#include "aws/sqs.h"
#include "consumers/consumer.h"
#include "messages/message.h"
#include "sim/faults.h"
#include "sim/region.h"
#include "sim/virtual_loop.h"
#include "tests/support/sim_http_client.h"
#include "worker/context.h"
#include "worker/large_payload.h"
#include "worker/metrics.h"
#include "worker/runtime.h"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace worker {

using namespace std::chrono_literals;
using boost::asio::awaitable;

// Takes recycle requests from one queue and does what the test says for the group in them.
class ScriptedConsumer final : public consumers::Consumer {
 public:
  using Script = std::function<awaitable<consumers::Verdict>(consumers::Delivery)>;

  ScriptedConsumer(std::string name, std::string queue, Script script)
      : name_(std::move(name)), queue_(std::move(queue)), script_(std::move(script)) {}

  std::string_view name() const override { return name_; }
  bool accepts(const consumers::Delivery& delivery) const override {
    return delivery.queue == queue_ &&
           std::holds_alternative<messages::RecycleRequest>(delivery.message.payload);
  }
  awaitable<consumers::Verdict> consume(consumers::Delivery delivery) override {
    return script_(std::move(delivery));
  }

 private:
  std::string name_;
  std::string queue_;
  Script script_;
};

struct Request {  // one request that reached the region
  std::string operation;
  base::Duration at{0};  // since the rig was built
  std::string body;
};

class Rig {
 public:
  static constexpr int kReceivesMax = 3;  // redrive after that many

  Rig();
  ~Rig();

  // Scripts that only give a verdict need not be coroutines.
  void on_events(std::function<consumers::Verdict(const consumers::Delivery&)> script);
  void consume(std::string name, std::string queue, ScriptedConsumer::Script script);

  void start();  // with the settings below; once
  // Runs for so long; stops early when `done` says so and answers it.
  bool run(base::Duration limit, const std::function<bool()>& done);
  void run(base::Duration duration) { loop.run_for(duration); }
  // Drains and answers how long that took in virtual time.
  base::Duration drain();
  bool ended() const { return ended_; }

  void send(const std::string& queue, const std::string& body, const std::string& group = "",
            aws::MessageAttributes attributes = {});
  // Everything visible on the queue, taken away.
  std::vector<aws::SqsMessage> take(const std::string& queue);
  // Visible, in flight and delayed together.
  std::size_t depth(const std::string& queue);
  std::size_t in_flight(const std::string& queue);

  std::vector<Request> requests(const std::string& operation) const;
  base::Duration elapsed();
  bool metrics_have(const std::string& line) const;

  sim::VirtualLoop loop;
  sim::Region region;
  test::SimHttpClient http;
  base::Random random{7};
  aws::StaticCredentials credentials;
  aws::Caller caller;
  aws::Sqs sqs{caller};
  aws::S3 s3{caller};
  LargePayloads payloads{s3, random, {{}, "payloads", kMessageBytesMax}};
  Metrics metrics;
  Context context;
  std::vector<Request> seen;

  QueueSettings events;    // standard, dead letters on "events-dlq"
  QueueSettings recycles;  // FIFO, dead letters on "recycles-dlq.fifo"
  std::size_t in_flight_total = 1'000;
  std::unique_ptr<Runtime> runtime;

 private:
  std::string create_queue(const std::string& name, const std::string& dead_letters);

  base::SteadyPoint built_;
  std::vector<std::unique_ptr<ScriptedConsumer>> consumers_;
  bool ended_ = false;
};

// The body of a recycle request for this group.
std::string request_for(const std::string& group);
const std::string& group_of(const consumers::Delivery& delivery);

// Waits on the rig's clock, then gives the verdict.
awaitable<consumers::Verdict> after(base::Clock& clock, base::Duration delay,
                                    consumers::Verdict verdict);

}  // namespace worker
