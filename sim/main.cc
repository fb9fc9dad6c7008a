// autorecycle-sim: the simulated region on a port. docs/simulator.md
#include "base/http_server.h"
#include "base/log.h"
#include "sim/accelerated_clock.h"
#include "sim/autoscaling_service.h"
#include "sim/faults.h"
#include "sim/options.h"
#include "sim/region.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>

namespace asio = boost::asio;

namespace {

// A batch of ten messages of a mebibyte in all, every byte of it escaped.
constexpr std::size_t kBodyBytesMax = 16U << 20U;

std::string header_of(const base::HttpRequest& request, std::string_view name) {
  return std::string(base::find_header(request.headers, name).value_or(""));
}

asio::awaitable<base::HttpResponse> serve(sim::Region& region, base::HttpRequest request) {
  const std::string method = request.method;
  const std::string path = request.url.substr(0, request.url.find('?'));
  const std::string target = header_of(request, "X-Amz-Target");
  base::HttpResponse response = co_await region.handle(std::move(request));
  if (base::log_enabled(base::LogLevel::kInfo)) {
    base::log_info(
        "sim", "request answered",
        {{"method", method}, {"path", path}, {"target", target}, {"status", response.status}});
  }
  co_return response;
}

bool write_port_file(const std::string& path, std::uint16_t port) {
  // Written aside and renamed, so that a reader never sees half a number.
  const std::string draft = path + ".new";
  std::ofstream file(draft);
  file << port << '\n';
  file.close();
  return file.good() && std::rename(draft.c_str(), path.c_str()) == 0;
}

int run(const sim::Options& options) {
  asio::io_context context(1);
  const std::unique_ptr<base::Clock> clock =
      options.speed > 1 ? std::unique_ptr<base::Clock>(new sim::AcceleratedClock(options.speed))
                        : std::unique_ptr<base::Clock>(new base::RealClock);
  sim::Region region(context.get_executor(), *clock, options.world);
  region.auto_scaling().configure(options.lags);
  if (options.chaos) region.faults().chaos(*options.chaos);

  base::HttpServer::Options server_options;
  server_options.address = options.address;
  server_options.port = options.port;
  server_options.body_bytes_max = kBodyBytesMax;
  auto server = base::HttpServer::listen(
      context.get_executor(), server_options,
      [&region](base::HttpRequest request) { return serve(region, std::move(request)); });
  if (!server) {
    std::fprintf(stderr, "autorecycle-sim: %s\n", server.error().message.c_str());
    return 1;
  }
  const std::uint16_t port = (*server)->port();
  if (!options.port_file.empty() && !write_port_file(options.port_file, port)) {
    std::fprintf(stderr, "autorecycle-sim: cannot write %s\n", options.port_file.c_str());
    return 1;
  }
  std::printf("listening on http://%s:%u\n", options.address.c_str(), static_cast<unsigned>(port));
  std::fflush(stdout);

  int exit_code = 0;
  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (error) return;
    (*server)->stop();
    // Instances that are still on their way are of no use to anybody now.
    context.stop();
  });
  asio::co_spawn(context, (*server)->run(), [&](std::exception_ptr error) {
    if (error) exit_code = 1;
    signals.cancel();
  });
  context.run();
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // `| head` ends the log, not the region
  const sim::ParsedOptions parsed = sim::parse_options(argc, argv);
  if (parsed.exit_code) return *parsed.exit_code;
  base::configure_log(parsed.options.verbose ? base::LogLevel::kInfo : base::LogLevel::kWarn,
                      base::LogFormat::kText);
  return run(parsed.options);
}
