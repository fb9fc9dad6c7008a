// Ec2Service: launch templates, instances and a fixed network of three zones.
//
// Answers carry the element names of EC2's XML (lower-case first letter, lists named ...Set).
// Groups launch through launch() and set_state(); EC2 tells them through on_state_change() what its
// own API did to an instance. Terminated instances stay describable for an hour.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/
#pragma once

#include "sim/ec2_model.h"
#include "sim/service.h"
#include "sim/world.h"

#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace sim {

class Ec2Service final : public Service {
 public:
  explicit Ec2Service(World& world);
  boost::asio::awaitable<ApiOutcome> handle(ApiCall call) override;
  // The same at once: no operation waits.
  ApiOutcome carry_out(const ApiCall& call);

  const std::vector<Zone>& zones() const { return zones_; }
  const Zone* find_zone(const std::string& name_or_subnet) const;

  // The version that the reference means now.
  std::variant<ResolvedTemplate, ApiError> resolve(const LaunchTemplateReference& reference) const;

  struct LaunchOptions {
    std::string image;
    std::string type;
    std::string zone;
    std::map<std::string, std::string> tags;
  };
  // Creates a pending instance and returns its id; the caller moves it on.
  std::string launch(LaunchOptions options);
  void set_state(const std::string& id, const std::string& state);
  const Ec2Instance* find(const std::string& id) const;
  // Of an instance that is not terminated.
  const Ec2Instance* find_by_address(const std::string& private_ip) const;
  // Its state so long ago; empty: it was not known yet.
  std::string state_of(const Ec2Instance& instance, base::Duration ago) const;

  // Called when EC2's own API terminates, stops or starts an instance, with its new state.
  void on_state_change(
      std::function<void(const std::string& id, const std::string& state)> listener);

  // How long "shutting-down" lasts after TerminateInstances.
  void set_terminate_lag(base::Duration lag) { terminate_lag_ = lag; }

 private:
  using Operation = ApiOutcome (Ec2Service::*)(const ApiCall&);
  static const std::map<std::string, Operation>& operations();

  ApiOutcome create_launch_template(const ApiCall& call);
  ApiOutcome create_launch_template_version(const ApiCall& call);
  ApiOutcome modify_launch_template(const ApiCall& call);
  ApiOutcome describe_launch_templates(const ApiCall& call);
  ApiOutcome describe_launch_template_versions(const ApiCall& call);
  ApiOutcome delete_launch_template(const ApiCall& call);
  ApiOutcome delete_launch_template_versions(const ApiCall& call);
  ApiOutcome describe_instances(const ApiCall& call);
  ApiOutcome run_instances(const ApiCall& call);
  ApiOutcome terminate_instances(const ApiCall& call);
  ApiOutcome stop_instances(const ApiCall& call);
  ApiOutcome start_instances(const ApiCall& call);
  ApiOutcome create_tags(const ApiCall& call);
  ApiOutcome describe_subnets(const ApiCall& call);
  ApiOutcome describe_availability_zones(const ApiCall& call);

  ApiOutcome change_states(const ApiCall& call, const std::string& transient,
                           const std::string& settled);
  std::variant<std::vector<Ec2Instance*>, ApiError> instances_of(const ApiCall& call);
  std::variant<LaunchTemplate*, ApiError> template_of(const Json& arguments);
  const LaunchTemplate* find_template(const LaunchTemplateReference& reference) const;
  Json render(const LaunchTemplate& launch_template) const;
  Json render(const LaunchTemplate& launch_template, const LaunchTemplateVersion& version) const;
  Json render(const Ec2Instance& instance) const;
  Json reservation(const std::vector<const Ec2Instance*>& instances) const;
  Json reservation_as_of(const Ec2Instance& instance, base::Duration ago) const;
  void settle(const std::string& id, const std::string& state, base::Duration lag);
  void forget_old_instances();
  std::string user_arn() const;

  World& world_;
  std::vector<Zone> zones_;
  std::map<std::string, LaunchTemplate> templates_;  // by id
  std::map<std::string, Ec2Instance> instances_;     // by id
  std::uint32_t addresses_given_ = 0;
  std::vector<std::function<void(const std::string&, const std::string&)>> listeners_;
  base::Duration terminate_lag_ = std::chrono::seconds(21);
};

}  // namespace sim
