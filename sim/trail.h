// Trail: what the region remembers of API calls: CloudTrail-shaped events for the bus, and counts
// of mutations per group and caller.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference.html
#pragma once

#include "sim/service.h"
#include "sim/world.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sim {

class Ec2Service;

class Trail {
 public:
  // `ec2` tells which group an instance belongs to; may be null.
  Trail(World& world, const Ec2Service* ec2) : world_(world), ec2_(ec2) {}

  // Neither Describe*, Get*, List* nor Receive*.
  static bool is_mutation(const std::string& operation);

  // The Auto Scaling groups that the call names, itself or by their instances. To be asked before
  // the call is carried out: afterwards an instance may be gone.
  std::vector<std::string> groups_of(const ApiCall& call) const;

  // Counts the call and, for Auto Scaling and EC2, puts its event on the bus after the trail delay.
  void record(const ApiCall& call, const ApiOutcome& outcome,
              const std::vector<std::string>& groups);

  int mutations(const std::string& group, const std::string& access_key) const;
  // {"UpdateAutoScalingGroup": 2, ...}
  Json mutations_by_operation(const std::string& group, const std::string& access_key) const;

  // The detail of "AWS API Call via CloudTrail".
  Json detail_of(const ApiCall& call, const ApiOutcome& outcome);

 private:
  struct Key {
    std::string group;
    std::string access_key;
    std::string operation;
    auto operator<=>(const Key&) const = default;
  };

  World& world_;
  const Ec2Service* ec2_;
  std::map<Key, int> counts_;
};

}  // namespace sim
