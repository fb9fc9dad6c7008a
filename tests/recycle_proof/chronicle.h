// Chronicle: one undisturbed (or once disturbed) recycle as a page for people: what the group
// looked like from change to change, and the calls that made it so. docs/timelines holds the pages;
// chronicle_test.cc holds them to the simulator.
#pragma once

#include <string>
#include <vector>

namespace proof {

struct Page {
  std::string name;  // "out-in.md"
  std::string text;
};

std::vector<Page> chronicle();

}  // namespace proof
