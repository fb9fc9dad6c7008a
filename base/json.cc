#include "base/json.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace base {

struct JsonWorkspace {
  simdjson::dom::parser parser;
  std::vector<char> input;

  // simdjson reads (but never uses) a few bytes behind the text.
  bool parse(std::string_view text, JsonValue& root) {
    input.resize(std::max(input.size(), text.size() + simdjson::SIMDJSON_PADDING));
    std::copy(text.begin(), text.end(), input.begin());
    std::memset(input.data() + text.size(), 0, simdjson::SIMDJSON_PADDING);
    return parser.parse(input.data(), text.size(), false).get(root) == simdjson::SUCCESS;
  }
};

namespace {

// Longer texts are rare, and the buffers for them are many times their size: not kept.
constexpr std::size_t kKeptBytesMax = 128U << 10U;
// More than one is in use only while a text inside a text is read.
constexpr std::size_t kKeptWorkspacesMax = 4;

std::vector<std::unique_ptr<JsonWorkspace>>& idle_workspaces() {
  thread_local std::vector<std::unique_ptr<JsonWorkspace>> idle;
  return idle;
}

// simdjson refuses whole numbers beyond 64 bits and a byte order mark, which senders are free to
// write. nlohmann has the last word: it makes the ones doubles and drops the other.
std::optional<std::string> rewritten(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  return json.dump();
}

template <class T>
std::optional<T> value_in(JsonValue value) {
  T found{};
  if (value.get<T>().get(found) != simdjson::SUCCESS) return std::nullopt;
  return found;
}

// How each byte is written inside a JSON string: 0 as it is, 'u' as \u00xx, else after a backslash.
constexpr auto kEscapes = [] {
  std::array<char, 256> escapes{};
  for (std::size_t byte = 0; byte < 0x20; ++byte) escapes[byte] = 'u';
  escapes['\b'] = 'b';
  escapes['\f'] = 'f';
  escapes['\n'] = 'n';
  escapes['\r'] = 'r';
  escapes['\t'] = 't';
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  return escapes;
}();

// Bytes from `at` on that can be copied as they are, eight at a time: receipt handles and bodies
// are long and seldom hold anything to escape. The classic tests for a zero byte in a word; a false
// alarm (only ever behind a true one) does no harm.
std::size_t plain_bytes(std::string_view text, std::size_t at) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHighs = 0x8080808080808080U;
  const auto holds = [](std::uint64_t word, std::uint64_t byte) {
    const std::uint64_t zeroed = word ^ (kOnes * byte);
    return (zeroed - kOnes) & ~zeroed & kHighs;
  };
  std::size_t end = at;
  for (; end + 8 <= text.size(); end += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + end, sizeof word);
    const std::uint64_t control = (word - kOnes * 0x20) & ~word & kHighs;
    if ((control | holds(word, '"') | holds(word, '\\')) != 0) break;
  }
  // The rest of the word that stopped it, or of the text.
  while (end < text.size() && kEscapes[static_cast<unsigned char>(text[end])] == 0) ++end;
  return end - at;
}

}  // namespace

void JsonDocument::GiveBack::operator()(JsonWorkspace* workspace) const {
  std::unique_ptr<JsonWorkspace> owned(workspace);
  auto& idle = idle_workspaces();
  if (idle.size() < kKeptWorkspacesMax && owned->input.size() <= kKeptBytesMax) {
    idle.push_back(std::move(owned));
  }
}

std::optional<JsonDocument> JsonDocument::parse(std::string_view text) {
  auto& idle = idle_workspaces();
  if (idle.empty()) idle.push_back(std::make_unique<JsonWorkspace>());
  Lease lease(idle.back().release());
  idle.pop_back();
  JsonValue root;
  if (!lease->parse(text, root)) {
    const auto another = rewritten(text);
    if (!another || !lease->parse(*another, root)) return std::nullopt;
  }
  return JsonDocument(std::move(lease), root);
}

std::optional<std::string_view> text_in(JsonValue value) {
  return value_in<std::string_view>(value);
}

std::optional<std::uint64_t> whole_number_in(JsonValue value) {
  return value_in<std::uint64_t>(value);
}

std::optional<bool> boolean_in(JsonValue value) { return value_in<bool>(value); }

bool is_empty(JsonValue value) {
  bool empty = true;
  each_member(value, [&](std::string_view, JsonValue) { empty = false; });
  each_element(value, [&](JsonValue) { empty = false; });
  return empty;
}

std::optional<JsonValue> member_of(JsonValue object, std::string_view name) {
  std::optional<JsonValue> found;
  each_member(object, [&](std::string_view key, JsonValue value) {
    if (key == name) found = value;
  });
  return found;
}

std::string dump(JsonValue value) { return simdjson::minify(value); }

bool append_json_text(std::string& out, std::string_view text) {
  // Most texts are short and ASCII, which a plain loop sees sooner than a call of the library.
  unsigned char all = 0;
  for (const char c : text) all |= static_cast<unsigned char>(c);
  if (all >= 0x80 && !simdjson::validate_utf8(text.data(), text.size())) return false;
  out += '"';
  for (std::size_t at = 0;;) {
    const std::size_t plain = plain_bytes(text, at);
    out += text.substr(at, plain);
    at += plain;
    if (at == text.size()) break;
    const auto byte = static_cast<unsigned char>(text[at++]);
    out += '\\';
    out += kEscapes[byte];
    if (kEscapes[byte] == 'u') {
      constexpr char kHex[] = "0123456789abcdef";
      out += "00";
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    }
  }
  out += '"';
  return true;
}

}  // namespace base
