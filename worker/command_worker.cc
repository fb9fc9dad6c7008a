#include "base/http_server.h"
#include "base/log.h"
#include "base/resident.h"
#include "worker/aws_session.h"
#include "worker/board.h"
#include "worker/cli.h"
#include "worker/commands.h"
#include "worker/dead_letter_watch.h"
#include "worker/endpoints.h"
#include "worker/large_payload.h"
#include "worker/notifications.h"
#include "worker/rounds.h"
#include "worker/runtime.h"
#include "worker/startup.h"
#include "worker/task_group.h"
#include "worker/telemetry.h"
#include "worker/version.h"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <ostream>

namespace worker {

namespace asio = boost::asio;
using asio::awaitable;

namespace {

// Scrapers and probes are few; more must not use up the files that the queues need.
constexpr std::size_t kConnectionsMax = 64;

bool listens_on_loopback(const std::string& listen) {
  return listen.starts_with("127.") || listen.starts_with("[::1]");
}

// None: this worker takes no jobs.
std::optional<base::QueueUrl> jobs_queue(const std::vector<QueueSettings>& queues) {
  for (const QueueSettings& queue : queues) {
    if (queue.role == "oncall") return queue.target.url;
  }
  return std::nullopt;
}

// The process of `autorecycle worker`: what lives as long as it does.
class Process {
 public:
  Process(const Config& config, const Factories& factories, const Settings& environment)
      : config_(config),
        factories_(factories),
        environment_(environment),
        metrics_(wants_metrics(config) ? Metrics::Mode::kOn : Metrics::Mode::kOff),
        tracer_(clock_, random_, tracer_config(config.telemetry)),
        signals_(io_, SIGINT, SIGTERM) {
    signals_.add(SIGUSR1);
    signals_.add(SIGUSR2);
  }

  base::Result<void> run();
  bool configured() const { return configured_; }

 private:
  awaitable<base::Result<void>> serve();
  awaitable<void> watch_signals();
  base::Result<std::unique_ptr<base::HttpServer>> listen(Endpoints& endpoints);
  base::Result<void> write_port_file(std::uint16_t port) const;
  awaitable<base::HttpResponse> answer(Endpoints& endpoints, base::HttpRequest request);

  Config config_;
  const Factories& factories_;
  const Settings& environment_;
  base::RealClock clock_;
  base::Random random_ = base::Random::from_entropy();
  Metrics metrics_;
  Tracer tracer_;  // outlives what the loop still holds
  asio::io_context io_{1};
  asio::signal_set signals_;
  Runtime* runtime_ = nullptr;  // while it runs
  bool stop_requested_ = false;
  bool configured_ = false;  // nothing is wrong with region, profile, endpoints and windows
};

base::Result<void> Process::run() {
  std::optional<base::Result<void>> result;
  std::exception_ptr bug;
  asio::co_spawn(io_, watch_signals(), [&bug](std::exception_ptr error) {
    if (error && !is_cancellation(error)) bug = error;
  });
  asio::co_spawn(io_, serve(), [&](std::exception_ptr error, base::Result<void> ended) {
    if (error) bug = error;
    result = std::move(ended);
    signals_.cancel();
  });
  while (!result && io_.run_one() > 0) {
  }
  io_.poll();  // the signal watcher and the connections end by themselves now
  if (bug) std::rethrow_exception(bug);
  return *result;
}

awaitable<void> Process::watch_signals() {
  for (;;) {
    boost::system::error_code error;
    const int signal =
        co_await signals_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    if (signal == SIGUSR1 || signal == SIGUSR2) {
      if (runtime_ != nullptr) runtime_->pause("", signal == SIGUSR1);
      continue;
    }
    if (stop_requested_ || runtime_ == nullptr) {
      base::log_warn(
          "worker",
          runtime_ == nullptr ? "stopped during start-up" : "second signal, ending at once",
          {{"signal", signal}});
      std::fflush(nullptr);
      std::_Exit(runtime_ == nullptr && !stop_requested_ ? kExitOk : kExitSignal + signal);
    }
    stop_requested_ = true;
    base::log_info("worker", "shutting down", {{"signal", signal}});
    runtime_->drain();
  }
}

awaitable<base::Result<void>> Process::serve() {
  base::log_info("worker", "starting", {{"version", kVersion}, {"seed", random_.seed()}});
  auto recycle = recycle_config(config_);
  if (!recycle) co_return recycle.error();
  name_programs(config_, recycle->gates);
  auto session = co_await AwsSession::open(
      io_.get_executor(), clock_, random_, config_,
      [this](const aws::RequestReport& report) { metrics_.aws_request(report); });
  if (!session) co_return session.error();
  configured_ = true;
  AwsSession& aws = **session;
  LargePayloads payloads(aws.s3(), random_, config_.payloads);
  auto telemetry =
      Telemetry::open({io_.get_executor(), clock_, random_, metrics_, aws, tracer_}, config_);
  if (!telemetry) co_return telemetry.error();
  Context context{io_.get_executor(), clock_,   random_,  aws.polls(),
                  aws.sqs(),          metrics_, payloads, tracer_.is_on() ? &tracer_ : nullptr};
  auto queues = co_await find_queues(context, config_, aws.sqs_endpoint());
  if (!queues) co_return queues.error();

  Board board(clock_, metrics_);
  auto jobs = Jobs::open({aws, config_, clock_, random_, factories_.jobs, &metrics_,
                          jobs_queue(*queues), environment_});
  if (!jobs) co_return jobs.error();
  const auto notifier = make_notifier(aws.notify_clients(), config_, aws.endpoints().region.value,
                                      io_.get_executor(), clock_, random_);
  const ConsumerList list = factories_.consumers(
      aws.services(), *recycle,
      [&](const consumers::recycle::Progress& progress) {
        board.update(progress);
        notifier->post(progress);
      },
      **jobs);
  std::vector<consumers::Consumer*> consumers;
  for (const auto& consumer : list) consumers.push_back(consumer.get());
  std::map<std::string, QueueTarget> routes;
  for (const QueueSettings& queue : *queues) routes[queue.role] = queue.target;
  std::vector<std::pair<std::string, base::QueueUrl>> letters;
  for (const QueueSettings& queue : *queues) {
    if (queue.dead_letters) letters.emplace_back(queue.role, queue.dead_letters->url);
  }
  Runtime runtime(context, std::move(*queues), std::move(consumers),
                  static_cast<std::size_t>(config_.in_flight_total));
  Endpoints endpoints(runtime, metrics_, board, (*telemetry)->vitals(),
                      listens_on_loopback(config_.listen));

  TaskGroup tasks(io_.get_executor(), clock_);
  auto server = listen(endpoints);
  if (!server) co_return server.error();
  if (*server) tasks.spawn("serving HTTP", (*server)->run());
  tasks.spawn("notifying", notifier->run());
  (*telemetry)->start(tasks);
  std::deque<asio::cancellation_signal> ends;  // of what goes on for ever
  tasks.spawn("counting dead letters", watch_dead_letters(context, std::move(letters)),
              ends.emplace_back().slot());
  for (const auto& consumer : list) {
    consumers::Rounds* rounds = consumer->rounds();
    if (rounds == nullptr || !routes.contains(std::string(rounds->queue()))) continue;
    tasks.spawn("making rounds", make_rounds(context, *rounds, routes), ends.emplace_back().slot());
  }
  runtime_ = &runtime;
  base::log_info("worker", "running", {{"queues", runtime.queues().size()}});
  base::give_back_unchanged_pages();  // of the start
  co_await runtime.run();
  base::log_info("worker", "drained");
  for (asio::cancellation_signal& end : ends) end.emit(asio::cancellation_type::terminal);
  if (*server) (*server)->stop();
  notifier->close(config_.notify.deadline);
  (*telemetry)->stop();
  co_await tasks.join();
  // runtime_ stays set: a signal from now on is the second one.
  co_return base::Result<void>();
}

awaitable<base::HttpResponse> Process::answer(Endpoints& endpoints, base::HttpRequest request) {
  co_return endpoints.answer(request);
}

base::Result<std::unique_ptr<base::HttpServer>> Process::listen(Endpoints& endpoints) {
  if (config_.listen == "off") return std::unique_ptr<base::HttpServer>();
  const auto colon = config_.listen.rfind(':');
  base::HttpServer::Options options;
  options.connections_max = kConnectionsMax;
  options.address = config_.listen.substr(0, colon);
  if (options.address.starts_with('[')) {
    options.address = options.address.substr(1, options.address.size() - 2);
  }
  options.port = static_cast<std::uint16_t>(std::stoul(config_.listen.substr(colon + 1)));
  auto server = base::HttpServer::listen(io_.get_executor(), options,
                                         [this, &endpoints](base::HttpRequest request) {
                                           return answer(endpoints, std::move(request));
                                         });
  if (!server) return server.error().while_doing("opening --listen " + config_.listen);
  base::log_info("worker", "listening",
                 {{"address", options.address}, {"port", (*server)->port()}});
  const auto written = write_port_file((*server)->port());
  if (!written) return written.error();
  return server;
}

base::Result<void> Process::write_port_file(std::uint16_t port) const {
  if (config_.port_file.empty()) return {};
  // Renamed into place, so that a reader never sees half of it.
  const std::string temporary = config_.port_file + ".new";
  std::ofstream(temporary) << port << "\n";
  if (std::rename(temporary.c_str(), config_.port_file.c_str()) != 0) {
    return base::invalid("--port-file: cannot write " + config_.port_file);
  }
  return {};
}

}  // namespace

int run_worker(const Config& config, const Factories& factories, const Settings& environment,
               std::ostream& err) {
  Process process(config, factories, environment);
  const auto ended = process.run();
  if (ended) return kExitOk;
  return process.configured() ? fail(err, ended.error()) : fail_to_start(err, ended.error());
}

}  // namespace worker
