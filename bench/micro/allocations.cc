#include "bench/micro/allocations.h"

#include <cstdlib>
#include <new>

namespace {

bench::Allocated total;

void* take(std::size_t bytes) {
  ++total.calls;
  total.bytes += bytes;
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}

}  // namespace

// The array and the nothrow forms call these two.
void* operator new(std::size_t bytes) { return take(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*bytes*/) noexcept { std::free(memory); }

namespace bench {

Allocated allocated() { return total; }

}  // namespace bench
