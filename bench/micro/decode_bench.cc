// A message body to a typed message, beside a plain parse of the same bytes.
#include "bench/micro/allocations.h"
#include "bench/micro/samples.h"
#include "messages/decode.h"

#include <nlohmann/json.hpp>

#include <stdexcept>

namespace {

void decode(benchmark::State& state, const std::string& body) {
  if (!messages::decode(body)) throw std::logic_error("the sample is not a message");
  bench::measure(state, [&] { benchmark::DoNotOptimize(messages::decode(body)); });
  state.counters["bytes"] = static_cast<double>(body.size());
}

void peer(benchmark::State& state, const std::string& body) {
  bench::measure(state, [&] { benchmark::DoNotOptimize(nlohmann::json::parse(body)); });
}

void decode_recycle_request(benchmark::State& state) { decode(state, bench::recycle_request()); }
void nlohmann_recycle_request(benchmark::State& state) { peer(state, bench::recycle_request()); }
void decode_event(benchmark::State& state) { decode(state, bench::eventbridge_event()); }
void nlohmann_event(benchmark::State& state) { peer(state, bench::eventbridge_event()); }

BENCHMARK(decode_recycle_request);
BENCHMARK(nlohmann_recycle_request);
BENCHMARK(decode_event);
BENCHMARK(nlohmann_event);

}  // namespace
