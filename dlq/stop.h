// Stop: asked for by whoever watches (Ctrl-C), looked at wherever a walk may end.
#pragma once

namespace dlq {

class Stop {
 public:
  void request() { requested_ = true; }
  bool requested() const { return requested_; }

 private:
  bool requested_ = false;
};

}  // namespace dlq
