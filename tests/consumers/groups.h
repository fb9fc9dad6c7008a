// Groups to plan for: snapshots built in a line, and a group that obeys late.
#pragma once

#include "base/random.h"
#include "consumers/recycle/model.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace consumers::recycle {

inline const base::TimePoint kNow{std::chrono::hours(24 * 20'456)};  // 2026-01-03T00:00:00Z

aws::LaunchTemplateSpecification version(int number);
// InService, Healthy, of that template version, serving.
aws::GroupInstance instance(const std::string& id, int template_version,
                            const std::string& zone = "eu-west-2a");

struct GroupOptions {
  int old_count = 4;  // "i-old-01" .. of version 6
  int new_count = 0;  // "i-kept-01" .. of version 7, which is the target
  int zones = 2;
  int min_size = 2;
  int max_size = 8;
};
Snapshot make_snapshot(GroupOptions options);

Policy make_policy(Strategy strategy);
RunContext make_context();

// The planner's answer under the context of make_context(), and any step as one line.
Step ask(const Snapshot& snapshot, const std::optional<Journal>& journal = {},
         Strategy strategy = Strategy::kOutIn, base::TimePoint now = kNow);
std::string line(const Step& step);
// Of a run that began at kNow on a group of min 2, desired 4, max 8.
Journal journal_in(Phase phase, Strategy strategy = Strategy::kOutIn);
// Of a step that writes it; anything else is a mistake of the test.
const Journal& journal_of(const Step& step);
// Four old and four new ones, bounds pinned: the group as it is when the new ones are up.
Snapshot doubled();
aws::GroupInstance& instance_of(Snapshot& snapshot, const std::string& id);
void stop_serving(Snapshot& snapshot, const std::string& id);

// A group as AWS would run it: launches and terminations end some ticks later, a desired capacity
// below the size makes it choose victims (new ones first, the worst choice), unbalanced zones are
// rebalanced unless AZRebalance is suspended, and calls outside the bounds are refused.
class LaggyGroup {
 public:
  LaggyGroup(Snapshot start, base::Random random) : now_(std::move(start)), random_(random) {}

  const Snapshot& look() const { return now_; }
  Snapshot& touch() { return now_; }
  base::Result<void> carry_out(const Action& action);
  // Some time passes.
  void tick(base::TimePoint at);
  // From now on launched instances never get to serve, except for this share of them.
  void break_launches(double share_that_serves) { share_that_serves_ = share_that_serves; }
  // What others do: an alarm changes desired within the bounds, an instance fails for a while.
  void alarm(int change);
  void fail_somebody();
  // One of that name dies, and AWS will launch another in its place; false if there is none.
  bool kill(const std::string& prefix);

  int serving() const;
  bool is_serving(const base::InstanceId& id) const;
  int present() const;
  // Instances that are there or not yet fully gone: the network interfaces taken.
  int interfaces() const;

 private:
  void launch(base::TimePoint at);
  void terminate(base::InstanceId id);
  void scale_in();
  void rebalance();

  Snapshot now_;
  base::Random random_;
  double share_that_serves_ = 1;
  std::set<base::InstanceId> broken_;
  int launched_ = 0;
};

}  // namespace consumers::recycle
