#include "consumers/recycle/journal.h"

#include <boost/crc.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace consumers::recycle {
namespace {

// The text of a journal is "run=ab12/strategy=out-in/phase=grow/...", cut into parts. A part is
// "v1:1/2:9f3a1c2b:" followed by its piece of the text. Fields that hold their default are left
// out; bytes that could be mistaken, or that AWS may refuse, are written as "@" and two hex digits,
// a space as "+".
constexpr std::string_view kVersion = "v1";
constexpr std::size_t kValueCharactersMax = 256;
constexpr std::size_t kHeaderCharactersMax = 24;
constexpr std::size_t kPieceCharacters = kValueCharactersMax - kHeaderCharactersMax;
constexpr int kPartsMax = 40;  // AWS allows 50 tags on a group

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

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (is_plain(c)) {
      result += c;
    } else if (c == ' ') {
      result += '+';
    } else {
      result += fmt::format("@{:02x}", static_cast<unsigned char>(c));
    }
  }
  return result;
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

std::string checksum(std::string_view text) {
  boost::crc_32_type crc;
  crc.process_bytes(text.data(), text.size());
  return fmt::format("{:08x}", crc.checksum());
}

std::string key_of(int part) {
  return part == 1 ? std::string(kJournalPrefix) : fmt::format("{}:{}", kJournalPrefix, part);
}

std::string encode(const Journal& journal) {
  std::string text;
  const auto put = [&](std::string_view name, std::string_view value) {
    text += fmt::format("{}{}={}", text.empty() ? "" : "/", name, escaped(value));
  };
  const auto put_time = [&](std::string_view name, base::TimePoint time) {
    put(name, std::to_string(time.time_since_epoch().count()));
  };
  put("run", journal.run_id);
  put("strategy", to_string(journal.strategy));
  put("phase", to_string(journal.phase));
  put_time("started", journal.started_at);
  put_time("since", journal.phase_at);
  put("min", std::to_string(journal.original_min));
  put("max", std::to_string(journal.original_max));
  put("desired", std::to_string(journal.original_desired));
  if (!journal.target.empty()) put("target", journal.target);
  if (journal.force_before) put_time("force", *journal.force_before);
  for (const std::string& process : journal.suspended) put("suspended", process);
  if (journal.protected_new) put("protected", "1");
  if (!journal.victim.empty()) put("victim", journal.victim.value);
  if (journal.hold) put("hold", "1");
  if (journal.undo) put("undo", "1");
  if (journal.desired_before != 0) put("before", std::to_string(journal.desired_before));
  if (journal.bake_from) put_time("bake", *journal.bake_from);
  if (!journal.hook.empty()) put("hook", journal.hook);
  if (!journal.failure.empty()) put("failure", journal.failure);
  return text;
}

base::Error broken(std::string_view problem) {
  return base::invalid(
      fmt::format("the journal in the tags {}* is broken: {}", kJournalPrefix, problem));
}

template <class T>
bool read_number(std::string_view text, T low, T high, T& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number >= low &&
         number <= high;
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

bool read_field(std::string_view name, std::string_view value, Journal& journal) {
  if (name == "run") return journal.run_id = value, true;
  if (name == "strategy") {
    const auto strategy = parse_strategy(value);
    if (strategy) journal.strategy = *strategy;
    return strategy.has_value();
  }
  if (name == "phase") return read_phase(value, journal.phase);
  if (name == "started") return read_time(value, journal.started_at);
  if (name == "since") return read_time(value, journal.phase_at);
  if (name == "min") return read_count(value, journal.original_min);
  if (name == "max") return read_count(value, journal.original_max);
  if (name == "desired") return read_count(value, journal.original_desired);
  if (name == "target") return journal.target = value, true;
  if (name == "force") return read_time(value, journal.force_before.emplace());
  if (name == "suspended") return journal.suspended.emplace_back(value), true;
  if (name == "protected") return read_flag(value, journal.protected_new);
  if (name == "victim") return journal.victim = base::InstanceId(std::string(value)), true;
  if (name == "hold") return read_flag(value, journal.hold);
  if (name == "undo") return read_flag(value, journal.undo);
  if (name == "before") return read_count(value, journal.desired_before);
  if (name == "bake") return read_time(value, journal.bake_from.emplace());
  if (name == "hook") return journal.hook = value, true;
  if (name == "failure") return journal.failure = value, true;
  return false;
}

base::Result<Journal> decode(std::string_view text) {
  constexpr std::array<std::string_view, 8> kRequired = {"run",   "strategy", "phase", "started",
                                                         "since", "min",      "max",   "desired"};
  Journal journal;
  std::vector<std::string_view> seen;
  while (!text.empty()) {
    const std::string_view field = text.substr(0, text.find('/'));
    text.remove_prefix(std::min(text.size(), field.size() + 1));
    const auto equals = field.find('=');
    const std::string_view name = field.substr(0, equals);
    if (equals == std::string_view::npos) return broken(fmt::format("no value in \"{}\"", field));
    if (name != "suspended" && std::find(seen.begin(), seen.end(), name) != seen.end()) {
      return broken(fmt::format("the field {} occurs twice", name));
    }
    seen.push_back(name);
    const auto value = unescaped(field.substr(equals + 1));
    if (!value || !read_field(name, *value, journal)) {
      return broken(fmt::format("cannot read \"{}\"", field));
    }
  }
  for (const std::string_view name : kRequired) {
    if (std::find(seen.begin(), seen.end(), name) == seen.end()) {
      return broken(fmt::format("the field {} is missing", name));
    }
  }
  return journal;
}

struct Part {
  int number = 0;
  int count = 0;
  std::string_view checksum;
  std::string_view piece;
};

// "v1:1/2:9f3a1c2b:piece".
base::Result<Part> split_part(std::string_view value) {
  const auto first = value.find(':');
  const auto second = first == std::string_view::npos ? first : value.find(':', first + 1);
  const auto third = second == std::string_view::npos ? second : value.find(':', second + 1);
  if (third == std::string_view::npos) return broken("a part has no header");
  if (value.substr(0, first) != kVersion) {
    return broken(fmt::format("version \"{}\" is not known here, only {}",
                              value.substr(0, std::min<std::size_t>(first, 16)), kVersion));
  }
  const std::string_view place = value.substr(first + 1, second - first - 1);
  const auto slash = place.find('/');
  Part part;
  if (slash == std::string_view::npos ||
      !read_number(place.substr(0, slash), 1, kPartsMax, part.number) ||
      !read_number(place.substr(slash + 1), 1, kPartsMax, part.count)) {
    return broken("a part does not say which of how many it is");
  }
  part.checksum = value.substr(second + 1, third - second - 1);
  part.piece = value.substr(third + 1);
  // So that what can be read can always be written again, within kPartsMax.
  if (part.piece.size() > kPieceCharacters) return broken("a part is longer than a tag can be");
  return part;
}

}  // namespace

std::string_view to_string(Phase phase) {
  for (const auto& [value, name] : kPhases) {
    if (value == phase) return name;
  }
  return "unknown";
}

std::map<std::string, std::string> to_tags(const Journal& journal) {
  const std::string text = encode(journal);
  const std::string sum = checksum(text);
  const auto count =
      std::max<std::size_t>(1, (text.size() + kPieceCharacters - 1) / kPieceCharacters);
  std::map<std::string, std::string> tags;
  for (std::size_t part = 0; part < count; ++part) {
    tags[key_of(static_cast<int>(part) + 1)] =
        fmt::format("{}:{}/{}:{}:{}", kVersion, part + 1, count, sum,
                    text.substr(part * kPieceCharacters, kPieceCharacters));
  }
  return tags;
}

base::Result<std::optional<Journal>> journal_from_tags(
    const std::map<std::string, std::string>& tags) {
  const std::vector<std::string> keys = journal_keys(tags);
  if (keys.empty()) return std::optional<Journal>();
  std::string text;
  std::string sum;
  int count = 1;
  for (int number = 1; number <= count; ++number) {
    const auto tag = tags.find(key_of(number));
    if (tag == tags.end()) return broken(fmt::format("part {} is missing", number));
    const auto part = split_part(tag->second);
    if (!part) return part.error();
    if (number == 1) {
      count = part->count;
      sum = part->checksum;
    }
    if (part->number != number || part->count != count || part->checksum != sum) {
      return broken(fmt::format("part {} belongs to another journal", number));
    }
    text += part->piece;
  }
  if (checksum(text) != sum) return broken("the checksum does not fit");
  auto journal = decode(text);
  if (!journal) return journal.error();
  return std::optional<Journal>(std::move(*journal));
}

std::vector<std::string> journal_keys(const std::map<std::string, std::string>& tags) {
  std::vector<std::string> keys;
  for (auto tag = tags.lower_bound(std::string(kJournalPrefix));
       tag != tags.end() && tag->first.starts_with(kJournalPrefix); ++tag) {
    keys.push_back(tag->first);
  }
  return keys;
}

}  // namespace consumers::recycle
