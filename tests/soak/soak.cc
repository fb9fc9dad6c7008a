#include "tests/soak/soak.h"

#include "sim/faults.h"
#include "sim/sqs_service.h"

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>

namespace soak {

using boost::asio::awaitable;
using namespace std::chrono_literals;

namespace {

constexpr const char* kStandard = "events";
constexpr const char* kFifo = "recycles.fifo";
constexpr base::Duration kTick{50};

sim::WorldConfig world_config(std::uint64_t seed) {
  sim::WorldConfig config;
  config.seed = seed;
  return config;
}

}  // namespace

Soak::Soak(Settings settings)
    : settings_(settings),
      random_(settings.seed),
      region_(loop_.executor(), loop_.clock(), world_config(settings.seed * 31 + 7)),
      oracle_(ledger_, loop_.clock()) {
  for (const std::string name : {kStandard, kFifo}) {
    create_queue(dead_letters_of(name), "");
    create_queue(name, dead_letters_of(name));
  }
  region_.sqs().watch(&oracle_);
  new_key("AKIDSOAK0");
}

Soak::~Soak() { region_.sqs().watch(nullptr); }

// Asked of the service itself: no client has a part in it.
void Soak::create_queue(const std::string& name, const std::string& dead_letters) {
  sim::Json attributes = {{"VisibilityTimeout", "30"}};
  if (name.ends_with(".fifo")) attributes["FifoQueue"] = "true";
  if (!dead_letters.empty()) {
    attributes["RedrivePolicy"] = nlohmann::json{
        {"deadLetterTargetArn", region_.world().arn("sqs", dead_letters)},
        {"maxReceiveCount",
         settings_.receives_max}}.dump();
  }
  sim::ApiCall call;
  call.service = "sqs";
  call.operation = "CreateQueue";
  call.endpoint = kEndpoint;
  call.arguments = {{"QueueName", name}, {"Attributes", attributes}};
  const auto outcome = loop_.run(region_.sqs().handle(std::move(call)));
  if (const auto* error = std::get_if<sim::ApiError>(&outcome)) {
    throw std::logic_error(name + ": " + error->message);
  }
}

void Soak::new_key(const std::string& id) {
  region_.world().accept_key(id, "secret-of-" + id, "token-of-" + id);
  key_ = {id, base::Secret("secret-of-" + id), base::Secret("token-of-" + id), std::nullopt,
          "soak"};
}

std::unique_ptr<SoakWorker> Soak::make_worker() {
  SoakWorker::Options options;
  options.id = ++last_worker_;
  options.seed = settings_.seed * 1'000'003 + static_cast<std::uint64_t>(last_worker_);
  options.queues = {{"events", kStandard, settings_.in_flight_max},
                    {"recycles", kFifo, settings_.in_flight_max}};
  options.credentials = key_;
  options.visibility = settings_.visibility;
  auto worker = std::make_unique<SoakWorker>(
      SoakWorker::World{loop_.executor(), loop_.clock(), region_, ledger_, oracle_, traffic_},
      std::move(options));
  worker->http().weather = weather_;
  worker->http().refuse = [this](const base::HttpRequest& request) {
    return refuse_ ? refuse_(request) : std::nullopt;
  };
  worker->start();
  return worker;
}

void Soak::start_workers() {
  for (int i = 0; i < settings_.workers; ++i) workers_.push_back(make_worker());
}

void Soak::send(Serial serial, bool fifo) {
  const std::string group = fifo ? fmt::format("group-{}", random_.below(settings_.groups)) : "";
  region_.sqs().deliver(region_.world().arn("sqs", fifo ? kFifo : kStandard),
                        ledger_.body_of(serial), group);
}

void Soak::spawn(awaitable<void> task) {
  ++tasks_;
  boost::asio::co_spawn(loop_.executor(), std::move(task), [this](std::exception_ptr error) {
    --tasks_;
    if (error) std::rethrow_exception(error);
  });
}

awaitable<void> Soak::pause(base::Duration least, base::Duration most) {
  const base::Duration drawn = least + base::Duration(random_.below((most - least).count() + 1));
  const auto until = loop_.clock().steady_now() + drawn;
  // In steps, so that a run that is over does not wait for the weather.
  while (!over_ && loop_.clock().steady_now() < until) {
    co_await loop_.clock().sleep_until(std::min(until, loop_.clock().steady_now() + 1s));
  }
}

awaitable<void> Soak::send_all() {
  const double share = static_cast<double>(settings_.messages) *
                       static_cast<double>(kTick.count()) /
                       static_cast<double>(settings_.duration.count());
  double due = 0;
  while (!over_ && ledger_.size() < settings_.messages) {
    due += share;
    // In bursts: full receives and lone messages both.
    if (random_.chance(settings_.bursts)) {
      while (due >= 1 && oracle_.unsettled() < settings_.backlog &&
             ledger_.size() < settings_.messages) {
        send(ledger_.add(settings_.mix, random_), random_.chance(0.4));
        --due;
      }
    }
    co_await loop_.clock().sleep_for(kTick);
  }
  sent_all_ = true;
}

bool Soak::settle(base::Duration limit) {
  return loop_.run_until([this] { return oracle_.is_settled() && leaving_.empty(); }, limit);
}

void Soak::bury_the_dead() {
  std::erase_if(leaving_, [this](const auto& worker) {
    if (!worker->is_over()) return false;
    if (!worker->is_killed()) oracle_.drained(worker->id());
    return true;
  });
}

Report Soak::finish() {
  for (auto& worker : workers_) {
    worker->drain();
    leaving_.push_back(std::move(worker));
  }
  workers_.clear();
  const bool ended = loop_.run_until(
      [this] {
        bury_the_dead();
        return leaving_.empty() && tasks_ == 0;
      },
      10min);
  if (!ended) {
    std::string who;
    for (const auto& worker : leaving_) {
      who += fmt::format("worker {}: killed {}, ended {}, holds {}\n", worker->id(),
                         worker->is_killed(), worker->has_ended(), worker->in_flight());
    }
    oracle_.blame("a worker never ended its drain", fmt::format("{}tasks left {}\n", who, tasks_));
  }
  // After a violation the run was broken off: what is left then is no news.
  if (oracle_.violations().empty()) oracle_.conclude();
  Report report;
  report.seed = settings_.seed;
  report.again = settings_.again;
  report.hash = oracle_.timeline().hash();
  report.events = oracle_.timeline().events();
  report.messages = ledger_.size();
  report.stats = oracle_.stats();
  report.traffic = traffic_;
  report.violations = oracle_.violations();
  report.elapsed =
      std::chrono::duration_cast<base::Duration>(loop_.clock().steady_now() - base::SteadyPoint{});
  return report;
}

Report Soak::run(const std::function<void(const std::string&)>& progress) {
  start_workers();
  spawn(send_all());
  if (settings_.weather) spawn(change_weather());
  if (settings_.kills || settings_.drains) spawn(restart_workers());
  if (settings_.clocks) spawn(shift_clocks());
  if (settings_.keys) spawn(rotate_keys());
  if (settings_.denials) spawn(deny_queues());
  base::Duration spent{0};
  constexpr base::Duration kStep{1'000};
  const auto is_done = [this] { return sent_all_ && oracle_.is_settled(); };
  const auto must_end = [&] { return !oracle_.violations().empty() || spent >= settings_.limit; };
  while (!sent_all_ && !must_end()) {
    loop_.run_until([this] { return sent_all_; }, kStep);
    spent += kStep;
    bury_the_dead();
    if (progress) {
      progress(fmt::format("{:>9} sent, {:>6} open, {:>8.1f} virtual s", ledger_.size(),
                           oracle_.unsettled(), static_cast<double>(spent.count()) / 1000));
    }
  }
  // What is left must end by itself once nothing goes wrong any more.
  over_ = true;
  loop_.run_until([this] { return tasks_ == 0; }, 2min);
  calm();
  if (!must_end() && !loop_.run_until(is_done, 4h)) {
    oracle_.blame("messages are left long after everything was well again",
                  fmt::format("{} of {}", oracle_.unsettled(), ledger_.size()));
  }
  return finish();
}

std::string Report::text() const {
  std::string out = fmt::format(
      "soak: seed {}, {} messages in {:.0f} virtual s, trace {:016x} of {} events\n"
      "  handed out {}, begun {}, cancelled {}, lost {}, stale deletes {}, moved to the "
      "dead-letter "
      "queue {}, dead letters {}, kills {}\n"
      "  requests {} ({:.4f} a message), extensions {}, failures in one second of one worker {}\n",
      seed, messages, static_cast<double>(elapsed.count()) / 1000, hash, events, stats.received,
      stats.begun, stats.cancelled, stats.lost, stats.stale_deletes, stats.buried,
      stats.dead_letters, stats.kills, traffic.total(),
      messages > 0 ? static_cast<double>(traffic.total()) / static_cast<double>(messages) : 0,
      traffic.extended, traffic.failed_in_a_second_max);
  for (const auto& [what, count] : traffic.outcomes)
    out += fmt::format("  {:>9} {}\n", count, what);
  for (const std::string& violation : violations) out += "VIOLATION " + violation;
  if (!violations.empty() && !again.empty()) out += "again: " + again + "\n";
  return out;
}

}  // namespace soak
