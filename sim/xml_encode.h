// Writes the XML of Query and EC2 answers from plain JSON.
//
// Written here and not with pugixml because a body's carriage return must arrive: pugixml writes it
// raw, and every parser then reads a line feed.
#pragma once

#include "sim/service.h"

#include <string>
#include <string_view>

namespace sim {

enum class ListStyle {
  kMember,     // <Tags><member>..</member></Tags>
  kItem,       // <tagSet><item>..</item></tagSet>
  kFlattened,  // <Tag>..</Tag><Tag>..</Tag>
};

// The members of `object` as elements. null is left out; numbers and booleans as text.
void append_xml_members(std::string& out, const Json& object, ListStyle style);
void append_xml_element(std::string& out, std::string_view name, std::string_view text);
void append_xml_text(std::string& out, std::string_view text);

}  // namespace sim
