#include "consumers/recycle/control.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace consumers::recycle {
namespace {

constexpr std::array<std::pair<Control, std::string_view>, 3> kControls{{
    {Control::kPause, "pause"},
    {Control::kCancel, "cancel"},
    {Control::kCancelRestore, "cancel-restore"},
}};

}  // namespace

std::string_view to_string(Control control) {
  for (const auto& [value, name] : kControls) {
    if (value == control) return name;
  }
  return {};
}

base::Result<Control> control_from_tags(const std::map<std::string, std::string>& tags) {
  static const std::string kKey(kTagControl);
  const auto tag = tags.find(kKey);
  if (tag == tags.end()) return Control::kNone;
  for (const auto& [value, name] : kControls) {
    if (name == tag->second) return value;
  }
  return base::invalid(
      fmt::format("tag {} has the value \"{}\": expected pause, cancel or cancel-restore (delete "
                  "the tag to go on)",
                  kTagControl, tag->second.substr(0, 256)));
}

}  // namespace consumers::recycle
