// SQS's JSON both ways, beside the same work through nlohmann's tree.
#include "aws/sqs_wire.h"
#include "bench/micro/allocations.h"
#include "bench/micro/samples.h"

#include <nlohmann/json.hpp>

#include <stdexcept>

namespace {

namespace wire = aws::wire;

void read_received(benchmark::State& state) {
  const std::string answer = bench::receive_answer(bench::recycle_request());
  if (!wire::read_received(answer)) throw std::logic_error("the sample is not an answer");
  bench::measure(state, [&] { benchmark::DoNotOptimize(wire::read_received(answer)); });
  state.counters["bytes"] = static_cast<double>(answer.size());
}

void nlohmann_received(benchmark::State& state) {
  const std::string answer = bench::receive_answer(bench::recycle_request());
  bench::measure(state, [&] { benchmark::DoNotOptimize(nlohmann::json::parse(answer)); });
}

void write_receive(benchmark::State& state) {
  const base::QueueUrl queue = bench::queue_url();
  bench::measure(state,
                 [&] { benchmark::DoNotOptimize(wire::receive_message_request(queue, {})); });
}

void write_delete_batch(benchmark::State& state) {
  const base::QueueUrl queue = bench::queue_url();
  const auto handles = bench::receipt_handles();
  bench::measure(
      state, [&] { benchmark::DoNotOptimize(wire::delete_message_batch_request(queue, handles)); });
}

void nlohmann_delete_batch(benchmark::State& state) {
  const base::QueueUrl queue = bench::queue_url();
  const auto handles = bench::receipt_handles();
  bench::measure(state, [&] {
    nlohmann::json entries = nlohmann::json::array();
    for (std::size_t i = 0; i < handles.size(); ++i) {
      entries.push_back({{"Id", std::to_string(i)}, {"ReceiptHandle", handles[i].value}});
    }
    const nlohmann::json request = {{"QueueUrl", queue.value}, {"Entries", std::move(entries)}};
    benchmark::DoNotOptimize(request.dump());
  });
}

void read_delete_batch(benchmark::State& state) {
  const std::string answer = bench::delete_batch_answer();
  bench::measure(
      state, [&] { benchmark::DoNotOptimize(wire::read_batch("DeleteMessageBatch", answer, 10)); });
}

BENCHMARK(read_received);
BENCHMARK(nlohmann_received);
BENCHMARK(write_receive);
BENCHMARK(write_delete_batch);
BENCHMARK(nlohmann_delete_batch);
BENCHMARK(read_delete_batch);

}  // namespace
