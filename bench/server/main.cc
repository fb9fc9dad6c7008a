// bench-server: an SQS on a free port with a count of what arrives. Prints the port.
//
//   bench-server region    the simulated region, as autorecycle-sim serves it; signatures checked
//   bench-server stub      canned answers (bench/server/stub.h)
//
//   GET /_bench/counts    {"QUEUE": {"OPERATION": {"requests": 3, "entries": 21}}}
//   GET /_bench/arrivals  {"now": NS, "arrivals": [[NS, "QUEUE", "OPERATION"], ...]}: the last few,
//                         in nanoseconds of CLOCK_MONOTONIC
//
// An entry is a message that the request is about: a receipt handle or a body in it.
#include "base/http_server.h"
#include "base/log.h"
#include "bench/floor/stamp.h"
#include "bench/server/stub.h"
#include "sim/region.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <nlohmann/json.hpp>

#include <csignal>
#include <cstdio>
#include <deque>
#include <map>
#include <string>
#include <string_view>

namespace asio = boost::asio;

namespace {

constexpr std::size_t kArrivalsMax = 4'096;
constexpr std::size_t kBodyBytesMax = 16U << 20U;

struct Count {
  std::uint64_t requests = 0;
  std::uint64_t entries = 0;
};

struct Arrival {
  std::int64_t at = 0;
  std::string queue;
  std::string operation;
};

class Counter {
 public:
  explicit Counter(base::HttpHandler server) : server_(std::move(server)) {}

  asio::awaitable<base::HttpResponse> handle(base::HttpRequest request) {
    if (request.url == "/_bench/counts") co_return reply(counts());
    if (request.url == "/_bench/arrivals") co_return reply(arrivals());
    count(request);
    co_return co_await server_(std::move(request));
  }

 private:
  void count(const base::HttpRequest& request) {
    const auto target = base::find_header(request.headers, "x-amz-target").value_or("");
    Arrival arrival{bench::monotonic_nanoseconds(), bench::queue_of(request.body),
                    std::string(target.substr(target.find('.') + 1))};
    Count& count = counts_[arrival.queue][arrival.operation];
    ++count.requests;
    count.entries += bench::string_members(request.body, "ReceiptHandle").size() +
                     bench::string_members(request.body, "MessageBody").size();
    arrivals_.push_back(std::move(arrival));
    if (arrivals_.size() > kArrivalsMax) arrivals_.pop_front();
  }

  nlohmann::json counts() const {
    auto json = nlohmann::json::object();
    for (const auto& [queue, operations] : counts_) {
      for (const auto& [operation, count] : operations) {
        json[queue][operation] = {{"requests", count.requests}, {"entries", count.entries}};
      }
    }
    return json;
  }

  nlohmann::json arrivals() const {
    auto list = nlohmann::json::array();
    for (const Arrival& one : arrivals_) list.push_back({one.at, one.queue, one.operation});
    return {{"now", bench::monotonic_nanoseconds()}, {"arrivals", std::move(list)}};
  }

  static base::HttpResponse reply(const nlohmann::json& json) {
    return {200, {{"Content-Type", "application/json"}}, json.dump()};
  }

  base::HttpHandler server_;
  std::map<std::string, std::map<std::string, Count>> counts_;
  std::deque<Arrival> arrivals_;
};

}  // namespace

int main(int argc, char** argv) {
  const bool is_stub = argc == 2 && std::string_view(argv[1]) == "stub";
  if (argc != 2 || (!is_stub && std::string_view(argv[1]) != "region")) {
    std::fprintf(stderr, "bench-server region|stub\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  base::configure_log(base::LogLevel::kWarn, base::LogFormat::kText);
  asio::io_context context(1);
  base::RealClock clock;
  sim::Region region(context.get_executor(), clock, {});
  bench::Stub stub(clock);
  const base::HttpHandler handler = [&](base::HttpRequest request) {
    return is_stub ? stub.handle(std::move(request)) : region.handle(std::move(request));
  };
  Counter counter(handler);
  base::HttpServer::Options options;
  options.body_bytes_max = kBodyBytesMax;
  auto server = base::HttpServer::listen(
      context.get_executor(), options,
      [&counter](base::HttpRequest request) { return counter.handle(std::move(request)); });
  if (!server) {
    std::fprintf(stderr, "bench-server: %s\n", server.error().message.c_str());
    return 1;
  }
  std::printf("%u\n", static_cast<unsigned>((*server)->port()));
  std::fflush(stdout);
  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&context](const boost::system::error_code&, int) { context.stop(); });
  bool failed = false;
  asio::co_spawn(context, (*server)->run(), [&](std::exception_ptr error) {
    failed = error != nullptr;
    context.stop();
  });
  context.run();
  return failed ? 1 : 0;
}
