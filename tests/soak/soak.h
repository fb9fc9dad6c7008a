// Soak: several workers, a standard and a FIFO queue with their dead-letter queues, senders, and
// everything that goes wrong between them, in virtual time, from one seed.
#pragma once

#include "sim/region.h"
#include "sim/virtual_loop.h"
#include "tests/soak/ledger.h"
#include "tests/soak/oracle.h"
#include "tests/soak/soak_worker.h"
#include "tests/soak/wire.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace soak {

struct Settings {
  std::uint64_t seed = 1;
  std::size_t messages = 1'000;
  base::Duration duration = std::chrono::minutes(10);  // over which they are sent, in bursts
  int workers = 3;
  int in_flight_max = 100;      // a queue and worker
  std::size_t backlog = 2'000;  // sent and not ended, at most
  base::Duration visibility{30'000};
  int groups = 400;       // message groups of the FIFO queue
  double bursts = 0.2;    // of the ticks of 50 ms: those in which what is due is sent
  int receives_max = 10;  // then to the dead-letter queue
  base::Duration limit = std::chrono::hours(48);  // virtual
  Ledger::Mix mix;
  // What goes wrong.
  bool weather = true;  // the network and SQS's own faults
  bool kills = true;    // kill -9 and new workers
  bool drains = true;   // graceful restarts
  bool clocks = true;   // wall clocks ten minutes off
  bool keys = true;     // credentials that rotate, and sometimes too late
  bool denials = true;  // a queue that is denied, or deleted, for a while
  std::string again;    // the command that repeats this very run, for its report
};

struct Report {
  std::uint64_t seed = 0;
  std::string again;
  std::uint64_t hash = 0;
  std::uint64_t events = 0;
  std::size_t messages = 0;
  base::Duration elapsed{0};  // virtual
  Oracle::Stats stats;
  Traffic traffic;
  std::vector<std::string> violations;

  bool passed() const { return violations.empty(); }
  // Figures, violations and how to run it again.
  std::string text() const;
};

class Soak {
 public:
  explicit Soak(Settings settings);
  ~Soak();

  // `progress` is called now and then, with a line for people.
  Report run(const std::function<void(const std::string&)>& progress = {});

  // The parts, for scenarios of a test's own.
  sim::VirtualLoop& loop() { return loop_; }
  sim::Region& region() { return region_; }
  Ledger& ledger() { return ledger_; }
  Oracle& oracle() { return oracle_; }
  Traffic& traffic() { return traffic_; }
  std::vector<std::unique_ptr<SoakWorker>>& workers() { return workers_; }
  void start_workers();
  void send(Serial serial, bool fifo);
  // Until every message has ended; false: not within `limit`.
  bool settle(base::Duration limit);
  // Drains every worker, waits for what is left of them, and lets the oracle conclude.
  Report finish();

 private:
  void create_queue(const std::string& name, const std::string& dead_letters);
  std::unique_ptr<SoakWorker> make_worker();
  void bury_the_dead();
  void new_key(const std::string& id);

  boost::asio::awaitable<void> send_all();
  boost::asio::awaitable<void> change_weather();
  boost::asio::awaitable<void> restart_workers();
  boost::asio::awaitable<void> replace(std::size_t slot, base::Duration pause);
  boost::asio::awaitable<void> shift_clocks();
  boost::asio::awaitable<void> rotate_keys();
  boost::asio::awaitable<void> deny_queues();
  void storm(test::Weather& weather);
  void calm();
  void spawn(boost::asio::awaitable<void> task);
  boost::asio::awaitable<void> pause(base::Duration least, base::Duration most);

  Settings settings_;
  base::Random random_;
  sim::VirtualLoop loop_;
  sim::Region region_;
  Ledger ledger_;
  Oracle oracle_;
  Traffic traffic_;
  std::vector<std::unique_ptr<SoakWorker>> workers_;
  std::vector<std::unique_ptr<SoakWorker>> leaving_;  // killed or draining
  aws::Credentials key_;
  test::Weather weather_;
  std::function<std::optional<base::HttpResponse>(const base::HttpRequest&)> refuse_;
  int last_worker_ = 0;
  int tasks_ = 0;
  bool sent_all_ = false;
  bool over_ = false;
};

}  // namespace soak
