#include "consumers/recycle/journal_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace consumers::recycle {
namespace {

constexpr std::array<std::pair<Phase, std::string_view>, 4> kPhases{{
    {Phase::kGrow, "grow"},
    {Phase::kCull, "cull"},
    {Phase::kSwap, "swap"},
    {Phase::kRestore, "restore"},
}};

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == ':';
}

void append_escaped(std::string& result, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_plain(c)) {
      result += c;
    } else if (c == ' ') {
      result += '+';
    } else {
      result += {'@', kHex[byte >> 4U], kHex[byte & 0xfU]};
    }
  }
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      result += ' ';
    } else if (is_plain(text[i])) {
      result += text[i];
    } else if (text[i] != '@') {
      return std::nullopt;  // never written by us, and longer once it is escaped
    } else {
      unsigned byte = 0;
      if (i + 2 >= text.size()) return std::nullopt;
      const char* first = text.data() + i + 1;
      if (std::from_chars(first, first + 2, byte, 16).ptr != first + 2) return std::nullopt;
      result += static_cast<char>(byte);
      i += 2;
    }
  }
  return result;
}

class Writer {
 public:
  void put(std::string_view name, std::string_view value) {
    if (!text_.empty()) text_ += '/';
    text_ += name;
    text_ += '=';
    append_escaped(text_, value);
  }
  void put(std::string_view name, base::TimePoint time) {
    put(name, std::to_string(time.time_since_epoch().count()));
  }
  void put_if(std::string_view name, std::string_view value) {
    if (!value.empty()) put(name, value);
  }
  void put_if(std::string_view name, const std::optional<base::TimePoint>& time) {
    if (time) put(name, *time);
  }
  void put_if(std::string_view name, int value) {
    if (value != 0) put(name, std::to_string(value));
  }
  void put_flag(std::string_view name, bool value) {
    if (value) put(name, "1");
  }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

std::string text_of(const Victim& victim) {
  return victim.units == 1 ? victim.id.value : fmt::format("{}:{}", victim.id.value, victim.units);
}

bool read_time(std::string_view text, base::TimePoint& time) {
  std::int64_t microseconds = 0;
  if (!read_number<std::int64_t>(text, std::numeric_limits<std::int64_t>::min(),
                                 std::numeric_limits<std::int64_t>::max(), microseconds)) {
    return false;
  }
  time = base::TimePoint(std::chrono::microseconds(microseconds));
  return true;
}

bool read_count(std::string_view text, int& count) {
  return read_number(text, 0, std::numeric_limits<int>::max(), count);
}

bool read_flag(std::string_view text, bool& flag) {
  flag = text == "1";
  return flag;
}

bool read_phase(std::string_view text, Phase& phase) {
  for (const auto& [value, name] : kPhases) {
    if (name == text) {
      phase = value;
      return true;
    }
  }
  return false;
}

bool read_strategy(std::string_view text, Strategy& strategy) {
  const auto read = parse_strategy(text);
  if (read) strategy = *read;
  return read.has_value();
}

// "i-0abc" or, with a weight, "i-0abc:4".
bool read_victim(std::string_view text, std::vector<Victim>& victims) {
  Victim& victim = victims.emplace_back();
  const auto colon = text.find(':');
  victim.id = base::InstanceId(std::string(text.substr(0, colon)));
  if (colon == std::string_view::npos) return true;
  return read_number(text.substr(colon + 1), 1, std::numeric_limits<int>::max(), victim.units);
}

using Read = bool (*)(std::string_view value, Journal& journal);
struct Field {
  std::string_view name;
  Read read;
  bool required = false;
  bool repeated = false;
};

bool add(std::vector<std::string>& values, std::string_view value) {
  values.emplace_back(value);
  return true;
}

bool set(std::string& field, std::string_view value) {
  field = value;
  return true;
}

bool set(base::InstanceId& field, std::string_view value) {
  field = base::InstanceId(std::string(value));
  return true;
}

constexpr bool kRequired = true;
constexpr bool kRepeated = true;

constexpr std::array<Field, 33> kFields{{
    {"run", [](auto v, auto& j) { return set(j.run_id, v); }, kRequired},
    {"strategy", [](auto v, auto& j) { return read_strategy(v, j.strategy); }, kRequired},
    {"phase", [](auto v, auto& j) { return read_phase(v, j.phase); }, kRequired},
    {"started", [](auto v, auto& j) { return read_time(v, j.started_at); }, kRequired},
    {"since", [](auto v, auto& j) { return read_time(v, j.phase_at); }, kRequired},
    {"min", [](auto v, auto& j) { return read_count(v, j.original_min); }, kRequired},
    {"max", [](auto v, auto& j) { return read_count(v, j.original_max); }, kRequired},
    {"desired", [](auto v, auto& j) { return read_count(v, j.original_desired); }, kRequired},
    {"target", [](auto v, auto& j) { return set(j.target, v); }},
    {"force", [](auto v, auto& j) { return read_time(v, j.force_before.emplace()); }},
    {"suspended", [](auto v, auto& j) { return add(j.suspended, v); }, false, kRepeated},
    {"protected", [](auto v, auto& j) { return read_flag(v, j.protected_new); }},
    {"spared", [](auto v, auto& j) { return set(j.protected_by_others.emplace_back(), v); }, false,
     kRepeated},
    {"victim", [](auto v, auto& j) { return set(j.victim, v); }},
    {"units", [](auto v, auto& j) { return read_count(v, j.victim_units); }},
    {"hold", [](auto v, auto& j) { return read_flag(v, j.hold); }},
    {"undo", [](auto v, auto& j) { return read_flag(v, j.undo); }},
    {"before", [](auto v, auto& j) { return read_count(v, j.desired_before); }},
    {"goal", [](auto v, auto& j) { return read_count(v, j.desired_goal); }},
    {"scaled", [](auto v, auto& j) { return read_count(v, j.scaled_out); }},
    {"ourmin", [](auto v, auto& j) { return read_count(v, j.our_min.emplace_back()); }, false,
     kRepeated},
    {"ourmax", [](auto v, auto& j) { return read_count(v, j.our_max.emplace_back()); }, false,
     kRepeated},
    {"next", [](auto v, auto& j) { return read_victim(v, j.victims); }, false, kRepeated},
    {"keep", [](auto v, auto& j) { return read_count(v, j.keep); }},
    {"committed", [](auto v, auto& j) { return read_flag(v, j.committed); }},
    {"paused", [](auto v, auto& j) { return read_time(v, j.paused_at.emplace()); }},
    {"cancelled", [](auto v, auto& j) { return read_flag(v, j.cancelled); }},
    {"previous", [](auto v, auto& j) { return set(j.previous, v); }},
    {"pin", [](auto v, auto& j) { return set(j.pin, v); }},
    {"template", [](auto v, auto& j) { return set(j.template_before, v); }},
    {"bake", [](auto v, auto& j) { return read_time(v, j.bake_from.emplace()); }},
    {"hook", [](auto v, auto& j) { return set(j.hook, v); }},
    {"failure", [](auto v, auto& j) { return set(j.failure, v); }},
}};

// Fields are written in the order of the table: the next one is not far from `from`.
const Field* find_field(std::string_view name, const Field* from) {
  const auto is_it = [&](const Field& field) { return field.name == name; };
  if (const auto* found = std::find_if(from, kFields.end(), is_it); found != kFields.end()) {
    return found;
  }
  const auto* found = std::find_if(kFields.begin(), from, is_it);
  return found == from ? nullptr : found;
}

}  // namespace

std::string_view to_string(Phase phase) {
  for (const auto& [value, name] : kPhases) {
    if (value == phase) return name;
  }
  return "unknown";
}

base::Error broken_journal(std::string_view problem) {
  return base::invalid(
      fmt::format("the journal in the tags {}* is broken: {}", kJournalPrefix, problem));
}

std::string journal_text(const Journal& journal) {
  Writer writer;
  writer.put("run", journal.run_id);
  writer.put("strategy", to_string(journal.strategy));
  writer.put("phase", to_string(journal.phase));
  writer.put("started", journal.started_at);
  writer.put("since", journal.phase_at);
  writer.put("min", std::to_string(journal.original_min));
  writer.put("max", std::to_string(journal.original_max));
  writer.put("desired", std::to_string(journal.original_desired));
  writer.put_if("target", journal.target);
  writer.put_if("force", journal.force_before);
  for (const std::string& process : journal.suspended) writer.put("suspended", process);
  writer.put_flag("protected", journal.protected_new);
  for (const auto& id : journal.protected_by_others) writer.put("spared", id.value);
  writer.put_if("victim", journal.victim.value);
  if (journal.victim_units != 1) writer.put("units", std::to_string(journal.victim_units));
  writer.put_flag("hold", journal.hold);
  writer.put_flag("undo", journal.undo);
  writer.put_if("before", journal.desired_before);
  writer.put_if("goal", journal.desired_goal);
  writer.put_if("scaled", journal.scaled_out);
  for (const int value : journal.our_min) writer.put("ourmin", std::to_string(value));
  for (const int value : journal.our_max) writer.put("ourmax", std::to_string(value));
  for (const Victim& victim : journal.victims) writer.put("next", text_of(victim));
  writer.put_if("keep", journal.keep);
  writer.put_flag("committed", journal.committed);
  writer.put_if("paused", journal.paused_at);
  writer.put_flag("cancelled", journal.cancelled);
  writer.put_if("previous", journal.previous);
  writer.put_if("pin", journal.pin);
  writer.put_if("template", journal.template_before);
  writer.put_if("bake", journal.bake_from);
  writer.put_if("hook", journal.hook);
  writer.put_if("failure", journal.failure);
  return std::move(writer).text();
}

base::Result<Journal> journal_of_text(std::string_view text) {
  Journal journal;
  std::array<bool, kFields.size()> seen{};
  const Field* known = kFields.begin();
  while (!text.empty()) {
    const std::string_view field = text.substr(0, text.find('/'));
    text.remove_prefix(std::min(text.size(), field.size() + 1));
    const auto equals = field.find('=');
    const std::string_view name = field.substr(0, equals);
    if (equals == std::string_view::npos) {
      return broken_journal(fmt::format("no value in \"{}\"", field));
    }
    known = find_field(name, known);
    if (known == nullptr) return broken_journal(fmt::format("the field {} is not known", name));
    bool& was_seen = seen.at(static_cast<std::size_t>(known - kFields.begin()));
    if (was_seen && !known->repeated) {
      return broken_journal(fmt::format("the field {} occurs twice", name));
    }
    was_seen = true;
    const auto value = unescaped(field.substr(equals + 1));
    if (!value || !known->read(*value, journal)) {
      return broken_journal(fmt::format("cannot read \"{}\"", field));
    }
  }
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    if (kFields.at(i).required && !seen.at(i)) {
      return broken_journal(fmt::format("the field {} is missing", kFields.at(i).name));
    }
  }
  return journal;
}

}  // namespace consumers::recycle
