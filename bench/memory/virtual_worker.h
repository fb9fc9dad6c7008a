// VirtualWorker: the runtime, wired as AwsSession wires it but for the HTTP client, over a server
// in process and in virtual time. One queue, one consumer whose handlers sleep.
#pragma once

#include "aws/sqs.h"
#include "sim/virtual_loop.h"
#include "tests/support/sim_http_client.h"
#include "worker/context.h"
#include "worker/large_payload.h"
#include "worker/metrics.h"
#include "worker/runtime.h"

#include <memory>
#include <string>

namespace bench {

// For ever, as far as a benchmark goes.
inline constexpr base::Duration kAsleep = std::chrono::hours(5);

class SleepingConsumer final : public consumers::Consumer {
 public:
  explicit SleepingConsumer(base::Clock& clock) : clock_(clock) {}

  std::string_view name() const override { return "sleeping"; }
  bool accepts(const consumers::Delivery&) const override { return true; }
  boost::asio::awaitable<consumers::Verdict> consume(consumers::Delivery delivery) override {
    ++begun;
    co_await clock_.sleep_for(kAsleep);
    co_return consumers::Done{std::string(delivery.message_id), {}};
  }

  std::size_t begun = 0;

 private:
  base::Clock& clock_;
};

class VirtualWorker {
 public:
  // The server's handler runs on loop's executor and in its time. `queue` ends with ".fifo" or not.
  VirtualWorker(sim::VirtualLoop& loop, base::HttpHandler server, const std::string& queue,
                std::size_t in_flight_max);

  aws::Sqs& sqs() { return sqs_; }
  aws::Caller& caller() { return caller_; }
  test::SimHttpClient& http() { return http_; }
  std::size_t begun() const { return consumer_.begun; }
  std::size_t in_flight() const;
  void start();

 private:
  sim::VirtualLoop& loop_;
  test::SimHttpClient http_;
  base::Random random_{7};
  aws::StaticCredentials credentials_;
  aws::Caller caller_;
  aws::Sqs sqs_{caller_};
  aws::S3 s3_{caller_};
  worker::LargePayloads payloads_{s3_, random_, {}};
  worker::Metrics metrics_;
  worker::Context context_;
  SleepingConsumer consumer_;
  worker::Runtime runtime_;
};

}  // namespace bench
