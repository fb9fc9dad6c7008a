// Sibling: the second group of the component, in another zone. Nobody but the workers touches it.
// It and the first one are never recycled at the same time, and it ends as it was, only newer.
#pragma once

#include "tests/recycle_proof/stage.h"

#include <map>
#include <string>

namespace proof {

class Sibling {
 public:
  explicit Sibling(Stage& stage) : stage_(stage) {}

  void start();
  bool is_meant_by(const sim::ApiCall& call) const;
  // Each tells what is wrong; empty: nothing is.
  std::string about_to_change(const sim::ApiCall& call) const;
  std::string restored(bool succeeded) const;

 private:
  const sim::Group* group() const { return stage_.engine().find(kSibling); }

  Stage& stage_;
  int min_ = 0;
  int max_ = 0;
  int desired_ = 0;
  std::map<std::string, std::string> tags_;
};

}  // namespace proof
