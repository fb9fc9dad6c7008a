// Timeline: who did what when, as text; and the group as a bar. Kept only where asked for: a
// failing seed is run again to see it.
#pragma once

#include "base/clock.h"

#include <string>
#include <vector>

namespace proof {

class Timeline {
 public:
  explicit Timeline(bool recording) : recording_(recording) {}
  bool is_recording() const { return recording_; }
  void add(base::TimePoint at, std::string who, std::string what);
  // One line each: "00:01:15  worker 1   UpdateAutoScalingGroup MinSize=8".
  std::string text(base::TimePoint start) const;

 private:
  struct Entry {
    base::TimePoint at;
    std::string who;
    std::string what;
  };
  bool recording_;
  std::vector<Entry> entries_;
};

}  // namespace proof
