// Any bytes in the journal's tags: an error or a journal that survives its own tags, never a crash.
// Input that begins with "=" is the text of a journal and gets the right header, so that the fields
// are reached past the checksum.
#include "consumers/recycle/journal.h"

#include <boost/crc.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace recycle = consumers::recycle;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::map<std::string, std::string> tags;
  if (text.starts_with("=")) {
    text.remove_prefix(1);
    boost::crc_32_type crc;
    crc.process_bytes(text.data(), text.size());
    constexpr std::size_t kPiece = 232;
    const std::size_t count = std::max<std::size_t>(1, (text.size() + kPiece - 1) / kPiece);
    for (std::size_t part = 0; part < count; ++part) {
      std::string key(recycle::kJournalPrefix);
      if (part > 0) key += ":" + std::to_string(part + 1);
      tags[key] = fmt::format("v1:{}/{}:{:08x}:{}", part + 1, count, crc.checksum(),
                              text.substr(part * kPiece, kPiece));
    }
    text = {};
  }
  // One line a tag, as the journal names them.
  for (int part = 1; !text.empty() && part < 60; ++part) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    std::string key(recycle::kJournalPrefix);
    if (part > 1) key += ":" + std::to_string(part);
    tags[key] = line;
  }
  const auto journal = recycle::journal_from_tags(tags);
  if (!journal || !*journal) return 0;
  const auto again = recycle::journal_from_tags(recycle::to_tags(**journal));
  if (!again || *again != *journal) std::abort();
  return 0;
}
