// Soak: what goes wrong, and when.
#include "sim/faults.h"
#include "sim/sqs_service.h"
#include "tests/soak/soak.h"

#include <fmt/format.h>

#include <algorithm>

namespace soak {

using boost::asio::awaitable;
using namespace std::chrono_literals;

namespace {

sim::FaultRule rule(sim::FaultKind kind, double probability, int status = 500) {
  sim::FaultRule made;
  made.kind = kind;
  made.service = "sqs";
  made.probability = probability;
  made.status = status;
  return made;
}

base::HttpResponse refusal(const std::string& type, int status) {
  base::HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "application/x-amz-json-1.0"}};
  response.body = fmt::format("{{\"__type\":\"{}\",\"message\":\"refused for a while\"}}", type);
  return response;
}

}  // namespace

void Soak::calm() {
  weather_ = {};
  refuse_ = {};
  region_.faults().clear();
  for (const auto& worker : workers_) {
    worker->http().weather = weather_;
    worker->clock().set_offset(base::Duration(0));
    worker->credentials().current = key_;
  }
}

// One kind of trouble, hard.
void Soak::storm(test::Weather& weather) {
  sim::Faults& faults = region_.faults();
  switch (random_.below(12)) {
    case 0:
      faults.add(rule(sim::FaultKind::kThrottle, 1));
      break;
    case 1:
      faults.add(rule(sim::FaultKind::kThrottle, 0.5));
      break;
    case 2:
      faults.add(rule(sim::FaultKind::kError, 0.7, 503));
      break;
    case 3:
      weather.reset_after = 0.5;
      break;
    case 4:
      weather.cut = 0.5;
      break;
    case 5:
      weather.black_hole_before = 1;
      break;
    case 6:
      weather.black_hole_after = 0.5;
      break;
    case 7:
      weather.slow = 1;
      weather.slow_max = 40s;
      break;
    case 8:
      faults.settings().batch_entry_fails = 0.6;
      break;
    case 9:
      faults.settings().batch_entry_refused = 0.3;
      break;
    case 10:
      faults.settings().duplicate_delivery = 0.5;
      break;
    default:
      weather.refused = 0.9;
      break;
  }
}

awaitable<void> Soak::change_weather() {
  while (!over_) {
    region_.faults().clear();
    weather_ = {};
    const double roll = random_.uniform();
    if (roll > 0.3) {  // unsettled: a little of everything
      for (double* share :
           {&weather_.refused, &weather_.reset_before, &weather_.reset_after,
            &weather_.black_hole_before, &weather_.black_hole_after, &weather_.gateway,
            &weather_.gateway_after, &weather_.cut, &weather_.repeated, &weather_.slow}) {
        *share = random_.chance(0.5) ? random_.uniform() * 0.01 : 0;
      }
      weather_.latency_max = base::Duration(1 + random_.below(60));
      auto& faults = region_.faults().settings();
      faults.duplicate_delivery = random_.uniform() * 0.01;
      faults.empty_receive = random_.uniform() * 0.1;
      faults.partial_receive = random_.uniform() * 0.3;
      faults.batch_entry_fails = random_.uniform() * 0.01;
      faults.batch_entry_refused = random_.uniform() * 0.002;
      faults.any_order = random_.uniform();
      faults.delete_undone = random_.uniform() * 0.002;
      if (random_.chance(0.3)) faults.visibility_late = 10s;
      if (random_.chance(0.3)) faults.visibility_early = 2s;
      region_.faults().add(rule(sim::FaultKind::kThrottle, random_.uniform() * 0.02));
      region_.faults().add(rule(sim::FaultKind::kError, random_.uniform() * 0.01));
    }
    if (roll > 0.7) storm(weather_);
    const bool one_worker = random_.chance(0.3);
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      workers_[i]->http().weather = one_worker && i > 0 ? test::Weather{} : weather_;
    }
    co_await pause(roll > 0.7 ? 1s : 5s, roll > 0.7 ? 45s : 30s);
  }
}

awaitable<void> Soak::restart_workers() {
  while (!over_) {
    co_await pause(1s, 40s);
    if (over_) break;
    const auto slot = static_cast<std::size_t>(random_.below(settings_.workers));
    if (slot >= workers_.size()) continue;  // it has not come back yet
    const bool kill = settings_.kills && (!settings_.drains || random_.chance(0.6));
    if (kill) {
      workers_[slot]->kill();
    } else {
      workers_[slot]->drain();
      // Now and then its end does not come soon enough for somebody.
      if (settings_.kills && random_.chance(0.3)) {
        co_await pause(0s, 8s);
        if (!workers_[slot]->is_over()) workers_[slot]->kill();
      }
    }
    leaving_.push_back(std::move(workers_[slot]));
    workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(slot));
    if (random_.chance(0.5)) co_await pause(0s, 10s);
    workers_.push_back(make_worker());
    bury_the_dead();
  }
}

awaitable<void> Soak::shift_clocks() {
  while (!over_) {
    co_await pause(20s, 120s);
    if (over_ || workers_.empty()) continue;
    constexpr base::Duration kOffsets[] = {0ms, 10min, -10min, 4min};
    auto& worker = workers_[static_cast<std::size_t>(
        random_.below(static_cast<std::int64_t>(workers_.size())))];
    worker->clock().set_offset(kOffsets[random_.below(4)]);
  }
}

awaitable<void> Soak::rotate_keys() {
  for (int number = 1; !over_; ++number) {
    co_await pause(60s, 180s);
    if (over_) break;
    const std::string old = key_.access_key_id;
    new_key(fmt::format("AKIDSOAK{}", number));
    for (const auto& worker : workers_) {
      // Some hear of it only after the old one is no good any more.
      if (random_.chance(0.7)) worker->credentials().current = key_;
    }
    co_await pause(1s, 30s);
    region_.world().expire_key(old);
    co_await pause(1s, 40s);
    for (const auto& worker : workers_) worker->credentials().current = key_;
  }
}

awaitable<void> Soak::deny_queues() {
  while (!over_) {
    co_await pause(60s, 240s);
    if (over_) break;
    const std::string queue = random_.chance(0.5) ? "/events\"" : "/recycles.fifo\"";
    const bool denied = random_.chance(0.5);
    refuse_ = [queue,
               denied](const base::HttpRequest& request) -> std::optional<base::HttpResponse> {
      if (request.body.find(queue) == std::string::npos) return std::nullopt;
      return denied ? refusal("com.amazon.coral.service#AccessDeniedException", 403)
                    : refusal("com.amazonaws.sqs#QueueDoesNotExist", 400);
    };
    co_await pause(1s, 60s);
    refuse_ = {};
  }
}

}  // namespace soak
