#include "sim/xml_encode.h"

#include "sim/arguments.h"

#include <fmt/format.h>

namespace sim {

namespace {

void append_value(std::string& out, std::string_view name, const Json& value, ListStyle style);

void append_list(std::string& out, std::string_view name, const Json& list, ListStyle style) {
  if (style == ListStyle::kFlattened) {
    for (const Json& item : list) append_value(out, name, item, style);
    return;
  }
  if (list.empty()) {
    out += fmt::format("<{}/>", name);
    return;
  }
  out += fmt::format("<{}>", name);
  for (const Json& item : list) {
    append_value(out, style == ListStyle::kItem ? "item" : "member", item, style);
  }
  out += fmt::format("</{}>", name);
}

void append_value(std::string& out, std::string_view name, const Json& value, ListStyle style) {
  if (value.is_null()) return;
  if (value.is_array()) return append_list(out, name, value, style);
  if (value.is_object()) {
    out += fmt::format("<{}>", name);
    append_xml_members(out, value, style);
    out += fmt::format("</{}>", name);
    return;
  }
  append_xml_element(out, name, scalar_text(value).value_or(""));
}

}  // namespace

void append_xml_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\r':
        out += "&#xD;";
        break;
      case '\n':
      case '\t':
        out += c;
        break;
      default:
        // XML 1.0 has no way to write the other control characters.
        out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
}

void append_xml_element(std::string& out, std::string_view name, std::string_view text) {
  out += fmt::format("<{}>", name);
  append_xml_text(out, text);
  out += fmt::format("</{}>", name);
}

void append_xml_members(std::string& out, const Json& object, ListStyle style) {
  if (!object.is_object()) return;
  for (const auto& [name, value] : object.items()) append_value(out, name, value, style);
}

}  // namespace sim
