#include "bench/memory/in_hand.h"

#include "bench/floor/stamp.h"
#include "bench/memory/virtual_worker.h"
#include "bench/server/stub.h"

#include <malloc.h>

#include <stdexcept>

namespace bench {
namespace {

// Enough for caches, pools and tables to have reached the size that they keep.
constexpr std::size_t kWarmUp = 2'000;
constexpr std::size_t kShortHandle = 15;  // no heap: a string keeps it within itself

std::size_t heap_bytes() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// What each of `messages` more messages in hand takes.
double per_message(const Stub::Shape& shape, bool running, std::size_t messages) {
  sim::VirtualLoop loop;
  Stub stub(loop.clock(), shape);
  const std::string queue = running ? "bench" : "bench.fifo";
  VirtualWorker worker(
      loop, [&stub](base::HttpRequest request) { return stub.handle(std::move(request)); }, queue,
      messages + kWarmUp);
  worker.start();
  const auto hold = [&](std::size_t count) {
    stub.add(queue, count - worker.in_flight());
    const auto reached = [&] { return worker.in_flight() >= count; };
    if (!loop.run_until(reached, std::chrono::minutes(10))) {
      throw std::runtime_error("the messages were not received");
    }
    loop.run_for(std::chrono::milliseconds(1));  // the last ones begin
    return heap_bytes();
  };
  const std::size_t before = hold(kWarmUp);
  const std::size_t after = hold(kWarmUp + messages);
  if (worker.begun() != (running ? kWarmUp + messages : 1)) {
    throw std::runtime_error("so many consumers began: " + std::to_string(worker.begun()));
  }
  return static_cast<double>(after - before) / static_cast<double>(messages);
}

void report(const char* name, bool running, std::size_t messages, nlohmann::ordered_json& json) {
  Stub::Shape shape;
  if (!running) shape.group = "web";
  const double all = per_message(shape, running, messages);
  shape.handle_bytes = kShortHandle;
  const double handle = all - per_message(shape, running, messages);
  shape.handle_bytes = Stub::Shape{}.handle_bytes;
  const double beyond = all - double(kBodyBytes);
  const std::string prefix = name;
  json[prefix + "_heap_bytes"] = static_cast<long>(all);
  json[prefix + "_bytes"] = static_cast<long>(beyond);
  json[prefix + "_receipt_handle_bytes"] = static_cast<long>(handle);
  json[prefix + "_bytes_without_receipt_handle"] = static_cast<long>(beyond - handle);
}

}  // namespace

void measure_in_hand(std::size_t messages, nlohmann::ordered_json& json) {
  report("prefetched", false, messages, json);
  report("running", true, messages, json);
}

}  // namespace bench
