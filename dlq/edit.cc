#include "dlq/edit.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace dlq {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kDelete = "delete ";

base::Error does_not_fit(const std::string& text, std::string_view why) {
  return base::invalid(
      fmt::format("edit \"{}\" does not fit the body: {}", text.substr(0, 100), why));
}

// The value that `step` leads to; with `make`, a missing member or the element behind the last is
// made. nullptr: there is none.
Json* go(Json* value, const PathStep& step, bool make) {
  if (const auto* name = std::get_if<std::string>(&step)) {
    if (value->is_null() && make) *value = Json::object();
    if (!value->is_object()) return nullptr;
    if (!make && !value->contains(*name)) return nullptr;
    return &(*value)[*name];
  }
  const std::size_t number = std::get<std::size_t>(step);
  if (value->is_null() && make) *value = Json::array();
  if (!value->is_array()) return nullptr;
  if (make && number == value->size()) value->push_back(nullptr);
  return number < value->size() ? &(*value)[number] : nullptr;
}

void take_out(Json& parent, const PathStep& step) {
  if (const auto* name = std::get_if<std::string>(&step)) {
    if (parent.is_object()) parent.erase(*name);
  } else if (parent.is_array() && std::get<std::size_t>(step) < parent.size()) {
    parent.erase(std::get<std::size_t>(step));
  }
}

}  // namespace

base::Result<Edit> Edit::parse(const std::vector<std::string>& texts) {
  Edit edit;
  for (const std::string& text : texts) {
    Change change;
    change.text = text;
    change.removes = text.starts_with(kDelete);
    const CutCondition cut =
        change.removes ? CutCondition{text.substr(kDelete.size()), {}, {}} : cut_condition(text);
    if (!change.removes && (cut.op != "=" || cut.value.empty())) {
      return base::invalid(fmt::format("edit \"{}\": expected \"path = value\" or \"delete path\"",
                                       text.substr(0, 100)));
    }
    auto path = parse_json_path(cut.path);
    if (!path) return path.error().while_doing("reading the edit");
    change.path = std::move(*path);
    if (!change.removes) change.literal = literal_of(cut.value);
    edit.changes_.push_back(std::move(change));
  }
  return edit;
}

base::Result<std::string> Edit::apply(const std::string& body) const {
  Json json = Json::parse(body, nullptr, false);
  if (json.is_discarded()) return base::invalid("the body is not JSON and cannot be edited");
  for (const Change& change : changes_) {
    Json* at = &json;
    for (std::size_t i = 0; at != nullptr && i + 1 < change.path.size(); ++i) {
      at = go(at, change.path[i], !change.removes);
    }
    if (change.removes) {
      if (at != nullptr) take_out(*at, change.path.back());
      continue;
    }
    if (at != nullptr) at = go(at, change.path.back(), true);
    if (at == nullptr) return does_not_fit(change.text, "a value on the way has no members");
    *at = Json::parse(change.literal);
  }
  return json.dump();
}

std::string edit_input(const aws::SendOptions& send) {
  Json json = {{"body", send.body}, {"attributes", Json::object()}};
  for (const auto& [name, attribute] : send.attributes) {
    json["attributes"][name] = {{"type", attribute.data_type}, {"value", attribute.value}};
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

base::Result<void> take_edited(aws::SendOptions& send, const std::string& answer) {
  const auto wrong = [](std::string_view what) {
    return base::invalid(fmt::format("the edit command's answer: {}", what));
  };
  const Json json = Json::parse(answer, nullptr, false);
  if (!json.is_object()) return wrong("expected one JSON object");
  if (const auto body = json.find("body"); body != json.end()) {
    if (!body->is_string() || body->get_ref<const std::string&>().empty()) {
      return wrong("body: expected a text that is not empty");
    }
    send.body = body->get<std::string>();
  }
  const auto attributes = json.find("attributes");
  if (attributes == json.end()) return {};
  if (!attributes->is_object()) return wrong("attributes: expected an object");
  aws::MessageAttributes edited;
  for (const auto& [name, value] : attributes->items()) {
    const auto text = [&value = value](const char* member) {
      const auto found = value.find(member);
      return value.is_object() && found != value.end() && found->is_string()
                 ? found->get<std::string>()
                 : std::string();
    };
    aws::MessageAttribute attribute{text("type"), text("value")};
    if (attribute.data_type.empty() || attribute.value.empty()) {
      return wrong("attributes: expected {\"type\":\"...\",\"value\":\"...\"} of each");
    }
    edited.emplace(name, std::move(attribute));
  }
  send.attributes = std::move(edited);
  return {};
}

}  // namespace dlq
