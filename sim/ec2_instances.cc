// Instances: describing, running and ending them through EC2's own API.
#include "sim/ec2_service.h"
#include "sim/ec2_support.h"
#include "sim/faults.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace sim {
namespace {

constexpr std::chrono::hours kTerminatedShown{1};
constexpr std::int64_t kRunMax = 100;

int code_of(const std::string& state) {
  static const std::map<std::string, int> kCodes = {{"pending", 0},        {"running", 16},
                                                    {"shutting-down", 32}, {"terminated", 48},
                                                    {"stopping", 64},      {"stopped", 80}};
  const auto found = kCodes.find(state);
  return found == kCodes.end() ? 0 : found->second;
}

Json named_state(const std::string& state) { return {{"code", code_of(state)}, {"name", state}}; }

std::optional<std::string> filtered_value(const Ec2Instance& instance, const std::string& name) {
  if (name == "instance-id") return instance.id;
  if (name == "instance-state-name") return instance.state;
  if (name == "instance-type") return instance.type;
  if (name == "image-id") return instance.image;
  if (name == "availability-zone") return instance.zone;
  if (name == "subnet-id") return instance.subnet;
  if (name.starts_with("tag:")) {
    const auto tag = instance.tags.find(name.substr(4));
    return tag == instance.tags.end() ? std::nullopt : std::optional(tag->second);
  }
  return std::nullopt;
}

// 10.0.0.1, 10.0.0.2, ...: no random number is drawn for it.
std::string address_number(std::uint32_t number) {
  return fmt::format("10.{}.{}.{}", number >> 16U & 0xffU, number >> 8U & 0xffU, number & 0xffU);
}

bool passes(const Ec2Instance& instance, const std::string& name,
            const std::vector<std::string>& values) {
  if (name == "tag-key") {
    return std::any_of(values.begin(), values.end(),
                       [&](const auto& key) { return instance.tags.contains(key); });
  }
  const std::optional<std::string> value = filtered_value(instance, name);
  return value && std::find(values.begin(), values.end(), *value) != values.end();
}

}  // namespace

std::string Ec2Service::launch(LaunchOptions options) {
  forget_old_instances();
  Ec2Instance instance;
  instance.id = "i-" + world_.random().hex(17);
  instance.image = std::move(options.image);
  instance.type = std::move(options.type);
  instance.zone = std::move(options.zone);
  if (const Zone* zone = find_zone(instance.zone)) instance.subnet = zone->subnet;
  instance.launched = instance.state_since = world_.clock().now();
  instance.tags = std::move(options.tags);
  instance.private_ip = address_number(++addresses_given_);
  std::string id = instance.id;
  instances_[id] = std::move(instance);
  return id;
}

void Ec2Service::set_state(const std::string& id, const std::string& state) {
  const auto found = instances_.find(id);
  if (found == instances_.end() || found->second.state == state) return;
  found->second.previous_state = found->second.state;
  found->second.state = state;
  found->second.state_since = world_.clock().now();
}

const Ec2Instance* Ec2Service::find(const std::string& id) const {
  const auto found = instances_.find(id);
  return found == instances_.end() ? nullptr : &found->second;
}

const Ec2Instance* Ec2Service::find_by_address(const std::string& private_ip) const {
  for (const auto& [id, instance] : instances_) {
    if (instance.private_ip == private_ip && instance.state != "terminated") return &instance;
  }
  return nullptr;
}

std::string Ec2Service::state_of(const Ec2Instance& instance, base::Duration ago) const {
  const base::TimePoint then = world_.clock().now() - ago;
  if (instance.launched > then) return "";
  return instance.state_since > then ? instance.previous_state : instance.state;
}

void Ec2Service::on_state_change(
    std::function<void(const std::string&, const std::string&)> listener) {
  listeners_.push_back(std::move(listener));
}

void Ec2Service::forget_old_instances() {
  const base::TimePoint now = world_.clock().now();
  std::erase_if(instances_, [now](const auto& entry) {
    return entry.second.state == "terminated" && now - entry.second.state_since > kTerminatedShown;
  });
}

Json Ec2Service::render(const Ec2Instance& instance) const {
  Json tags = Json::array();
  for (const auto& [key, value] : instance.tags) {
    tags.push_back({{"key", key}, {"value", value}});
  }
  Json rendered = {{"instanceId", instance.id},
                   {"imageId", instance.image},
                   {"instanceState", named_state(instance.state)},
                   {"instanceType", instance.type},
                   {"launchTime", wire_time(instance.launched)},
                   {"placement", {{"availabilityZone", instance.zone}, {"tenancy", "default"}}},
                   {"subnetId", instance.subnet},
                   {"privateIpAddress", instance.private_ip},
                   {"architecture", "x86_64"},
                   {"tagSet", std::move(tags)}};
  if (!instance.client_token.empty()) rendered["clientToken"] = instance.client_token;
  return rendered;
}

Json Ec2Service::reservation(const std::vector<const Ec2Instance*>& instances) const {
  Json rendered = Json::array();
  for (const auto* instance : instances) rendered.push_back(render(*instance));
  const std::string seed = instances.empty() ? "" : instances.front()->id.substr(2);
  return {{"reservationId", "r-" + seed},
          {"ownerId", world_.config().account},
          {"groupSet", Json::array()},
          {"instancesSet", std::move(rendered)}};
}

Json Ec2Service::reservation_as_of(const Ec2Instance& instance, base::Duration ago) const {
  Json rendered = reservation({&instance});
  rendered["instancesSet"][0]["instanceState"] = named_state(state_of(instance, ago));
  return rendered;
}

std::variant<std::vector<Ec2Instance*>, ApiError> Ec2Service::instances_of(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kEc2);
  const std::vector<std::string> ids = args.texts("InstanceId");
  if (args.error()) return *args.error();
  std::vector<Ec2Instance*> found;
  std::vector<std::string> unknown;
  for (const auto& id : ids) {
    if (!id.starts_with("i-")) {
      return api_error("InvalidInstanceID.Malformed", fmt::format("Invalid id: \"{}\"", id));
    }
    const auto instance = instances_.find(id);
    if (instance == instances_.end()) {
      unknown.push_back(id);
    } else {
      found.push_back(&instance->second);
    }
  }
  if (!unknown.empty()) {
    return api_error(
        "InvalidInstanceID.NotFound",
        fmt::format("The instance ID{} '{}' do{} not exist", unknown.size() > 1 ? "s" : "",
                    fmt::join(unknown, ", "), unknown.size() > 1 ? "" : "es"));
  }
  return found;
}

ApiOutcome Ec2Service::describe_instances(const ApiCall& call) {
  forget_old_instances();
  auto named = instances_of(call);
  if (const auto* error = std::get_if<ApiError>(&named)) return *error;
  std::vector<Ec2Instance*> chosen = std::get<std::vector<Ec2Instance*>>(named);
  Arguments args(call.arguments, ErrorStyle::kEc2);
  if (!args.has("InstanceId")) {
    for (auto& [id, instance] : instances_) chosen.push_back(&instance);
  }
  for (const auto& filter : args.objects("Filter")) {
    Arguments filter_args(filter, ErrorStyle::kEc2);
    const std::string name = filter_args.required_text("Name");
    const std::vector<std::string> values = filter_args.texts("Value");
    if (filter_args.error()) return *filter_args.error();
    std::erase_if(chosen,
                  [&](const Ec2Instance* instance) { return !passes(*instance, name, values); });
  }
  std::vector<std::string> keys;
  for (const auto* instance : chosen) keys.push_back(instance->id);
  auto page = take_page(args, keys, {"MaxResults", 1000, 1000});
  if (const auto* error = std::get_if<ApiError>(&page)) return *error;
  const Page& range = std::get<Page>(page);
  const base::Duration age = world_.faults().read_age();
  Json reservations = Json::array();
  for (std::size_t i = range.begin; i < range.end; ++i) {
    if (state_of(*chosen[i], age).empty()) continue;  // not known yet, as far as this read goes
    reservations.push_back(reservation_as_of(*chosen[i], age));
  }
  ApiAnswer answer;
  answer.result["reservationSet"] = std::move(reservations);
  if (!range.next_token.empty()) answer.result["nextToken"] = range.next_token;
  return answer;
}

ApiOutcome Ec2Service::run_instances(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kEc2);
  const std::string token = args.text_or("ClientToken", "");
  const std::int64_t count = args.integer_or("MinCount", 1);
  const std::string subnet = args.text_or("SubnetId", zones_.front().subnet);
  LaunchOptions options{.image = args.text_or("ImageId", "ami-0simulated0000000"),
                        .type = args.text_or("InstanceType", "m1.small"),
                        .zone = "",
                        .tags = {}};
  if (args.error()) return *args.error();
  if (count < 1 || count > kRunMax) {
    return api_error("InvalidParameterValue",
                     fmt::format("Value ({}) for parameter minCount is invalid.", count));
  }
  const Zone* zone = find_zone(subnet);
  if (zone == nullptr) {
    return api_error("InvalidSubnetID.NotFound",
                     fmt::format("The subnet ID '{}' does not exist", subnet));
  }
  options.zone = zone->name;
  std::vector<const Ec2Instance*> started;
  for (const auto& [id, instance] : instances_) {
    if (!token.empty() && instance.client_token == token) started.push_back(&instance);
  }
  if (started.empty()) {
    for (std::int64_t i = 0; i < count; ++i) {
      const std::string id = launch(options);
      instances_.at(id).client_token = token;
      started.push_back(find(id));
      settle(id, "running", std::chrono::seconds(5));
    }
    std::sort(started.begin(), started.end(),
              [](const auto* a, const auto* b) { return a->id < b->id; });
  }
  ApiAnswer answer;
  answer.result = reservation(started);
  return answer;
}

void Ec2Service::settle(const std::string& id, const std::string& state, base::Duration lag) {
  world_.after(lag, [this, id, state, since = instances_.at(id).state_since] {
    const Ec2Instance* instance = find(id);
    // Something else happened to it meanwhile.
    if (instance == nullptr || instance->state_since != since) return;
    set_state(id, state);
    for (const auto& listener : listeners_) listener(id, state);
  });
}

ApiOutcome Ec2Service::change_states(const ApiCall& call, const std::string& transient,
                                     const std::string& settled) {
  auto named = instances_of(call);
  if (const auto* error = std::get_if<ApiError>(&named)) return *error;
  const auto& chosen = std::get<std::vector<Ec2Instance*>>(named);
  for (const auto* instance : chosen) {
    if (settled != "terminated" && code_of(instance->state) > 16 && code_of(instance->state) < 64) {
      return api_error("IncorrectInstanceState",
                       fmt::format("The instance '{}' is not in a state from which it can be {}.",
                                   instance->id, settled == "running" ? "started" : "stopped"));
    }
  }
  Json changes = Json::array();
  for (auto* instance : chosen) {
    const std::string before = instance->state;
    const bool already = before == settled || before == transient ||
                         (settled == "terminated" && before == "terminated");
    if (!already) {
      set_state(instance->id, transient);
      settle(instance->id, settled, terminate_lag_);
      for (const auto& listener : listeners_) listener(instance->id, transient);
    }
    changes.push_back({{"instanceId", instance->id},
                       {"currentState", named_state(instance->state)},
                       {"previousState", named_state(before)}});
  }
  ApiAnswer answer;
  answer.result["instancesSet"] = std::move(changes);
  return answer;
}

ApiOutcome Ec2Service::terminate_instances(const ApiCall& call) {
  return change_states(call, "shutting-down", "terminated");
}
ApiOutcome Ec2Service::stop_instances(const ApiCall& call) {
  return change_states(call, "stopping", "stopped");
}
ApiOutcome Ec2Service::start_instances(const ApiCall& call) {
  return change_states(call, "pending", "running");
}

}  // namespace sim
