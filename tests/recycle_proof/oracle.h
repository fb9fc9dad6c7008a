// Oracle: looks at the simulated region after every step and at every call, and knows nothing of
// the planner. It tells what our calls did from what others and AWS did, and says which of the
// promises was broken.
#pragma once

#include "tests/recycle_proof/scenario.h"
#include "tests/recycle_proof/sibling.h"
#include "tests/recycle_proof/stage.h"
#include "tests/recycle_proof/timeline.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace proof {

class Oracle {
 public:
  Oracle(Stage& stage, const Scenario& scenario, Timeline& timeline);

  // --- What happens -----------------------------------------------------------------------------
  void before_mutation(int worker, const sim::ApiCall& call);
  void after_call(int worker, const std::string& operation, const sim::ApiCall* call,
                  const base::Error* error);
  void looks(int worker);
  // After every piece of work of the loop.
  void step();
  // Others changed the group: whatever differs from the last look is theirs.
  void others_did(const Event& event);
  // Others are about to take this instance out.
  void others_take(const std::string& instance) { taken_by_others_.insert(instance); }
  void start(bool success_expected);

  // This worker's message is done: what it saw last is what it may have known.
  void done(int worker) { knew_ = std::max(knew_, looked_at_[worker]); }

  // --- What is asked at the end -----------------------------------------------------------------
  // All messages are settled and the region stands still.
  void expect_restored(bool succeeded);
  void expect_no_mutation(const std::string& when, int mutations_before);
  void complain(const std::string& what);

  const std::string& violation() const { return violation_; }
  bool group_deleted() const { return deleted_; }
  bool was_scaled_to_zero() const { return lowered_to_.contains(0); }  // by others
  // A newer version came too late for the last look at the group: it is for the next run.
  bool template_came_late() const;

 private:
  struct Bounds {
    int min = 0;
    int max = 0;
    int desired = 0;
    friend bool operator==(const Bounds&, const Bounds&) = default;
  };
  // Of a bound, by others; the latest one.
  struct Edit {
    int moment = 0;
    base::TimePoint at;
    std::set<int> before;  // what it replaced, and was not written down
    int value = 0;
    std::set<int> missed;  // values that may stay, because we cannot have seen it

    // Then it may stay, and so may what it replaced.
    void may_be_missed(int latest) {
      missed.insert(before.begin(), before.end());
      missed.insert(latest);
    }
  };
  struct Seen {
    bool served = false;
    base::TimePoint served_at;  // since then
    bool leaving = false;
    bool lost_new = false;  // others or fate took it out of service while it was new
  };

  void check_terminate(int worker, const sim::ApiCall& call);
  bool may_have_missed(int worker, const Edit& edit);
  void judge_edits(int worker, const sim::ApiCall& call, const sim::Group& group);
  void note_mistaken(const sim::Group& group, const std::string& id);
  void check_hooks(const sim::Group& group, const sim::ApiCall& call);
  void check_one_at_a_time(const sim::Group& group);
  void notice_members(const sim::Group& group);
  int floor() const;
  int recent_losses(int worker) const;
  bool serves_unseen(int worker, const std::string& id) const;
  int known_version(const sim::Group& group) const;
  bool is_old_for_all_we_knew(const sim::Group& group, const sim::Member& member) const;
  int too_many_for_bounds() const;
  int not_taken_back(bool succeeded) const;
  void expect_window(const sim::Member& victim);
  static Bounds bounds_of(const sim::Group& group) { return {group.min, group.max, group.desired}; }

  Stage& stage_;
  const Scenario& scenario_;
  Timeline& timeline_;
  std::string violation_;

  // What the group must come back to.
  Bounds original_;
  int lowest_max_ = 0;  // that it had on the way
  int highest_min_ = 0;
  std::set<std::string> suspended_;
  std::set<std::string> protected_;
  std::map<std::string, std::string> tags_;
  int ups_ = 0;       // others' scale-outs since
  int downs_ = 0;     // and scale-ins
  int mistaken_ = 0;  // capacity of those that others took while we had named them
  bool deleted_ = false;

  Bounds last_;  // as of the last call or deed
  std::map<std::string, Seen> members_;
  std::set<std::string> taken_by_others_;
  std::set<std::string> ours_;           // instances that we named
  std::set<std::string> new_victims_;    // of the new version, serving, named by us
  int old_lost_ = 0;                     // old ones that others or fate took out of service
  std::vector<base::TimePoint> losses_;  // instances that others or fate took out of service
  std::map<int, base::TimePoint> looked_at_;
  std::map<int, int> looks_;  // the same, and others' changes, in their order
  int moment_ = 0;
  Edit min_edit_;
  Edit max_edit_;
  int wrote_down_ = 0;  // the latest look whose journal was written
  int desired_moment_ = 0;
  std::set<int> lowered_to_;  // desired, by others
  std::set<std::string> mistaken_ids_;
  std::string run_;            // the latest one
  std::string below_floor_;    // what the call under way would do
  std::string named_now_;      // the instance that it names, and none did before
  base::TimePoint knew_;       // the last look of whoever said that it is done
  bool gave_back_ = false;     // the size, at the end of a run that failed
  bool we_lowered_ = false;    // our last change of the capacity leaves AWS a choice
  bool unjournalled_ = false;  // the call under way, and what was before it
  Bounds bounds_before_;
  std::size_t suspended_before_ = 0;
  bool first_victim_ = true;
  bool under_way_ = false;
  std::string template_;  // the version that the group names
  Sibling sibling_;
};

}  // namespace proof
