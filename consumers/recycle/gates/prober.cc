#include "consumers/recycle/gates/prober.h"

#include "base/guarded.h"
#include "consumers/recycle/gates/judge.h"
#include "consumers/recycle/gates/outside.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace consumers::recycle {
namespace {

constexpr std::size_t kBodyBytesMax = 1U << 20U;  // of a health page; it is not looked at

// Whether a network interface of an instance can have this address.
bool is_instance_address(const std::string& text) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(text, error);
  if (error || address.is_loopback() || address.is_multicast() || address.is_unspecified()) {
    return false;
  }
  if (address.is_v6()) return !address.to_v6().is_link_local();
  const auto bytes = address.to_v4().to_bytes();
  return !(bytes[0] == 169 && bytes[1] == 254) && bytes[0] != 0 && bytes[0] < 224;
}

std::string input_for(const Snapshot& snapshot, const std::string& run_id,
                      const aws::GroupInstance& instance, const std::string& address) {
  const nlohmann::ordered_json json = {{"gate", "command"},
                                       {"run", run_id},
                                       {"group", snapshot.group.name.value},
                                       {"target", snapshot.target.describe()},
                                       {"instance", instance.id.value},
                                       {"zone", instance.availability_zone},
                                       {"private_ip", address}};
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

// A list of questions that several lanes work off.
struct GateProber::Round {
  GateRules rules;
  std::vector<Question> questions;
  std::size_t next = 0;
};

// What a look at the group tells; what left it is forgotten.
void GateProber::look(const Snapshot& snapshot, const std::vector<base::InstanceId>& fresh) {
  std::erase_if(memory_, [&](const auto& entry) {
    return std::ranges::find(fresh, entry.first) == fresh.end();
  });
  for (const base::InstanceId& id : fresh) {
    Memory& memory = memory_[id];
    const auto instance = std::ranges::find(snapshot.group.instances, id, &aws::GroupInstance::id);
    if (instance->lifecycle_state != "InService") {
      memory.in_service_since.reset();
    } else if (!memory.in_service_since) {
      memory.in_service_since = snapshot.gates.taken_at;
    }
  }
}

void GateProber::show(Snapshot& snapshot) const {
  for (const auto& [id, memory] : memory_) {
    snapshot.gates.instances[id] = InstanceReading{.in_service_since = memory.in_service_since,
                                                   .http = memory.http,
                                                   .command = memory.command,
                                                   .held_by = memory.held_by,
                                                   .held_since = memory.held_since};
  }
}

// Those that stand before this gate and were not asked just now.
std::vector<GateProber::Question> GateProber::due(const Snapshot& snapshot, Gate gate) const {
  std::vector<Question> questions;
  const base::SteadyPoint now = services_.clock.steady_now();
  for (const aws::GroupInstance& instance : snapshot.group.instances) {
    const auto memory = memory_.find(instance.id);
    if (memory == memory_.end()) continue;
    const auto stands = gate_before(snapshot, instance);
    // The HTTP check is repeated after it passed; what stands behind it does not matter here.
    const bool before = stands && *stands < gate;
    const bool http = gate == Gate::kHttp;
    const auto& probe = http ? memory->second.http : memory->second.command;
    const base::SteadyPoint at = http ? memory->second.http_at : memory->second.command_at;
    if (before || (probe && now - at < kPause) || (!http && probe && probe->passed)) continue;
    const std::string& address = snapshot.facts.at(instance.id).private_ip;
    questions.push_back({.gate = gate,
                         .instance = instance.id,
                         .address = address,
                         .input = input_for(snapshot, run_id_, instance, address)});
  }
  return questions;
}

boost::asio::awaitable<Probe> GateProber::ask_http(HttpGate gate, std::string address) {
  if (!is_instance_address(address)) {
    co_return Probe{false, address.empty() ? "EC2 shows no private address yet"
                                           : "its address is none of a network: " + address};
  }
  const bool v6 = address.find(':') != std::string::npos;
  base::HttpRequest request;
  request.url = fmt::format("{}://{}{}{}:{}{}", gate.tls ? "https" : "http", v6 ? "[" : "", address,
                            v6 ? "]" : "", gate.port, gate.path);
  request.headers.push_back({"User-Agent", "autorecycle"});
  aws::HttpOptions options;
  options.timeout = gate.request_timeout;
  options.body_bytes_max = kBodyBytesMax;
  options.fresh_connection = true;
  options.direct = true;
  const auto response = co_await services_.outside->http.send(std::move(request), options);
  if (!response) co_return Probe{false, response.error().to_string()};
  if (response->status >= gate.status_low && response->status <= gate.status_high) {
    co_return Probe{true, ""};
  }
  const std::string expected = gate.status_low == gate.status_high
                                   ? fmt::format("{}", gate.status_low)
                                   : fmt::format("{}-{}", gate.status_low, gate.status_high);
  co_return Probe{false, fmt::format("status {}, expected {}", response->status, expected)};
}

boost::asio::awaitable<Probe> GateProber::run_command(GateRules rules, std::string input) {
  const auto command = services_.outside->commands.find(rules.command);
  if (command == services_.outside->commands.end()) {
    co_return Probe{false, fmt::format("this worker has no command \"{}\"", rules.command)};
  }
  const auto output = co_await services_.outside->run(
      command->second, program_limits(rules.command_timeout, std::move(input)));
  if (!output) co_return Probe{false, output.error().to_string()};
  if (output->exit_code == 0) co_return Probe{true, ""};
  co_return Probe{false, describe_failure(*output)};
}

boost::asio::awaitable<Probe> GateProber::ask(GateRules rules, Question question) {
  if (question.gate == Gate::kHttp) co_return co_await ask_http(*rules.http, question.address);
  co_return co_await run_command(std::move(rules), std::move(question.input));
}

boost::asio::awaitable<void> GateProber::run_lane(Round& round) {
  while (round.next < round.questions.size()) {
    const Question& question = round.questions[round.next++];
    Probe probe = co_await ask(round.rules, question);
    const auto memory = memory_.find(question.instance);
    if (memory == memory_.end()) continue;
    const bool http = question.gate == Gate::kHttp;
    (http ? memory->second.http : memory->second.command) = std::move(probe);
  }
}

boost::asio::awaitable<void> GateProber::run_lanes(Round& round, int lanes) {
  using namespace boost::asio::experimental::awaitable_operators;
  if (lanes <= 1) co_return co_await run_lane(round);
  co_await (base::guarded(run_lane(round)) && base::guarded(run_lanes(round, lanes - 1)));
}

boost::asio::awaitable<void> GateProber::ask_all(GateRules rules, std::vector<Question> questions) {
  Round round{std::move(rules), std::move(questions)};
  const int lanes = std::min(kLanes, static_cast<int>(round.questions.size()));
  if (lanes > 0) co_await run_lanes(round, lanes);
  // So that whoever looks at the group again after a long round need not ask again at once.
  for (const Question& question : round.questions) {
    const auto memory = memory_.find(question.instance);
    if (memory == memory_.end()) continue;
    const bool http = question.gate == Gate::kHttp;
    (http ? memory->second.http_at : memory->second.command_at) = services_.clock.steady_now();
  }
}

// Since when each stands before the gate that it stands before now.
void GateProber::note_holds(Snapshot& snapshot) {
  for (const aws::GroupInstance& instance : snapshot.group.instances) {
    const auto memory = memory_.find(instance.id);
    if (memory == memory_.end()) continue;
    const auto gate = gate_before(snapshot, instance);
    if (memory->second.held_by == gate) continue;
    memory->second.held_by = gate;
    memory->second.held_since = snapshot.gates.taken_at;
  }
}

boost::asio::awaitable<base::Result<void>> GateProber::read(
    Snapshot& snapshot, Policy policy, std::optional<Journal> journal,
    std::optional<base::TimePoint> force_before) {
  const GateRules& rules = policy.gates;
  snapshot.gates.rules = rules;
  snapshot.gates.taken_at = services_.clock.now();
  run_id_ = journal ? journal->run_id : std::string();
  std::vector<base::InstanceId> fresh;
  for (const aws::GroupInstance& instance : snapshot.group.instances) {
    const bool counts = !is_leaving(instance) && !is_standby(instance);
    if (counts && !is_old(snapshot, instance, force_before)) fresh.push_back(instance.id);
  }
  const bool any_old = fresh.size() < snapshot.group.instances.size();
  const bool asks = rules.http || !rules.command.empty() || !rules.alarms.empty();
  if (asks && services_.outside == nullptr) {
    co_return base::invalid("the group's tags ask for gates that this worker cannot ask");
  }
  if (!rules.alarms.empty() && (any_old || journal)) {
    auto alarms = co_await services_.outside->alarms.read(rules.alarms);
    if (!alarms) co_return alarms.error();
    snapshot.gates.alarms = std::move(*alarms);
  }
  const bool timed =
      std::ranges::any_of(rules.timeouts, [](const auto& one) { return one.has_value(); });
  const bool looks = timed || rules.min_age.count() > 0 || rules.http || !rules.command.empty();
  if (!looks || !journal || journal->phase == Phase::kRestore) co_return base::Result<void>();
  look(snapshot, fresh);
  show(snapshot);
  if (rules.http) {
    co_await ask_all(rules, due(snapshot, Gate::kHttp));
    show(snapshot);
  }
  if (!rules.command.empty()) {
    co_await ask_all(rules, due(snapshot, Gate::kCommand));
    show(snapshot);
  }
  note_holds(snapshot);
  show(snapshot);
  co_return base::Result<void>();
}

}  // namespace consumers::recycle
