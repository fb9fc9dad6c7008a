// World: what the simulated services share: time, randomness, identifiers, delayed work and the
// event bus. Single-threaded; everything runs on one executor.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "sim/service.h"

#include <boost/asio/any_io_executor.hpp>
#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace sim {

class Faults;

struct WorldConfig {
  std::string region = "eu-west-2";
  std::string account = "123456789012";
  std::uint64_t seed = 1;
  // Credentials that the region knows: access key id -> secret. Empty: signatures are not checked.
  std::map<std::string, std::string> keys = {{"AKIDSIMULATED", "simulated-secret"}};
  // Temporary credentials: access key id -> the session token that must come with it.
  std::map<std::string, std::string> session_tokens;
  // Of those above: credentials that were good once.
  std::set<std::string> expired_keys;
  // Signatures' dates are compared with the operating system's time instead of the World's clock:
  // for clients in real time that talk to an accelerated region.
  bool signature_time_is_real = false;
  // How long CloudTrail takes to put an API call on the bus.
  base::Duration trail_delay{100};
};

class World {
 public:
  World(boost::asio::any_io_executor executor, base::Clock& clock, WorldConfig config);
  ~World();

  base::Clock& clock() { return clock_; }
  base::Random& random() { return random_; }
  Faults& faults() { return *faults_; }  // sim/faults.h
  const WorldConfig& config() const { return config_; }
  // Temporary credentials come and go while the world runs.
  void accept_key(const std::string& id, const std::string& secret, const std::string& token);
  void expire_key(const std::string& id) { config_.expired_keys.insert(id); }
  void forget_key(const std::string& id);
  // What signatures and expiries are compared with.
  base::TimePoint signature_time() const;
  boost::asio::any_io_executor executor() const { return executor_; }

  // Runs `work` once `delay` has passed, on the executor; never inside this call.
  void after(base::Duration delay, std::function<void()> work);

  // Puts an event on the bus; listeners (EventBridge rules) see it in order. `event` holds
  // "source", "detail-type", "resources" and "detail"; the bus adds id, time, account, region.
  void emit(Json event);
  void listen(std::function<void(const Json&)> listener);

  std::string arn(const std::string& service, const std::string& resource) const;

 private:
  boost::asio::any_io_executor executor_;
  base::Clock& clock_;
  WorldConfig config_;
  base::Random random_;
  std::unique_ptr<Faults> faults_;
  std::vector<std::function<void(const Json&)>> listeners_;
};

}  // namespace sim
