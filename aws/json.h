// JSON of the services that are called now and then. What comes with every message is read by
// base/json.h and written by aws/json_writer.h.
#pragma once

#include "base/result.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace aws {

using Json = nlohmann::json;

// An answer that should have been a JSON object. kRetry: a proxy's page or a cut body, not our
// fault.
inline base::Result<Json> parse_object(std::string_view what, std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) {
    return base::Error{
        base::ErrorKind::kRetry,
        "MalformedResponse",
        fmt::format("{}: the answer is not a JSON object ({} bytes)", what, text.size()),
        {}};
  }
  // In place: nlohmann's implicit conversions make a plain return ambiguous.
  return base::Result<Json>(boost::system::in_place_value, std::move(json));
}

// Text for the wire; kInvalid when a string in it is not UTF-8, which JSON cannot carry.
inline base::Result<std::string> to_text(std::string_view what, const Json& json) {
  try {
    return json.dump();
  } catch (const Json::type_error&) {
    return base::invalid(fmt::format("{}: the text is not valid UTF-8", what));
  }
}

// A string member; empty when it is absent or something else.
inline std::string text_member(const Json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : std::string();
}

}  // namespace aws
