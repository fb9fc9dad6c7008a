// SoakWorker: one worker process of the soak: the real runtime with its own clock, credentials and
// network. The only file here that knows the runtime.
#pragma once

#include "aws/caller.h"
#include "aws/credentials.h"
#include "aws/sqs.h"
#include "sim/region.h"
#include "tests/soak/ledger.h"
#include "tests/soak/oracle.h"
#include "tests/soak/wire.h"
#include "tests/support/hostile_http.h"
#include "tests/support/skewed_clock.h"
#include "worker/context.h"
#include "worker/large_payload.h"
#include "worker/metrics.h"
#include "worker/runtime.h"

#include <memory>
#include <string>
#include <vector>

namespace soak {

class SoakConsumer;

// What a worker signs with; may change at any moment.
class SoakCredentials final : public aws::CredentialsProvider {
 public:
  aws::Credentials current;
  boost::asio::awaitable<base::Result<aws::Credentials>> get() override { co_return current; }
};

struct QueuePlan {
  std::string role;
  std::string name;  // its dead-letter queue is "<name without .fifo>-dlq[.fifo]"
  int in_flight_max = 100;
};

class SoakWorker {
 public:
  struct Options {
    int id = 0;
    std::uint64_t seed = 1;
    std::vector<QueuePlan> queues;
    base::Duration visibility{30'000};
    base::Duration retry_base{1'000};
    base::Duration retry_cap{30'000};
    base::Duration drain_deadline{5'000};
    aws::Credentials credentials;
  };
  struct World {  // outlives the worker
    boost::asio::any_io_executor executor;
    base::Clock& clock;
    sim::Region& region;
    Ledger& ledger;
    Oracle& oracle;
    Traffic& traffic;
  };

  SoakWorker(World world, Options options);
  ~SoakWorker();

  void start();
  void drain();
  // As kill -9 looks from outside: from now on nothing of it is heard or seen. What is left inside
  // ends by itself, so that its memory can be given back.
  void kill();
  // run() has returned, and no request of it is at the server any more.
  bool is_over() const;
  bool has_ended() const { return ended_; }
  bool is_killed() const { return http_.is_cut_off(); }
  int id() const { return options_.id; }
  // Messages that its tables hold.
  std::size_t in_flight() const;
  std::string metrics() { return metrics_.text(); }

  test::HostileHttp& http() { return http_; }
  test::SkewedClock& clock() { return clock_; }
  SoakCredentials& credentials() { return credentials_; }

 private:
  World world_;
  Options options_;
  test::SkewedClock clock_;
  base::Random random_;
  SoakCredentials credentials_;
  test::HostileHttp http_;
  Wire wire_;
  aws::Caller poll_caller_;
  aws::Caller caller_;
  aws::Sqs polls_;
  aws::Sqs sqs_;
  aws::S3 s3_{caller_};
  worker::LargePayloads payloads_{s3_, random_, {}};
  worker::Metrics metrics_;
  worker::Context context_;
  std::vector<std::unique_ptr<SoakConsumer>> consumers_;
  std::unique_ptr<worker::Runtime> runtime_;
  bool ended_ = false;
};

inline constexpr const char* kEndpoint = "http://sqs.soak";
// "events" -> "http://sqs.soak/123456789012/events"
std::string queue_url(const std::string& name);
// "x.fifo" -> "x-dlq.fifo"
std::string dead_letters_of(const std::string& name);

}  // namespace soak
