// The first line as a condition, an edit and a path, the rest as a letter's body: read or refused
// with a reason; what was read is applied without a crash, and a path that an edit has set is
// found.
#include "dlq/edit.h"
#include "dlq/filter.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void condition(const std::string& text, const aws::SqsMessage& message) {
  dlq::FilterSpec spec;
  spec.where = {text};
  const auto filter = dlq::Filter::parse(spec);
  if (!filter) {
    if (filter.error().message.empty()) std::abort();
    return;
  }
  filter->takes(message, dlq::read_letter(message), base::TimePoint());
}

void edit(const std::string& text, const std::string& body) {
  const auto edit = dlq::Edit::parse({text});
  if (!edit) {
    if (edit.error().message.empty()) std::abort();
    return;
  }
  const auto edited = edit->apply(body);
  if (!edited || text.starts_with("delete ")) return;
  const auto path = dlq::parse_json_path(dlq::cut_condition(text).path);
  const auto json = base::JsonDocument::parse(*edited);
  // Our reader has a limit on depth that an edit may pass.
  if (json && (!path || !dlq::find(json->root(), *path))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const auto end = std::min(all.find('\n'), all.size());
  const std::string text(all.substr(0, end));
  aws::SqsMessage message;
  message.message_id = "m-1";
  message.body = end < all.size() ? all.substr(end + 1) : std::string_view();
  condition(text, message);
  edit(text, message.body);
  return 0;
}
