// Faults: what goes wrong in the region, switched on by tests or through POST /_sim/faults.
//
// Nothing goes wrong unless told so, and while nothing is told no random number is drawn. Every
// draw comes from the World's Random, so that one seed gives one run. Services ask the questions
// below at the point where the fault would bite; the Region asks decide() for every API call.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "sim/service.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sim {

enum class FaultKind {
  kThrottle,  // refused with the service's throttling error; nothing happened
  kError,     // refused with a 5xx (or the given status and code); nothing happened
  kLost,      // carried out, but the answer never arrives: the connection is closed
  kLatency,   // carried out and answered later
};

struct FaultRule {
  FaultKind kind = FaultKind::kThrottle;
  std::string service;    // "sqs", "autoscaling", ...; empty: all
  std::string operation;  // "ReceiveMessage"; a trailing * matches a prefix; empty: all
  double probability = 1.0;
  std::optional<int> count;  // a burst: this many times, then never again
  int status = 500;          // kError
  std::string code;          // kError, kThrottle; empty: the service's usual one
  std::string message;
  base::Duration latency{0};  // kLatency
};

class Faults {
 public:
  struct Settings {
    std::vector<FaultRule> rules;
    // Describe calls may answer as the world was `stale_age` ago.
    double stale_reads = 0;
    base::Duration stale_age{3'000};
    // Instances.
    double launch_fails = 0;   // the launch activity fails, no instance comes
    double never_healthy = 0;  // the instance runs but never passes load balancer health checks
    // SQS.
    double duplicate_delivery = 0;   // a received message stays visible too
    double empty_receive = 0;        // a receive answers empty at once although messages wait
    double partial_receive = 0;      // a receive takes fewer messages than it could
    double batch_entry_fails = 0;    // an entry of a batch is answered in Failed, nothing happened
    double batch_entry_refused = 0;  // the same, and said to be the sender's fault
    double any_order = 0;            // a standard queue hands out another message than its oldest
    double delete_undone = 0;        // a standard queue answers that it deleted, and did not
    // Every visibility timer runs out by up to so much earlier (never on FIFO queues, which promise
    // more) and later than it should.
    base::Duration visibility_early{0};
    base::Duration visibility_late{0};
  };

  struct Decision {
    std::optional<ApiError> refuse;  // instead of the call
    bool lose_response = false;      // after the call
    base::Duration latency{0};       // before the answer
  };

  explicit Faults(base::Random& random) : random_(random) {}

  Decision decide(const ApiCall& call);

  // How old the state is that this Describe call answers with; zero: the present.
  base::Duration read_age();
  bool launch_fails() { return draw(settings_.launch_fails); }
  bool never_healthy() { return draw(settings_.never_healthy); }
  bool duplicate_delivery() { return draw(settings_.duplicate_delivery); }
  bool empty_receive() { return draw(settings_.empty_receive); }
  int receive_at_most(int available);
  bool batch_entry_fails() { return draw(settings_.batch_entry_fails); }
  bool batch_entry_refused() { return draw(settings_.batch_entry_refused); }
  bool delete_undone() { return draw(settings_.delete_undone); }
  bool any_order() { return draw(settings_.any_order); }
  // A number below `bound`, for a fault that strikes.
  std::uint64_t pick(std::uint64_t bound);
  // What is added to a visibility timeout of this length.
  base::Duration timer_error(base::Duration visibility, bool fifo);

  Settings& settings() { return settings_; }
  void add(FaultRule rule) { settings_.rules.push_back(std::move(rule)); }
  void clear() { settings_ = {}; }
  // A moderate mixture of everything that a client must survive, chosen by the seed.
  void chaos(std::uint64_t seed);

  // The control interface's form, see docs/simulator.md. Members that are absent stay as they are;
  // "rules" are added; {"clear": true} starts from nothing. Errors name the member; then nothing
  // has changed.
  base::Result<void> apply(const Json& request);
  Json to_json() const;

 private:
  bool draw(double probability) { return probability > 0 && random_.chance(probability); }

  base::Random& random_;
  Settings settings_;
};

}  // namespace sim
