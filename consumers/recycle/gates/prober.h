// GateProber: asks what the gates of a run need to know and puts it into the Snapshot. One per run.
//
// Only instances of the group are asked, at the private address that EC2 gives for them; an address
// that no instance of a network can have (loopback, link-local, multicast) is never contacted.
#pragma once

#include "consumers/recycle/consumer.h"
#include "consumers/recycle/journal.h"
#include "consumers/recycle/snapshot.h"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <optional>
#include <string>

namespace consumers::recycle {

class GateProber {
 public:
  explicit GateProber(Services services) : services_(services) {}

  // Alarms always (unless nothing is old and no run is under way); new instances while a run is
  // under way and not being restored. Errors: of DescribeAlarms; kInvalid when this worker cannot
  // ask. What instances and commands answer is never an error. `snapshot` outlives the call.
  boost::asio::awaitable<base::Result<void>> read(Snapshot& snapshot, Policy policy,
                                                  std::optional<Journal> journal,
                                                  std::optional<base::TimePoint> force_before);

  static constexpr int kLanes = 8;                 // instances asked side by side
  static constexpr base::Duration kPause{10'000};  // between two questions to one instance

 private:
  struct Memory {
    std::optional<base::TimePoint> in_service_since;
    std::optional<Probe> http;
    std::optional<Probe> command;
    base::SteadyPoint http_at;
    base::SteadyPoint command_at;
    std::optional<Gate> held_by;
    base::TimePoint held_since;
  };
  // One question to one instance.
  struct Question {
    Gate gate = Gate::kHttp;
    base::InstanceId instance;
    std::string address;
    std::string input;  // JSON, for commands
  };
  struct Round;

  void look(const Snapshot& snapshot, const std::vector<base::InstanceId>& fresh);
  void show(Snapshot& snapshot) const;
  void note_holds(Snapshot& snapshot);
  std::vector<Question> due(const Snapshot& snapshot, Gate gate) const;
  boost::asio::awaitable<void> ask_all(GateRules rules, std::vector<Question> questions);
  boost::asio::awaitable<void> run_lanes(Round& round, int lanes);
  boost::asio::awaitable<void> run_lane(Round& round);
  boost::asio::awaitable<Probe> ask(GateRules rules, Question question);
  boost::asio::awaitable<Probe> ask_http(HttpGate gate, std::string address);
  boost::asio::awaitable<Probe> run_command(GateRules rules, std::string input);

  Services services_;
  std::string run_id_;
  std::map<base::InstanceId, Memory> memory_;
};

}  // namespace consumers::recycle
