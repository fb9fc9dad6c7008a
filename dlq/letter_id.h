// LetterId: a message's id in 16 bytes, for sets of hundreds of thousands.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

namespace dlq {

using LetterId = std::array<unsigned char, 16>;

struct LetterIdHash {
  std::size_t operator()(const LetterId& id) const {
    std::size_t hash = 0;  // ids are random all through
    std::memcpy(&hash, id.data(), sizeof hash);
    return hash;
  }
};

using LetterIds = std::unordered_set<LetterId, LetterIdHash>;

// A UUID's bytes; of any other text the first half of its SHA-256.
LetterId letter_id(std::string_view message_id);
std::string to_hex(const LetterId& id);  // 32 digits
std::optional<LetterId> letter_id_of_hex(std::string_view digits);

}  // namespace dlq
