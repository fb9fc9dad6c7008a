// bench-consumer: the program `autorecycle`, with one consumer that does next to nothing. All else,
// from the command line to the connections, is what ships: only the list of consumers differs.
//
//   BENCH_HOLD_SECONDS=30 BENCH_STAMP=1 bench-consumer worker --events-queue bench ...
//
// BENCH_HOLD_SECONDS: how long a handler keeps its message; none: it is done at once.
// BENCH_STAMP: print, per message, the nanoseconds since it was written, as "age NS", and when the
// handler ended, as "end NS", in nanoseconds of CLOCK_MONOTONIC.
#include "bench/floor/stamp.h"
#include "worker/program.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace {

class NullConsumer final : public consumers::Consumer {
 public:
  explicit NullConsumer(base::Clock& clock)
      : clock_(clock),
        hold_(number("BENCH_HOLD_SECONDS")),
        stamp_(std::getenv("BENCH_STAMP") != nullptr) {}

  std::string_view name() const override { return "null"; }
  bool accepts(const consumers::Delivery& delivery) const override {
    return std::holds_alternative<messages::RecycleRequest>(delivery.message.payload);
  }

  boost::asio::awaitable<consumers::Verdict> consume(consumers::Delivery delivery) override {
    if (stamp_) {
      bench::print_ages(std::get<messages::RecycleRequest>(delivery.message.payload).reason);
    }
    if (hold_ > std::chrono::seconds(0)) co_await clock_.sleep_for(hold_);
    if (stamp_) {
      std::printf("end %lld\n", static_cast<long long>(bench::monotonic_nanoseconds()));
      std::fflush(stdout);
    }
    co_return consumers::Done{};
  }

 private:
  static std::chrono::seconds number(const char* name) {
    const char* text = std::getenv(name);
    return std::chrono::seconds(text == nullptr ? 0 : std::atoi(text));
  }

  base::Clock& clock_;
  std::chrono::seconds hold_;
  bool stamp_;
};

// Whatever else the program hands to its consumers is of no use here.
constexpr auto make_consumers = [](consumers::recycle::Services services, auto&&...) {
  worker::ConsumerList list;
  list.push_back(std::make_unique<NullConsumer>(services.clock));
  return list;
};

}  // namespace

int main(int argc, char** argv) {
  return worker::run_program({argv + 1, argv + argc}, worker::read_environment(), std::cin,
                             std::cout, std::cerr, {make_consumers, {}});
}
