#include "bench/memory/virtual_worker.h"

#include <boost/asio/co_spawn.hpp>

#include <cstdio>
#include <cstdlib>

namespace bench {
namespace {

aws::EndpointConfig endpoints() {
  aws::EndpointConfig config;
  config.region = base::Region("eu-west-2");
  config.endpoint_url = "http://sqs.test";
  return config;
}

worker::QueueSettings settings(const std::string& queue, std::size_t in_flight_max) {
  worker::QueueSettings settings;
  settings.role = "events";
  settings.name = queue;
  settings.target = {base::QueueUrl("http://sqs.test/123456789012/" + queue),
                     queue.ends_with(".fifo")};
  settings.in_flight_max = static_cast<int>(in_flight_max);
  return settings;
}

}  // namespace

VirtualWorker::VirtualWorker(sim::VirtualLoop& loop, base::HttpHandler server,
                             const std::string& queue, std::size_t in_flight_max)
    : loop_(loop),
      http_(std::move(server), loop.clock()),
      credentials_({.access_key_id = "AKIDSIMULATED",
                    .secret_access_key = base::Secret("simulated-secret"),
                    .session_token = {},
                    .expiration = {},
                    .source = "bench"}),
      caller_(http_, credentials_, loop.clock(), random_, endpoints()),
      context_{loop.executor(), loop.clock(), random_, sqs_, sqs_, metrics_, payloads_},
      consumer_(loop.clock()),
      runtime_(context_, {settings(queue, in_flight_max)}, {&consumer_}, in_flight_max) {}

std::size_t VirtualWorker::in_flight() const { return runtime_.queues().front()->in_flight(); }

void VirtualWorker::start() {
  // The process ends with it: nothing waits for a drain.
  boost::asio::co_spawn(loop_.executor(), runtime_.run(), [](std::exception_ptr error) {
    if (error) std::abort();
  });
}

}  // namespace bench
