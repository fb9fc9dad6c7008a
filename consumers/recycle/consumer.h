// The two consumers of recycling.
//
// IntakeConsumer (queue "events"): an event or a request by hand -> the groups it concerns -> one
// RecycleRequest per recyclable group on the queue "recycles", MessageGroupId = component (sibling
// per-zone groups share one), so that SQS keeps two recycles of one component from overlapping.
//
// RecycleConsumer (queue "recycles"): carries one request out, turn by turn.
#pragma once

#include "aws/autoscaling.h"
#include "aws/ec2.h"
#include "aws/elb.h"
#include "aws/step_functions.h"
#include "aws/sts.h"
#include "base/random.h"
#include "consumers/consumer.h"
#include "consumers/recycle/model.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>

namespace consumers::recycle {

struct Outside;  // gates/outside.h

// References outlive the consumers.
struct Services {
  aws::AutoScaling& auto_scaling;
  aws::Ec2& ec2;
  aws::Elb& elb;
  aws::StepFunctions& step_functions;
  aws::Sts& sts;
  base::Clock& clock;
  base::Random& random;
  Outside* outside = nullptr;  // what gates and hooks need; none: they cannot be asked
};

struct Config {
  base::Duration poll_interval{15'000};  // between two looks at a group while waiting
  base::Duration ready_timeout{900'000};
  base::Duration terminate_timeout{3'600'000};
  base::Duration preflight_timeout{3'600'000};  // for instances that others set aside
  WindowRule default_window;                    // for out-in-timed groups without a window tag
  GateDefaults gates;           // gates and hooks where no tag says, and the names known here
  std::string success_channel;  // the step function payload's success_channel
  // How long one delivery may carry a recycle on before it is handed over (SQS ends it at 12 h).
  base::Duration handover_after = std::chrono::hours(11);
  base::Duration sweep_interval = std::chrono::minutes(5);  // zero: never

  // For which a delivery that has taken a run over waits for new instances, whatever the one before
  // did. Less than a delivery lasts: what never gets ready is not waited for by one after the
  // other.
  base::Duration patience() const { return std::min(ready_timeout, handover_after / 2); }
};

// What a turn means for those who are told of a run (notify/notice.h).
enum class Moment { kStep, kStarted, kWaiting, kDone, kFailed, kCancelled };

// Progress of one run, for logs, metrics, notifications and `status`: called after every turn.
struct Progress {
  std::string group;
  std::string strategy;
  std::string phase;  // "preflight", "grow", "cull", "swap", "restore", "finished", "aborted"
  std::string step;   // what is done, or why it waits
  std::optional<base::TimePoint> deadline;  // when it gives up waiting
  int old_instances = 0;
  int new_ready = 0;
  int in_service = 0;
  Moment moment = Moment::kStep;
  std::string run_id;
  std::string target;     // "lt-0abc:7"
  std::string component;  // of the tags below, read as they are: a run that is refused
  std::string team;       // because of a wrong tag is told of too
  std::string slack_channel;
  bool notify_pager_duty = false;
  bool needs_person = false;             // failed past the point of no return
  std::optional<base::TimePoint> until;  // when what it waits for is due: a window opens
  std::string_view waits_for;            // in a word of few, see WaitsFor; empty: it does not wait
  std::optional<int> margin;  // ready capacity above the strategy's floor, while a run is under way
  std::optional<base::TimePoint> started;  // when that run began, by whichever worker
};
using ProgressObserver = std::function<void(const Progress&)>;

class Observer;
// The eyes that the two consumers share (consumers/recycle/observer.h).
std::shared_ptr<Observer> make_observer(const Services& services);

class IntakeConsumer final : public Consumer {
 public:
  // What events say of a group is passed on to `eyes`, if there are any.
  IntakeConsumer(Services services, Config config, ProgressObserver observer = {},
                 std::shared_ptr<Observer> eyes = nullptr)
      : services_(services),
        config_(std::move(config)),
        observer_(std::move(observer)),
        eyes_(std::move(eyes)) {}
  std::string_view name() const override { return "intake"; }
  bool accepts(const Delivery& delivery) const override;
  boost::asio::awaitable<Verdict> consume(Delivery delivery) override;

 private:
  void tell_eyes(const messages::Payload& payload) const;

  Services services_;
  Config config_;
  ProgressObserver observer_;  // told of groups that are refused
  std::shared_ptr<Observer> eyes_;
};

class RecycleConsumer final : public Consumer {
 public:
  RecycleConsumer(Services services, Config config, ProgressObserver observer = {},
                  std::shared_ptr<Observer> eyes = nullptr);
  ~RecycleConsumer() override;
  std::string_view name() const override { return "recycle"; }
  bool accepts(const Delivery& delivery) const override;
  boost::asio::awaitable<Verdict> consume(Delivery delivery) override;
  // Runs whose message was lost (sweep.h).
  Rounds* rounds() override;

 private:
  Services services_;
  Config config_;
  ProgressObserver observer_;
  std::shared_ptr<Observer> eyes_;
  std::unique_ptr<Rounds> sweep_;
};

// `autorecycle plan`: reads the group and folds the planner over the model. Changes nothing.
struct PlanReport {
  std::string group;
  std::string strategy;
  std::string target;
  std::string not_recyclable;  // why there is no plan; empty otherwise
  std::vector<PlannedStep> steps;
};
boost::asio::awaitable<base::Result<PlanReport>> plan_group(Services services, Config config,
                                                            base::GroupName group,
                                                            PolicyOverrides overrides);

}  // namespace consumers::recycle
