#include "sim/world.h"

#include "sim/faults.h"

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

#include <exception>
#include <utility>

namespace sim {

namespace asio = boost::asio;

namespace {

asio::awaitable<void> run_later(base::Clock& clock, base::Duration delay,
                                std::function<void()> work) {
  co_await clock.sleep_for(delay);
  work();
}

}  // namespace

World::World(asio::any_io_executor executor, base::Clock& clock, WorldConfig config)
    : executor_(std::move(executor)),
      clock_(clock),
      config_(std::move(config)),
      random_(config_.seed),
      faults_(std::make_unique<Faults>(random_)) {}

World::~World() = default;

void World::after(base::Duration delay, std::function<void()> work) {
  asio::co_spawn(executor_, run_later(clock_, delay, std::move(work)), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
}

void World::accept_key(const std::string& id, const std::string& secret, const std::string& token) {
  config_.keys[id] = secret;
  config_.session_tokens[id] = token;
}

void World::forget_key(const std::string& id) {
  config_.keys.erase(id);
  config_.session_tokens.erase(id);
  config_.expired_keys.erase(id);
}

base::TimePoint World::signature_time() const {
  return config_.signature_time_is_real ? base::RealClock().now() : clock_.now();
}

void World::emit(Json event) {
  event["version"] = "0";
  event["id"] = random_.uuid();
  event["time"] = base::format_rfc3339(std::chrono::floor<std::chrono::seconds>(clock_.now()));
  event["account"] = config_.account;
  event["region"] = config_.region;
  if (!event.contains("resources")) event["resources"] = Json::array();
  for (const auto& listener : listeners_) listener(event);
}

void World::listen(std::function<void(const Json&)> listener) {
  listeners_.push_back(std::move(listener));
}

std::string World::arn(const std::string& service, const std::string& resource) const {
  return fmt::format("arn:aws:{}:{}:{}:{}", service, config_.region, config_.account, resource);
}

}  // namespace sim
