// EventsService: the simulated EventBridge, default bus only, with SQS queues as targets.
//
// Every event on the World's bus, from the region's own services or from PutEvents, is compared
// with all enabled rules and delivered to their targets at once, in the order of the rules' names.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/
#pragma once

#include "sim/arguments.h"
#include "sim/service.h"
#include "sim/sqs_service.h"
#include "sim/world.h"

#include <cstdint>
#include <map>
#include <string>

namespace sim {

class EventsService final : public Service {
 public:
  EventsService(World& world, SqsService& sqs);
  boost::asio::awaitable<ApiOutcome> handle(ApiCall call) override;

  // Deliveries that no queue took: the target is missing, or is FIFO and no group was given.
  std::uint64_t failed_invocations() const { return failed_invocations_; }

 private:
  struct Rule {
    std::string name;
    Json pattern;  // null for a rule with only a schedule, which never fires here
    std::string pattern_text;
    std::string schedule;
    std::string description;
    bool enabled = true;
    std::map<std::string, Json> targets;  // by Id
  };
  using Operation = ApiOutcome (EventsService::*)(const ApiCall&);
  static const std::map<std::string, Operation>& operations();

  ApiOutcome put_rule(const ApiCall& call);
  ApiOutcome delete_rule(const ApiCall& call);
  ApiOutcome describe_rule(const ApiCall& call);
  ApiOutcome list_rules(const ApiCall& call);
  ApiOutcome enable_rule(const ApiCall& call);
  ApiOutcome disable_rule(const ApiCall& call);
  ApiOutcome put_targets(const ApiCall& call);
  ApiOutcome remove_targets(const ApiCall& call);
  ApiOutcome list_targets_by_rule(const ApiCall& call);
  ApiOutcome put_events(const ApiCall& call);
  ApiOutcome test_event_pattern(const ApiCall& call);

  // The rule that the member names; sets the reader's error when there is none.
  Rule* rule_of(Arguments& args, const std::string& member);
  ApiOutcome set_enabled(const ApiCall& call, bool enabled);
  Json describe(const Rule& rule) const;
  Json put_one(const Json& entry);
  void route(const Json& event);
  void deliver(const Json& target, const Json& event);

  World& world_;
  SqsService& sqs_;
  std::map<std::string, Rule> rules_;
  std::uint64_t failed_invocations_ = 0;
};

}  // namespace sim
