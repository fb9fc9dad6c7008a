// Others: alarms, operators, AWS and bad luck, as a scenario has them act on the group while it is
// being recycled.
#pragma once

#include "tests/recycle_proof/oracle.h"
#include "tests/recycle_proof/stage.h"

#include <functional>

namespace proof {

class Others {
 public:
  Others(Stage& stage, Oracle& oracle) : stage_(stage), oracle_(oracle) {}
  void act(const Event& event);
  // Everything that stands in a recycle's way goes: capacity is back, hooks pass, health returns.
  void make_peace();
  std::function<void()> on_purge;

 private:
  void ask(const char* operation, sim::Json arguments);
  void set_control(const char* value);
  void take_control_back();
  void change_bounds(const Event& event);
  void kill(const Event& event, bool fresh);
  void sicken(const Event& event);
  void protect_old(const Event& event);
  void stand_by_old(const Event& event);
  std::vector<sim::Member*> serving(bool fresh);
  void later(base::Duration delay, std::function<void()> work);

  Stage& stage_;
  Oracle& oracle_;
  std::vector<std::string> sick_;
};

}  // namespace proof
