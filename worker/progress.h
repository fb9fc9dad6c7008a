// Progress: one line that says how far a replay is. On a terminal it is written over itself, with a
// bar; elsewhere it is a new line every second.
#pragma once

#include "base/clock.h"
#include "dlq/summary.h"

#include <iosfwd>
#include <string>

namespace worker {

class Progress {
 public:
  Progress(std::ostream& out, bool terminal, base::Clock& clock);

  void show(const dlq::Summary& summary);
  // Takes the line off a terminal, so that what follows begins at the left.
  void end();

 private:
  std::ostream& out_;
  bool terminal_;
  base::Clock& clock_;
  base::SteadyPoint started_;
  base::SteadyPoint shown_;
  bool shown_once_ = false;
};

// "[#####.....]  50%  500 of 1000  98/s  5s left": for Progress and its tests.
std::string progress_line(const dlq::Summary& summary, base::Duration since_start, bool bar);

// Whether standard error is a terminal.
bool stderr_is_terminal();

}  // namespace worker
