#include "tests/soak/soak_worker.h"

#include "worker/poller.h"
#include "worker/task_group.h"

#include <boost/asio/co_spawn.hpp>

#include <stdexcept>
#include <utility>

namespace soak {

using boost::asio::awaitable;
using consumers::Delivery;
using consumers::Verdict;

namespace {

// Says to the oracle how a consumer ended, however it did.
struct Running {
  Oracle& oracle;
  int worker;
  std::string message_id;
  int receive;
  What what = What::kCancelled;
  bool cancelled = false;
  Running(Oracle& its_oracle, int its_worker, const Delivery& delivery)
      : oracle(its_oracle),
        worker(its_worker),
        message_id(delivery.message_id),
        receive(delivery.receive_count) {
    oracle.begins(worker, message_id, receive);
  }
  ~Running() { oracle.ends(worker, message_id, receive, what, cancelled); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
};

Serial serial_of(const Delivery& delivery) {
  const auto& request = std::get<messages::RecycleRequest>(delivery.message.payload);
  return Ledger::serial_of(request.group.value).value();
}

aws::EndpointConfig endpoints() {
  aws::EndpointConfig config;
  config.region = base::Region("eu-west-2");
  config.endpoint_url = kEndpoint;
  return config;
}

}  // namespace

// Does what the ledger says.
class SoakConsumer final : public consumers::Consumer {
 public:
  SoakConsumer(std::string name, SoakWorker& worker, Ledger& ledger, Oracle& oracle)
      : name_(std::move(name)), worker_(worker), ledger_(ledger), oracle_(oracle) {}

  std::string_view name() const override { return name_; }

  bool accepts(const Delivery& delivery) const override {
    if (!std::holds_alternative<messages::RecycleRequest>(delivery.message.payload)) return false;
    const Plan plan = ledger_.at(serial_of(delivery)).plan;
    return plan != Plan::kUnroutable && (plan == Plan::kLong) == (name_ == "recycle");
  }

  awaitable<Verdict> consume(Delivery delivery) override {
    // Of a killed worker: what is left of it has nothing to say.
    if (worker_.is_killed()) co_return consumers::Retry{base::Duration(0), "killed"};
    const Serial serial = serial_of(delivery);
    const Plan plan = ledger_.at(serial).plan;
    Running running(oracle_, worker_.id(), delivery);
    if (plan == Plan::kDeaf) {
      try {
        co_await worker_.clock().sleep_for(ledger_.at(serial).work);
      } catch (const boost::system::system_error&) {
        running.cancelled = true;  // It does not care.
      }
    } else if (plan == Plan::kShort || plan == Plan::kLong) {
      co_await worker_.clock().sleep_for(ledger_.at(serial).work);
    }
    Message& message = ledger_.at(serial);
    const bool once_more = message.times > 0 && !worker_.is_killed();
    if (once_more) --message.times;
    if (plan == Plan::kFails && once_more) {
      running.what = What::kRetry;
      co_return consumers::Retry{base::Duration(0), "as planned"};
    }
    if (plan == Plan::kThrows && once_more) {
      running.what = What::kThrew;
      throw std::runtime_error("as planned");
    }
    if (plan == Plan::kDefers && once_more) {
      running.what = What::kDefer;
      co_return consumers::Defer{worker_.clock().now() + message.work, "as planned"};
    }
    if (plan == Plan::kPoison) {
      running.what = What::kPoison;
      co_return consumers::Poison{"as planned", "refused"};
    }
    running.what = What::kDone;
    consumers::Done done{"as planned", {}};
    if (plan == Plan::kForwards) {
      const std::string id = "soak-" + std::to_string(message.forward);
      done.outgoing.push_back({"recycles", ledger_.body_of(message.forward), id, id});
    }
    co_return Verdict(std::move(done));
  }

 private:
  std::string name_;
  SoakWorker& worker_;
  Ledger& ledger_;
  Oracle& oracle_;
};

std::string queue_url(const std::string& name) {
  return std::string(kEndpoint) + "/123456789012/" + name;
}

std::string dead_letters_of(const std::string& name) {
  if (!name.ends_with(".fifo")) return name + "-dlq";
  return name.substr(0, name.size() - 5) + "-dlq.fifo";
}

SoakWorker::SoakWorker(World world, Options options)
    : world_(world),
      options_(std::move(options)),
      clock_(world.clock),
      random_(options_.seed),
      http_([&region = world.region](
                base::HttpRequest request) { return region.handle(std::move(request)); },
            world.executor, world.clock, options_.seed ^ 0x5bd1e995U),
      wire_(options_.id, world.oracle, world.traffic, world.clock),
      poll_caller_(http_, credentials_, clock_, random_, endpoints(), worker::kPollRetry),
      caller_(http_, credentials_, clock_, random_, endpoints()),
      polls_(poll_caller_),
      sqs_(caller_),
      context_{world.executor, clock_, random_, polls_, sqs_, metrics_, payloads_} {
  credentials_.current = options_.credentials;
  http_.tap = &wire_;
}

SoakWorker::~SoakWorker() = default;

void SoakWorker::start() {
  std::vector<worker::QueueSettings> queues;
  for (const QueuePlan& plan : options_.queues) {
    const bool fifo = plan.name.ends_with(".fifo");
    worker::QueueSettings settings;
    settings.role = plan.role;
    settings.name = plan.name;
    settings.target = {base::QueueUrl(queue_url(plan.name)), fifo};
    settings.dead_letters = {base::QueueUrl(queue_url(dead_letters_of(plan.name))), fifo};
    settings.in_flight_max = plan.in_flight_max;
    settings.visibility = options_.visibility;
    settings.retry_base = options_.retry_base;
    settings.retry_cap = options_.retry_cap;
    settings.drain_deadline = options_.drain_deadline;
    queues.push_back(std::move(settings));
  }
  std::vector<consumers::Consumer*> list;
  for (const char* name : {"soak", "recycle"}) {
    consumers_.push_back(std::make_unique<SoakConsumer>(name, *this, world_.ledger, world_.oracle));
    list.push_back(consumers_.back().get());
  }
  runtime_ = std::make_unique<worker::Runtime>(context_, std::move(queues), std::move(list));
  boost::asio::co_spawn(world_.executor, runtime_->run(), [this](std::exception_ptr error) {
    if (error) {
      world_.oracle.blame("the runtime ended with an exception", worker::describe_exception(error));
    }
    ended_ = true;
  });
}

void SoakWorker::drain() {
  world_.oracle.drains(options_.id);
  runtime_->drain();
}

void SoakWorker::kill() {
  world_.oracle.killed(options_.id);
  http_.cut_off();
  runtime_->drain();
}

bool SoakWorker::is_over() const { return ended_ && http_.idle(); }

std::size_t SoakWorker::in_flight() const {
  std::size_t sum = 0;
  for (const auto& queue : runtime_->queues()) sum += queue->in_flight();
  return sum;
}

}  // namespace soak
