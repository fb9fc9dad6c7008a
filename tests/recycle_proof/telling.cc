#include "tests/recycle_proof/telling.h"

#include <fmt/format.h>

namespace proof {

std::string arguments_of(const sim::ApiCall& call) {
  std::string text = call.operation;
  for (const auto& [name, value] : call.arguments.items()) {
    if (name == "AutoScalingGroupName") continue;
    if (name == "Tags") {
      for (const auto& tag : value) {
        text += " " + tag.at("Key").get<std::string>();
        if (tag.contains("Value")) text += "=" + tag.at("Value").get<std::string>();
      }
      continue;
    }
    text +=
        fmt::format(" {}={}", name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

std::string bar_of(Stage& stage, const sim::Group& group) {
  std::string bar;
  for (const auto& member : group.members) {
    const bool fresh = stage.is_new_in(group, member);
    if (member.is_in("Terminat") || member.is_in("Detach")) {
      bar += 'x';
    } else if (member.is_in("Standby") || member.is_in("EnteringStandby")) {
      bar += 'S';
    } else if (stage.serves(group, member)) {
      bar += fresh ? '+' : 'O';
    } else {
      bar += fresh ? '.' : 'o';
    }
  }
  return fmt::format("[{}] min {} desired {} max {}", bar, group.min, group.desired, group.max);
}

std::string text_of(const sim::Json& arguments, const char* name) {
  const auto found = arguments.find(name);
  if (found == arguments.end()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::optional<consumers::recycle::Journal> journal_of(const sim::Group& group) {
  std::map<std::string, std::string> tags;
  for (const auto& [key, tag] : group.tags) {
    if (key.starts_with(consumers::recycle::kJournalPrefix)) tags[key] = tag.value;
  }
  const auto journal = consumers::recycle::journal_from_tags(tags);
  return journal ? *journal : std::nullopt;
}

}  // namespace proof
