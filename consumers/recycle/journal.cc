#include "consumers/recycle/journal.h"

#include "consumers/recycle/claim.h"
#include "consumers/recycle/journal_text.h"

#include <boost/crc.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace consumers::recycle {
namespace {

// A part is "v2:1/2:9f3a1c2b:" followed by its piece of the text. Whatever a worker of another
// version could misread gets another number.
constexpr std::string_view kVersion = "v2";
constexpr int kVersionNumber = 2;
constexpr std::size_t kValueCharactersMax = 256;
constexpr std::size_t kHeaderCharactersMax = 24;
constexpr std::size_t kPieceCharacters = kValueCharactersMax - kHeaderCharactersMax;
constexpr int kPartsMax = 40;  // AWS allows 50 tags on a group

std::string checksum(std::string_view text) {
  boost::crc_32_type crc;
  crc.process_bytes(text.data(), text.size());
  return fmt::format("{:08x}", crc.checksum());
}

std::string key_of(int part) {
  return part == 1 ? std::string(kJournalPrefix) : fmt::format("{}:{}", kJournalPrefix, part);
}

struct Part {
  int number = 0;
  int count = 0;
  std::string_view checksum;
  std::string_view piece;
};

base::Error unknown_version(std::string_view version) {
  int number = 0;
  const bool newer =
      version.starts_with('v') && read_number(version.substr(1), kVersionNumber + 1, 9'999, number);
  if (!newer) {
    return broken_journal(
        fmt::format("version \"{}\" is not known here, only {}", version.substr(0, 16), kVersion));
  }
  return {
      base::ErrorKind::kInvalid,
      std::string(kNewerJournal),
      fmt::format("the journal in the tags {}* is of version {}, and this worker knows {} only: "
                  "a newer worker must carry its run on",
                  kJournalPrefix, version, kVersion),
      {}};
}

// "v2:1/2:9f3a1c2b:piece".
base::Result<Part> split_part(std::string_view value) {
  const auto first = value.find(':');
  const auto second = first == std::string_view::npos ? first : value.find(':', first + 1);
  const auto third = second == std::string_view::npos ? second : value.find(':', second + 1);
  if (third == std::string_view::npos) return broken_journal("a part has no header");
  if (value.substr(0, first) != kVersion) {
    return unknown_version(value.substr(0, first));
  }
  const std::string_view place = value.substr(first + 1, second - first - 1);
  const auto slash = place.find('/');
  Part part;
  if (slash == std::string_view::npos ||
      !read_number(place.substr(0, slash), 1, kPartsMax, part.number) ||
      !read_number(place.substr(slash + 1), 1, kPartsMax, part.count)) {
    return broken_journal("a part does not say which of how many it is");
  }
  part.checksum = value.substr(second + 1, third - second - 1);
  part.piece = value.substr(third + 1);
  // So that what can be read can always be written again, within kPartsMax.
  if (part.piece.size() > kPieceCharacters)
    return broken_journal("a part is longer than a tag can be");
  return part;
}

}  // namespace

std::map<std::string, std::string> to_tags(const Journal& journal) {
  const std::string text = journal_text(journal);
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
  const auto is_claim = [](const std::string& key) { return key.starts_with(kClaimPrefix); };
  if (std::ranges::all_of(keys, is_claim)) return std::optional<Journal>();
  std::string text;
  std::string sum;
  int count = 1;
  for (int number = 1; number <= count; ++number) {
    const auto tag = tags.find(key_of(number));
    if (tag == tags.end()) return broken_journal(fmt::format("part {} is missing", number));
    const auto part = split_part(tag->second);
    if (!part) return part.error();
    if (number == 1) {
      count = part->count;
      sum = part->checksum;
    }
    if (part->number != number || part->count != count || part->checksum != sum) {
      return broken_journal(fmt::format("part {} belongs to another journal", number));
    }
    text += part->piece;
  }
  if (checksum(text) != sum) return broken_journal("the checksum does not fit");
  auto journal = journal_of_text(text);
  if (!journal) return journal.error();
  return std::optional<Journal>(std::move(*journal));
}

bool is_same(const Journal& a, const Journal& b) {
  return a == b || journal_text(a) == journal_text(b);
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
