#include "consumers/recycle/control.h"

#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

TEST(Control, IsReadFromItsTag) {
  EXPECT_EQ(*control_from_tags({}), Control::kNone);
  for (const Control control : {Control::kPause, Control::kCancel, Control::kCancelRestore}) {
    EXPECT_EQ(*control_from_tags({{"autorecycle:control", std::string(to_string(control))}}),
              control);
  }
}

TEST(Control, NamesTheTagTheValueAndWhatIsAccepted) {
  for (const char* value : {"cancle", "", "Pause"}) {
    const auto control = control_from_tags({{"autorecycle:control", value}});
    ASSERT_FALSE(control);
    EXPECT_EQ(control.error().message,
              "tag autorecycle:control has the value \"" + std::string(value) +
                  "\": expected pause, cancel or cancel-restore (delete the tag to go on)");
  }
}

}  // namespace
}  // namespace consumers::recycle
