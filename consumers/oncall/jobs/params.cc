#include "consumers/oncall/jobs/params.h"

#include <fmt/format.h>

#include <charconv>

namespace consumers::oncall {

namespace {

base::Result<base::TimePoint> time_of(const Params& params, const char* name) {
  const auto time = base::parse_rfc3339(params.text(name));
  if (time) return *time;
  return base::invalid(
      fmt::format("{}: \"{}\" is no time; expected one such as "
                  "2026-01-02T03:04:05Z",
                  name, cut(params.text(name), 40)));
}

// The schema's pattern has been checked: digits and one of smhd.
base::Duration ago_of(const std::string& text) {
  long long count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  const char unit = text.empty() ? 's' : text.back();
  const long long seconds = unit == 'd' ? 86'400 : unit == 'h' ? 3'600 : unit == 'm' ? 60 : 1;
  return std::chrono::seconds(count * seconds);
}

}  // namespace

const Json* Params::find(const char* name) const {
  if (!json_.is_object()) return nullptr;
  const auto member = json_.find(name);
  return member == json_.end() ? nullptr : &*member;
}

bool Params::has(const char* name) const { return find(name) != nullptr; }

std::string Params::text(const char* name, std::string fallback) const {
  const Json* value = find(name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::move(fallback);
}

std::int64_t Params::number(const char* name, std::int64_t fallback) const {
  const Json* value = find(name);
  return value != nullptr && value->is_number() ? value->get<std::int64_t>() : fallback;
}

bool Params::flag(const char* name, bool fallback) const {
  const Json* value = find(name);
  return value != nullptr && value->is_boolean() ? value->get<bool>() : fallback;
}

std::vector<std::string> Params::texts(const char* name) const {
  std::vector<std::string> texts;
  const Json* value = find(name);
  if (value == nullptr || !value->is_array()) return texts;
  for (const Json& one : *value) {
    if (one.is_string()) texts.push_back(one.get<std::string>());
  }
  return texts;
}

std::vector<Json> Params::objects(const char* name) const {
  std::vector<Json> objects;
  const Json* value = find(name);
  if (value == nullptr || !value->is_array()) return objects;
  for (const Json& one : *value) {
    if (one.is_object()) objects.push_back(one);
  }
  return objects;
}

base::Result<TimeRange> time_range_of(const Params& params, base::TimePoint now) {
  TimeRange range{now - ago_of(params.text("since", "1h")), now};
  if (params.has("to")) {
    const auto to = time_of(params, "to");
    if (!to) return to.error();
    range.to = *to;
    if (!params.has("from")) range.from = range.to - ago_of(params.text("since", "1h"));
  }
  if (params.has("from")) {
    const auto from = time_of(params, "from");
    if (!from) return from.error();
    range.from = *from;
  }
  if (range.from < range.to) return range;
  return base::invalid(fmt::format("from: {} is not before {}; expected a period of time",
                                   base::format_rfc3339(range.from),
                                   base::format_rfc3339(range.to)));
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Answer done(const Json& body) { return answer_done(dump(body)); }

Answer failed_with(int status_code, const Json& body) { return {status_code, dump(body)}; }

Answer failed(int status_code, std::string_view doing, std::string_view reason) {
  return answer_failed(status_code, fmt::format("Error {}: {}", doing, reason));
}

std::string cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  std::size_t end = bytes_max < 3 ? 0 : bytes_max - 3;
  // Not inside a character.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return std::string(text.substr(0, end)) + "...";
}

Json time_or_null(std::optional<base::TimePoint> time) {
  return time ? Json(base::format_rfc3339(*time)) : Json(nullptr);
}

std::string in_words(base::Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m{}s", seconds / 60, seconds % 60);
  return fmt::format("{}h{}m", seconds / 3600, seconds % 3600 / 60);
}

}  // namespace consumers::oncall
