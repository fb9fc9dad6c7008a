// bench-memory: what a message in hand costs, of the whole runtime in one process, in virtual time.
//
//   bench-memory MESSAGES HELD
//
// Prints one JSON object. The heap is what malloc has handed out (mallinfo2), its own eight bytes
// or more per piece included, whoever asked for it: so nothing is left out, and figures are a
// little higher than a count of what was asked for.
//   prefetched: MESSAGES of one FIFO message group, received and waiting in their lane
//   running:    MESSAGES whose consumers' coroutines sleep
//   held:       HELD messages whose consumers sleep for ten minutes, on the simulated region: their
//               visibility (60 s) is extended all the while, and none may be received again
// Server and client share the process. For the first two the server is the stub, which holds
// nothing, so that the difference between before and after is the client's.
#include "bench/memory/held.h"
#include "bench/memory/in_hand.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "bench-memory MESSAGES HELD\n");
    return 2;
  }
  try {
    const auto messages = std::strtoull(argv[1], nullptr, 10);
    const auto held = std::strtoull(argv[2], nullptr, 10);
    nlohmann::ordered_json json;
    bench::measure_in_hand(messages, json);
    bench::measure_held(held, json);
    std::printf("%s\n", json.dump(1).c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench-memory: %s\n", error.what());
    return 1;
  }
}
