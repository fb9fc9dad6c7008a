// Counts what the program takes from the heap through operator new, which the binary replaces.
// (Not what C libraries take by malloc: libcurl, OpenSSL.)
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>

namespace bench {

struct Allocated {
  std::size_t calls = 0;
  std::size_t bytes = 0;
};

Allocated allocated();  // since the program began

// Runs the operation as often as the benchmark asks and reports, next to the time, allocations and
// bytes per operation. The first run is not counted: caches and reused buffers fill in it.
template <class Operation>
void measure(benchmark::State& state, Operation operation) {
  operation();
  const Allocated before = allocated();
  for ([[maybe_unused]] auto _ : state) operation();
  const Allocated after = allocated();
  const auto per_operation = benchmark::Counter::kAvgIterations;
  state.counters["allocs"] =
      benchmark::Counter(static_cast<double>(after.calls - before.calls), per_operation);
  state.counters["alloc_bytes"] =
      benchmark::Counter(static_cast<double>(after.bytes - before.bytes), per_operation);
}

}  // namespace bench
