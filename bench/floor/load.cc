// The load: fills a queue as fast as it goes, or sends one message at a time at a given rate.
//
//   bench-load QUEUE_URL fill COUNT          batches of ten
//   bench-load QUEUE_URL pace COUNT RATE     messages a second, spread a little so that no client's
//                                            timers can fall into step with them
#include "base/random.h"
#include "bench/floor/signed_multi.h"
#include "bench/floor/stamp.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

namespace {

constexpr std::size_t kParallel = 8;

std::string escape(const std::string& body) {
  std::string text;
  for (const char c : body) {
    if (c == '"') text.push_back('\\');
    text.push_back(c);
  }
  return text;
}

std::string send_batch(const std::string& queue_url, std::uint64_t first, std::uint64_t count) {
  std::string request = R"({"QueueUrl":")" + queue_url + R"(","Entries":[)";
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i > 0) request.push_back(',');
    request += R"({"Id":")" + std::to_string(i) + R"(","MessageBody":")" +
               escape(bench::make_body(first + i)) + "\"}";
  }
  return request + "]}";
}

void fill(const std::string& queue_url, std::uint64_t count) {
  bench::SignedMulti multi;
  std::uint64_t refused = 0;
  const auto on_answer = [&refused](std::string_view answer) {
    if (answer.find("\"BatchResultErrorEntry\"") != std::string_view::npos) ++refused;
  };
  for (std::uint64_t sent = 0; sent < count || multi.running() > 0;) {
    while (sent < count && multi.running() < kParallel) {
      const auto size = std::min<std::uint64_t>(10, count - sent);
      multi.post("SendMessageBatch", send_batch(queue_url, sent, size), on_answer);
      sent += size;
    }
    multi.step(1'000);
  }
  if (refused > 0) throw std::runtime_error("a batch was not taken whole");
}

void pace(const std::string& queue_url, std::uint64_t count, double rate) {
  bench::SignedMulti multi;
  base::Random random(1);
  const double gap = 1e9 / rate;
  double next = double(bench::monotonic_nanoseconds()) + gap;
  for (std::uint64_t sent = 0; sent < count;) {
    const auto left = (next - double(bench::monotonic_nanoseconds())) / 1e6;
    if (left > 0) {
      multi.step(std::max(1, static_cast<int>(left)));
      continue;
    }
    const std::string request = R"({"QueueUrl":")" + queue_url + R"(","MessageBody":")" +
                                escape(bench::make_body(sent)) + "\"}";
    multi.post("SendMessage", request, [](std::string_view) {});
    next += gap * (0.5 + random.uniform());
    ++sent;
  }
  while (multi.running() > 0) multi.step(1'000);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 3 ? argv[2] : "";
  try {
    const std::uint64_t count = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 0;
    if (what == "fill") {
      fill(argv[1], count);
      return 0;
    }
    if (what == "pace" && argc > 4) {
      pace(argv[1], count, std::atof(argv[4]));
      return 0;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench-load: %s\n", error.what());
    return 1;
  }
  std::fprintf(stderr, "bench-load QUEUE_URL fill COUNT | bench-load QUEUE_URL pace COUNT RATE\n");
  return 2;
}
